"""The HTML of a letter, made out of its text: one source for what people read, in whatever their program shows."""

from django.conf import settings
from django.template import Context, Engine
from django.utils.text import Truncator
from django.utils.translation import get_language, get_language_bidi

from portal.lib.brand import brand
from portal.lib.letter_blocks import PARAGRAPHS, blocks
from portal.lib.letter_look import colours, typeface
from portal.lib.letter_marks import plain, without_figures

FOOTER = "\n-- \n"
PREVIEW = 160
"""How many characters programs show beside the subject, at most."""

SPELLED_OUT = frozenset(
    {
        "account_closed",
        "account_closing",
        "account_closing_held",
        "account_kept",
        "account_locked",
        "account_unlocked",
        "address_change_agreed",
        "address_change_proof",
        "address_changed",
        "activation_code_kept",
        "activation_code_viewed",
        "api_token_made",
        "application_picked_up",
        "card_bound",
        "card_moved",
        "card_pin_issued",
        "claim_code",
        "confirmation_code",
        "data_copy_ready",
        "line_invitation",
        "line_move",
        "line_move_offer",
        "line_replacement",
        "line_service_changed",
        "line_shared",
    }
)
"""Kinds about who has an account or a line, the ones that are faked: no words hide where their links lead."""


def html_of(marked: str, *, subject: str, spells_out: bool) -> str:
    """Return the HTML of a marked text, in the language that is active now.

    `spells_out`: each link shows its own address, and none is a button.
    """
    text, figures = without_figures(marked)
    body, _, footer = text.rpartition(FOOTER)
    values = {
        "subject": subject,
        "preheader": Truncator(plain(PARAGRAPHS.split(body.strip())[0])).chars(PREVIEW, truncate="…"),
        "figures": figures,
        "blocks": blocks(body, spells_out=spells_out),
        "footer": blocks(footer, spells_out=spells_out),
    }
    return Engine.get_default().get_template("emails/layout.html").render(Context({**values, **_look()})).strip()


def _look() -> dict[str, object]:
    language = get_language() or settings.LANGUAGE_CODE
    right_to_left = get_language_bidi()
    return {
        **colours(settings.PORTAL_BRAND_HUE),
        "brand": brand(),
        "language": language,
        "direction": "rtl" if right_to_left else "ltr",
        "start": "right" if right_to_left else "left",
        "end": "left" if right_to_left else "right",
        "typeface": typeface(language),
    }
