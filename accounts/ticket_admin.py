"""Where staff read requests for help: what waits for us first, the longest waiting on top."""

from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from django.db.models import Case, F, Model, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import linebreaksbr
from django.urls import path, reverse
from django.urls.resolvers import URLPattern
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin
from unfold.decorators import display

from accounts import documents
from accounts.document_files import FileLost
from accounts.http import client_ip
from accounts.models import Document, Ticket, TicketMessage, TicketNote, User
from accounts.staff_dialogs import offers
from accounts.ticket_dialogs import DeskActions
from accounts.ticket_files import of_ticket
from accounts.ticket_filters import AssignedFilter, FirstAnswerFilter
from accounts.ticket_words import Said, conversation, title_of
from portal.lib.dates import format_moment
from portal.lib.downloads import foreign_download
from portal.lib.staff import KeptAdmin, ReadOnlyAdmin, moment_column, person, state_column

STATE_COLOURS = {"open": "danger", "waiting": "warning", "answered": "success"}
PAGES = {
    "ord": "admin:billing_order_changelist",
    "lin": "admin:esim_line_changelist",
    "chg": "admin:billing_charge_changelist",
}
"""By name: those pages belong to apps above this one."""

LINK = '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>'
MESSAGE = '<div class="mb-4"><p class="font-semibold">{} · {}</p><p class="break-words">{}</p>{}</div>'
NOTE = (
    '<div class="mb-4 border-l-2 border-primary-600 bg-base-50 dark:bg-base-800 px-3 py-2"><p class="font-semibold">{} · {} · {}</p>'
    '<p class="break-words">{}</p></div>'
)
opened = moment_column("opened_at", _("opened"))
ticket_state = state_column("state", _("state"), Ticket.State, STATE_COLOURS)


class TicketAdmin(DeskActions, ReadOnlyAdmin):
    list_display = ("title", "owner", ticket_state, "assignee", "waits", "first_answer", opened)
    list_filter = ("state", AssignedFilter, FirstAnswerFilter, "kind", "opened_at")
    list_select_related = ("owner", "assignee")
    search_fields = ("public_id", *person("owner"), "about", "messages__text")
    ordering = (Case(When(state__in=["open", "waiting"], then=F("moved_at"))).asc(nulls_last=True), "-moved_at")
    actions_detail = ("answer", "add_note", "assign", "close_ticket")

    def get_fields(self, _request: HttpRequest, _obj: Model | None = None) -> list[Any]:
        times = ("opened_at", "moved_at", "first_answer", "closed_at")
        return ["talk", "state", "assignee", "owner", "language", "kind", "subjects", "known", *times, "public_id"]

    def get_urls(self) -> list[URLPattern]:
        opening = path(
            "<int:ticket_id>/files/<public_id:public_id>/",
            self.admin_site.admin_view(self.open_file),
            name="accounts_ticket_file",
        )
        return [opening, *super().get_urls()]

    def has_answer_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        return bool(request.user.has_perm("accounts.change_ticket"))

    def has_close_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        standing = Ticket.objects.filter(pk=object_id or 0).exclude(state=Ticket.State.CLOSED)
        return self.has_answer_permission(request) and offers(request, standing)

    def open_file(self, request: HttpRequest, ticket_id: int, public_id: str) -> HttpResponse:
        """Hand out a file of this ticket. The ticket is the reason, and it goes on record."""
        ticket = get_object_or_404(Ticket, pk=ticket_id)
        document = get_object_or_404(of_ticket(ticket), public_id=public_id)
        if not isinstance(request.user, User) or not self.has_answer_permission(request):
            raise Http404
        try:
            content = documents.opened_by_staff(
                document, staff=request.user, reason=ticket.public_id, ip=client_ip(request), now=timezone.now()
            )
        except FileLost as lost:
            raise Http404 from lost
        return foreign_download(content, name=document.name, content_type=document.form)

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
        """Return what was said and, set apart, what staff noted among themselves; the oldest first."""
        notes = [(note.at, _noted(note)) for note in ticket.notes.select_related("staff")]
        rows = sorted([*((said.at, _said(said, ticket)) for said in conversation(ticket)), *notes], key=itemgetter(0))
        return format_html_join("", "{}", ((html,) for _at, html in rows))

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


class ReplyTemplateAdmin(SimpleHistoryAdmin, KeptAdmin):  # type: ignore[misc]
    list_display = ("name", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "text", "text_zh_hans", "text_zh_hant")
    ordering = ("position", "id")
    ordering_field = "position"
    hide_ordering_field = True
    fields = ("name", "is_active", "text", "text_zh_hans", "text_zh_hant")


def _said(said: Said, ticket: Ticket) -> SafeString:
    author = said.staff or TicketMessage.Author(said.author).label
    return format_html(MESSAGE, author, _moment(said.at), linebreaksbr(said.text), _files(ticket, said.files))


def _noted(note: TicketNote) -> SafeString:
    return format_html(NOTE, _("Internal note"), note.staff, _moment(note.at), linebreaksbr(note.text))


def _files(ticket: Ticket, files: list[Document]) -> SafeString:
    rows = ((reverse("admin:accounts_ticket_file", args=[ticket.pk, one.public_id]), one.name) for one in files)
    return format_html_join(SafeString(" · "), LINK, rows)


def _moment(when: datetime) -> str:
    return format_moment(timezone.localtime(when), get_language() or "en")
