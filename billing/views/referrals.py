"""Inviting others: one's own link, and the page that it opens."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import referral_joining, referrals
from accounts.device_marks import mark
from accounts.http import SubscriberRequest, client_ip
from billing.referral_pages import refer_page, reward_in
from plans.currency import chosen_currency


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def refer(request: SubscriberRequest) -> HttpResponse:
    """Show the reader's link and who came by it; a POST makes the link."""
    if request.method == "POST":
        response = redirect("billing:refer")
        device = mark(request, response)
        referrals.make_code(user=request.user, device=device, ip=client_ip(request), now=timezone.now())
        return response
    return render(request, "billing/refer.html", {"nav": "billing", "page": refer_page(request.user)})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invited(request: HttpRequest, code: str) -> HttpResponse:
    """Tell what an invitation is worth; a POST remembers it and goes on to open an account."""
    if referrals.referrer_of(code) is None:
        raise Http404
    if request.method == "POST" and not request.user.is_authenticated:
        response = redirect("account_signup")
        mark(request, response)
        referral_joining.keep(request, code=code)
        return response
    context = {"nav": "", "reward": reward_in(chosen_currency(request))}
    return render(request, "billing/invited.html", context)
