"""Turns a kind of notice and its plain values into words, in the reader's language and time zone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from django.conf import settings
from django.template import Context, Engine
from django.utils import timezone, translation

from accounts.letter_html import SPELLED_OUT, html_of
from accounts.models import User
from portal.lib import letter_marks
from portal.lib.brand import brand
from portal.lib.money import Money
from portal.lib.saying import close_up

MONEY_KEYS = {"minor", "currency"}


@dataclass(frozen=True, slots=True)
class Letter:
    """The same words twice: as text, and as HTML for programs that show it."""

    subject: str
    body: str
    html: str


def write_email(*, kind: str, user: User, context: Mapping[str, Any]) -> Letter:
    """Write the e-mail of a notice: templates/emails/<kind>/subject.txt and body.txt inside the shared layout."""
    with translation.override(context.get("reader_language", user.language)), timezone.override(user.zone):
        values = {**_values(user, context), "base_url": letter_marks.link(settings.PORTAL_BASE_URL)}
        subject = one_line(_render(f"emails/{kind}/subject.txt", values))
        body = _render(f"emails/{kind}/body.txt", values)
        marked = _render("emails/layout.txt", {**values, "body": body})
        html = html_of(marked, subject=subject, spells_out=kind in SPELLED_OUT)
        return Letter(subject=subject, body=letter_marks.plain(marked), html=html)


def write_sms(*, kind: str, user: User, context: Mapping[str, Any]) -> str:
    """Write the SMS of a notice, templates/emails/<kind>/sms.txt, on one line."""
    with translation.override(user.language), timezone.override(user.zone):
        return one_line(_render(f"emails/{kind}/sms.txt", _values(user, context)))


def in_words(template: str, context: Mapping[str, Any], *, zone: tzinfo) -> str:
    """Render a template of plain text with the plain values of a context, in the language that is active now."""
    return _render(template, {name: _revive(name, value, zone) for name, value in context.items()})


def one_line(text: str) -> str:
    """Fold white space: a line break in a subject would be a header injection."""
    return " ".join(text.split())


def _values(user: User, context: Mapping[str, Any]) -> dict[str, Any]:
    revived = {name: _revive(name, value, user.zone) for name, value in context.items()}
    return {**revived, "user": user, "brand": brand(), "base_url": settings.PORTAL_BASE_URL}


def _revive(name: str, value: Any, zone: tzinfo) -> Any:
    """Turn what JSON made of moments, days and amounts back into what the template filters read."""
    if isinstance(value, str) and name.endswith("_at"):
        return datetime.fromisoformat(value).astimezone(zone)
    if isinstance(value, str) and name.endswith("_date"):
        return date.fromisoformat(value)
    if isinstance(value, Mapping) and value.keys() == MONEY_KEYS:
        return Money(value["minor"], value["currency"])
    return value


def _render(template: str, values: dict[str, Any]) -> str:
    # Plain text: escaping would show O&#x27;Brien to O'Brien.
    text = Engine.get_default().get_template(template).render(Context(values, autoescape=False))
    return close_up(text.strip())
