"""Where staff read requests for help, answer and close them: what waits for us first, the longest waiting on top."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Case, F, Model, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import linebreaksbr
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts import tickets
from accounts.http import client_ip
from accounts.models import Ticket, TicketMessage, User
from accounts.models.tickets import MESSAGE_LENGTH
from accounts.ticket_words import conversation, title_of
from portal.lib.dates import format_moment
from portal.lib.staff import ReadOnlyAdmin, moment_column, state_column

STATE_COLOURS = {"open": "danger", "waiting": "warning", "answered": "success"}
PAGES = {"ord": "admin:billing_order_changelist", "lin": "admin:esim_line_changelist"}
"""By name: those pages belong to apps above this one."""

LINK = '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>'
MESSAGE = '<div class="mb-4"><p class="font-semibold">{} · {}</p><p class="break-words">{}</p></div>'

opened = moment_column("opened_at", _("opened"))
ticket_state = state_column("state", _("state"), Ticket.State, STATE_COLOURS)


class AnswerForm(BaseDialogForm):  # type: ignore[misc]
    """What the subscriber gets by e-mail; sent twice, it is one answer."""

    text = forms.CharField(
        label=_("Answer"),
        max_length=MESSAGE_LENGTH,
        help_text=_("Plain text, in the language of the request. It is sent to the subscriber."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 10}),
    )
    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class TicketAdmin(ReadOnlyAdmin):
    list_display = ("title", "owner", "kind", ticket_state, "waits", "first_answer", opened)
    list_filter = ("state", "kind", "opened_at")
    list_select_related = ("owner",)
    search_fields = ("public_id", "owner__email", "owner__phone", "about", "messages__text")
    ordering = (Case(When(state__in=["open", "waiting"], then=F("moved_at"))).asc(nulls_last=True), "-moved_at")
    actions_detail = ("answer", "close_ticket")

    def get_fields(self, _request: HttpRequest, _obj: Model | None = None) -> list[Any]:
        times = ("opened_at", "moved_at", "first_answer", "closed_at")
        return ["talk", "state", "owner", "language", "kind", "subjects", "known", *times, "public_id"]

    def has_answer_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        return bool(request.user.has_perm("accounts.change_ticket"))

    @display(description=_("request"), ordering="moved_at")  # type: ignore[untyped-decorator]
    def title(self, ticket: Ticket) -> str:
        return str(title_of(ticket))

    @display(description=_("waits for us"), ordering="moved_at")  # type: ignore[untyped-decorator]
    def waits(self, ticket: Ticket) -> str:
        """How long the last message has been waiting for our answer."""
        return timesince(ticket.moved_at, depth=1) if ticket.is_ours else ""

    @display(description=_("first answered after"), ordering="first_answered_at")  # type: ignore[untyped-decorator]
    def first_answer(self, ticket: Ticket) -> str:
        if ticket.first_answered_at is None:
            return ""
        took = ticket.first_answered_at - ticket.opened_at
        return timesince(ticket.opened_at, ticket.first_answered_at) if took >= timedelta(minutes=1) else "< 1 min"

    @display(description=_("conversation"))  # type: ignore[untyped-decorator]
    def talk(self, ticket: Ticket) -> SafeString:
        rows = (
            (said.staff or TicketMessage.Author(said.author).label, _moment(said.at), linebreaksbr(said.text))
            for said in conversation(ticket)
        )
        return format_html_join("", MESSAGE, rows)

    @display(description=_("reads"))  # type: ignore[untyped-decorator]
    def language(self, ticket: Ticket) -> str:
        return ticket.owner.get_language_display()

    @display(description=_("about"))  # type: ignore[untyped-decorator]
    def subjects(self, ticket: Ticket) -> SafeString:
        known = [(PAGES.get(one.partition("_")[0]), one) for one in ticket.about]
        rows = ((reverse(page, query={"q": one}), one) for page, one in known if page)
        return format_html_join(SafeString(" · "), LINK, rows)

    @display(description=_("references, for staff only"))  # type: ignore[untyped-decorator]
    def known(self, ticket: Ticket) -> SafeString:
        charges = ticket.references.get("charges", [])
        plain = [(name, value) for name, value in ticket.references.items() if name != "charges" and value != ""]
        paid = [(one["charge"], f"{one['gateway']} {one['payment']}") for one in charges]
        return format_html_join(SafeString("<br>"), "{}: {}", [*plain, *paid])

    @action(  # type: ignore[untyped-decorator]
        description=_("Answer"),
        permissions=["answer"],
        url_path="answer",
        icon="reply",
        dialog={"title": _("Answer this request"), "form_class": AnswerForm, "form_submit_text": _("Send the answer")},
    )
    def answer(self, request: HttpRequest, form: AnswerForm, object_id: str) -> HttpResponse:
        if isinstance(request.user, User):
            key = f"answer:{request.user.public_id}:{form.cleaned_data['form_key']}"
            text = form.cleaned_data["text"].replace("\r\n", "\n")
            ticket = get_object_or_404(Ticket, pk=object_id)
            now, ip = timezone.now(), client_ip(request)
            tickets.reply(ticket=ticket, text=text, key=key, staff=request.user, now=now, ip=ip)
            self.message_user(request, gettext("The answer is on its way to the subscriber."), messages.SUCCESS)
        return HttpResponseClientRefresh()

    @action(  # type: ignore[untyped-decorator]
        description=_("Close the request"),
        permissions=["answer"],
        url_path="close",
        icon="check",
        dialog={
            "title": _("Close this request?"),
            "description": _("Nothing is sent. The subscriber can open it again by writing."),
            "form_class": BaseDialogForm,
            "form_submit_text": _("Close"),
        },
    )
    def close_ticket(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        staff = request.user if isinstance(request.user, User) else None
        ticket = get_object_or_404(Ticket, pk=object_id)
        if tickets.close(ticket=ticket, now=timezone.now(), staff=staff, ip=client_ip(request)):
            self.message_user(request, gettext("The request is closed."), messages.SUCCESS)
        return HttpResponseClientRefresh()


def _moment(when: datetime) -> str:
    return format_moment(timezone.localtime(when), get_language() or "en")
