"""What happened on the account, a copy of everything kept about it, and its end."""

import re
from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.fresh_proof import ask_first
from accounts.http import SubscriberRequest, client_ip
from accounts.models import AccountClosing, DataExport
from accounts.two_proofs import may_be_believed, next_way
from portal.lib.dates import instant
from portal.privacy import closing as closings
from portal.privacy import copies
from portal.privacy.activity import PARTS, Part, page_of
from portal.privacy.closing import CannotClose
from portal.privacy.copies import AskedAlready
from portal.privacy.obstacle_words import ways_out
from portal.privacy.obstacles import Obstacle, standing_of

COPIES_SHOWN = 5
SEEN = re.compile(r"([A-Z]{3}):([0-9]{1,18})")


@login_required
@require_safe
@cache_control(private=True, no_store=True)
def activity(request: SubscriberRequest) -> HttpResponse:
    wanted = request.GET.get("part", "")
    part = Part(wanted) if wanted in {one.value for one in Part} else Part.ALL
    page = page_of(request.user, part=part, before=instant(request.GET.get("before", "")))
    context = {"nav": "account", "page": page, "part": part.value, "parts": PARTS}
    return render(request, "portal/activity.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
def data(request: SubscriberRequest) -> HttpResponse:
    """Show the copies of one's data; a POST asks for another one."""
    now = timezone.now()
    if request.method == "POST":
        try:
            copies.ask(user=request.user, ip=client_ip(request), now=now)
            messages.success(request, _("We are making the copy. You get a message when it is ready."))
        except AskedAlready as error:
            messages.warning(request, error.sentence)
        return redirect("data")
    made = DataExport.objects.filter(user=request.user).select_related("document").order_by("-pk")[:COPIES_SHOWN]
    rows = [(copy, copy.is_ready(now)) for copy in made]
    context = {"nav": "account", "copies": rows, "closing": _closing_of(request)}
    return render(request, "portal/data.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
def close_account(request: SubscriberRequest) -> HttpResponse:
    """Say what closing does and what stands in its way; a POST asks for it, after two proofs."""
    if _closing_of(request):
        return redirect("data")
    if request.method != "POST":
        return _close_page(request)
    if "sure" not in request.POST:
        return _close_page(request, is_unsure=True, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    way = next_way(request, now=timezone.now())
    return ask_first(request, way=way) if way else _close(request)


def _close(request: SubscriberRequest) -> HttpResponse:
    now = timezone.now()
    if not may_be_believed(request, now=now):
        messages.error(
            request,
            _(
                "Your e-mail address was changed, your password reset, or a second step added, a short while ago."
                " Try again tomorrow, or ask support."
            ),
        )
        return redirect("close_account")
    try:
        closings.ask(user=request.user, given_up=_given_up(request), ip=client_ip(request), now=now)
    except CannotClose as error:
        messages.error(request, error.sentence)
        return _close_page(request, status=HTTPStatus.CONFLICT)
    return redirect("data")


@login_required
@require_POST
def keep_account(request: SubscriberRequest) -> HttpResponse:
    if closings.withdraw(user=request.user, ip=client_ip(request), now=timezone.now()):
        messages.success(request, _("Your account stays open."))
    return redirect("data")


def _close_page(request: SubscriberRequest, *, is_unsure: bool = False, status: int = HTTPStatus.OK) -> HttpResponse:
    standing = standing_of(request.user, given_up=_given_up(request), now=timezone.now())
    # The balance has a box of its own in the form; all the rest has to be settled before there is one.
    keeps_balance = Obstacle.BALANCE in standing.obstacles
    context = {
        "nav": "account",
        "standing": standing,
        "ways_out": ways_out([one for one in standing.obstacles if one != Obstacle.BALANCE]),
        "seen": " ".join(f"{balance.currency}:{balance.minor}" for balance in standing.balances),
        "gives_up": not keeps_balance,
        "is_unsure": is_unsure,
        "misses_balance": bool(request.POST) and keeps_balance,
    }
    return render(request, "portal/close_account.html", context, status=status)


def _given_up(request: SubscriberRequest) -> dict[str, int]:
    """Return what the page showed beside the box that was ticked: what came later is not given up unseen."""
    return {currency: int(minor) for currency, minor in SEEN.findall(request.POST.get("gives_up_balance", ""))}


def _closing_of(request: SubscriberRequest) -> AccountClosing | None:
    return AccountClosing.objects.under_way().filter(user=request.user).first()
