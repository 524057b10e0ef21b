"""Asking for help: a subscriber's requests, one of them, and a new one about a line, an order or a payment."""

from datetime import datetime
from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import tickets
from accounts.http import SubscriberRequest
from accounts.models import Ticket
from accounts.response_times import usual_minutes
from accounts.ticket_forms import MessageForm, NewTicketForm
from accounts.ticket_posts import attach, check, post_key
from accounts.ticket_words import conversation, title_of
from portal.lib.uploads import takes_files
from portal.ticket_searches import text_of
from portal.ticket_subjects import BALANCE, offered, references_of, subjects_of

TICKETS_A_PAGE = 20


@login_required
@require_safe
def ticket_list(request: SubscriberRequest) -> HttpResponse:
    own = Ticket.objects.owned_by(request.user).order_by("-moved_at", "-pk")
    page = Paginator(own, TICKETS_A_PAGE).get_page(request.GET.get("page"))
    rows = [(ticket, title_of(ticket)) for ticket in page]
    return render(request, "portal/tickets.html", {"nav": "help", "page_obj": page, "rows": rows})


@takes_files
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_ticket(request: SubscriberRequest) -> HttpResponse:
    """Offer what somebody came from, and what they searched for; a form that fails keeps what was written."""
    form, now = _new_form(request), timezone.now()
    status = check(request, form, now=now, ticket=None) if form.is_bound else HTTPStatus.OK
    if form.is_bound and status == HTTPStatus.OK:
        return _open(request, form, now=now)
    context = {"nav": "help", "form": form, "usual": usual_minutes(now=now)}
    return render(request, "portal/new_ticket.html", context, status=status)


@takes_files
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def ticket(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Show the conversation; a POST adds to it."""
    found, now = _own(request, public_id), timezone.now()
    form = MessageForm(request.POST or None, request.FILES or None)
    status = check(request, form, now=now, ticket=found) if form.is_bound else HTTPStatus.OK
    if not form.is_bound or status != HTTPStatus.OK:
        return _render(request, found, form, status=status)
    attach(form, tickets.reply(ticket=found, text=form.cleaned_data["text"], key=post_key(request, form), now=now))
    messages.success(request, _("Your message is with us. We answer here, and write to you."))
    return redirect("ticket", public_id)


@login_required
@require_POST
def close_ticket(request: SubscriberRequest, public_id: str) -> HttpResponse:
    tickets.close(ticket=_own(request, public_id), now=timezone.now())
    messages.success(request, _("The request is closed. Write again at any time, and it is open again."))
    return redirect("ticket", public_id)


def _new_form(request: SubscriberRequest) -> NewTicketForm:
    about = request.GET.get("about", "")
    initial = {"about": about, "text": text_of(request.GET), **_guess(about)}
    subjects = offered(request.user, also=about)
    return NewTicketForm(request.POST or None, request.FILES or None, subjects=subjects, initial=initial)


def _open(request: SubscriberRequest, form: NewTicketForm, *, now: datetime) -> HttpResponse:
    wishes = form.cleaned_data
    opened = tickets.open_ticket(
        user=request.user,
        key=post_key(request, form),
        kind=Ticket.Kind(wishes["kind"]),
        context={},
        about=[wishes["about"]] if wishes["about"] else [],
        text=wishes["text"],
        references=references_of(request.user, about=request.GET.get("about", "")),
        now=now,
    )
    attach(form, opened.messages.earliest("pk"))
    messages.success(request, _("Your request is with us. We answer here, and write to you."))
    return redirect("ticket", opened.public_id)


def _own(request: SubscriberRequest, public_id: str) -> Ticket:
    return get_object_or_404(Ticket.objects.owned_by(request.user), public_id=public_id)


def _guess(about: str) -> dict[str, str]:
    """Choose the topic that somebody who comes from an order or a line means most often."""
    kinds = {"ord": Ticket.Kind.PAYMENT, "chg": Ticket.Kind.PAYMENT, "lin": Ticket.Kind.SERVICE}
    kind = Ticket.Kind.PAYMENT if about == BALANCE else kinds.get(about.partition("_")[0])
    return {"kind": kind.value} if kind else {}


def _render(request: SubscriberRequest, ticket: Ticket, form: MessageForm, *, status: int = 200) -> HttpResponse:
    context = {
        "nav": "help",
        "ticket": ticket,
        "title": title_of(ticket),
        "conversation": conversation(ticket),
        "subjects": subjects_of(ticket),
        "form": form,
    }
    return render(request, "portal/ticket.html", context, status=status)
