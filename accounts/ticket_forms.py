"""What a person writes to support."""

import uuid
from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.models import Document, Ticket
from accounts.models.tickets import MESSAGE_LENGTH
from portal.lib.uploads import ACCEPT

Choice = tuple[str, str | Promise]

KINDS: list[Choice] = [
    (kind.value, capfirst(kind.label)) for kind in Ticket.Kind if kind.value not in Ticket.Kind.AUTOMATIC
]


class ReplyForm(forms.Form):
    """One message. `form_key` is minted when the form is rendered: sent twice, it is one message."""

    text = forms.CharField(
        label=_("Your message"),
        max_length=MESSAGE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Never write a password, a one-time code or a card number here."),
    )
    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def clean_text(self) -> str:
        # PostgreSQL stores no NUL, and a browser's line breaks are two characters each.
        return str(self.cleaned_data["text"]).replace("\r\n", "\n")


class MessageForm(ReplyForm):
    """A message with a picture or PDF, perhaps. `document` is that file once it has been checked and kept."""

    document: Document | None = None

    file = forms.FileField(
        label=_("A picture or PDF"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ACCEPT}),
        help_text=_("A screenshot says much. At most 12 MB; it is kept encrypted, for you and support only."),
    )

    # What comes behind a file that is too large is not read.
    field_order: tuple[str, ...] = ("text", "form_key", "file")


class ReportForm(ReplyForm):
    """Something that was not the person: what they saw, and whether to lock the account at once."""

    text = forms.CharField(
        label=_("What did you see?"),
        required=False,
        max_length=MESSAGE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("A message you got, a sign-in you don’t know, a line that does not work any more."),
    )
    lock = forms.BooleanField(
        label=_("Lock my account at once"),
        required=False,
        initial=True,
        help_text=_("Until you unlock it, nobody can move or end a line, or see a code."),
    )

    field_order = ("text", "lock")


class NewTicketForm(MessageForm):
    """What it is about: a topic, and one of the person's own lines, orders or payments.

    `subjects` holds them by public id.
    """

    kind = forms.ChoiceField(label=_("What is it about?"), choices=KINDS)
    about = forms.ChoiceField(label=_("Which line, order or payment?"), required=False)

    field_order = ("kind", "about", "text", "form_key", "file")

    def __init__(self, *args: Any, subjects: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ChoiceField", self.fields["about"]).choices = [("", _("None in particular")), *subjects]
