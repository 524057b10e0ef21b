"""Asking for help: a subscriber's requests, one of them, and a new one about a line or an order."""

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
from accounts.ticket_forms import NewTicketForm, ReplyForm
from accounts.ticket_posts import may_write, post_key, too_often
from accounts.ticket_words import conversation, title_of
from portal.ticket_searches import text_of
from portal.ticket_subjects import offered, subjects_of

TICKETS_A_PAGE = 20


@login_required
@require_safe
def ticket_list(request: SubscriberRequest) -> HttpResponse:
    own = Ticket.objects.owned_by(request.user).order_by("-moved_at", "-pk")
    page = Paginator(own, TICKETS_A_PAGE).get_page(request.GET.get("page"))
    rows = [(ticket, title_of(ticket)) for ticket in page]
    return render(request, "portal/tickets.html", {"nav": "help", "page_obj": page, "rows": rows})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_ticket(request: SubscriberRequest) -> HttpResponse:
    """Offer the line or order somebody came from; a form that fails, or comes too often, keeps what was written."""
    about = request.GET.get("about", "")
    subjects = offered(request.user, also=about)
    form = NewTicketForm(
        request.POST or None, subjects=subjects, initial={"about": about, "text": text_of(request.GET), **_guess(about)}
    )
    status = 200
    if form.is_bound and form.is_valid():
        if may_write(request):
            return _open(request, form)
        form.add_error(None, too_often())
        status = HTTPStatus.TOO_MANY_REQUESTS
    elif form.is_bound:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    return render(request, "portal/new_ticket.html", {"nav": "help", "form": form}, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def ticket(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Show the conversation; a POST adds to it."""
    found = _own(request, public_id)
    form = ReplyForm(request.POST or None)
    if not form.is_bound:
        return _render(request, found, form)
    if not form.is_valid():
        return _render(request, found, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if not may_write(request):
        form.add_error(None, too_often())
        return _render(request, found, form, status=HTTPStatus.TOO_MANY_REQUESTS)
    tickets.reply(ticket=found, text=form.cleaned_data["text"], key=post_key(request, form), now=timezone.now())
    messages.success(request, _("Your message is with us. We answer here, and write to you."))
    return redirect("ticket", public_id)


@login_required
@require_POST
def close_ticket(request: SubscriberRequest, public_id: str) -> HttpResponse:
    tickets.close(ticket=_own(request, public_id), now=timezone.now())
    messages.success(request, _("The request is closed. Write again at any time, and it is open again."))
    return redirect("ticket", public_id)


def _open(request: SubscriberRequest, form: NewTicketForm) -> HttpResponse:
    wishes = form.cleaned_data
    opened = tickets.open_ticket(
        user=request.user,
        key=post_key(request, form),
        kind=Ticket.Kind(wishes["kind"]),
        context={},
        about=[wishes["about"]] if wishes["about"] else [],
        text=wishes["text"],
        now=timezone.now(),
    )
    messages.success(request, _("Your request is with us. We answer here, and write to you."))
    return redirect("ticket", opened.public_id)


def _own(request: SubscriberRequest, public_id: str) -> Ticket:
    return get_object_or_404(Ticket.objects.owned_by(request.user), public_id=public_id)


def _guess(about: str) -> dict[str, str]:
    """Choose the topic that somebody who comes from an order or a line means most often."""
    kinds = {"ord": Ticket.Kind.PAYMENT, "lin": Ticket.Kind.SERVICE}
    kind = kinds.get(about.partition("_")[0])
    return {"kind": kind.value} if kind else {}


def _render(request: SubscriberRequest, ticket: Ticket, form: ReplyForm, *, status: int = 200) -> HttpResponse:
    context = {
        "nav": "help",
        "ticket": ticket,
        "title": title_of(ticket),
        "conversation": conversation(ticket),
        "subjects": subjects_of(ticket),
        "form": form,
    }
    return render(request, "portal/ticket.html", context, status=status)
