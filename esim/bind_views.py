"""The page on which a card bought elsewhere comes into an account."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.http import SubscriberRequest, client_ip
from esim.binding import Claim, NotNow, WrongCard, bind
from esim.binding_tries import TooManyTries
from esim.forms import BindCardForm


@login_required
@sensitive_post_parameters("pin")
@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(private=True, no_store=True)
def bind_card(request: SubscriberRequest) -> HttpResponse:
    """Bind a card. The address may name it (`?iccid=`), so that a leaflet can lead here; it never names a PIN."""
    if request.method != "POST":
        return _page(request, BindCardForm(initial={"iccid": request.GET.get("iccid", "")[:40]}), HTTPStatus.OK)
    form = BindCardForm(request.POST)
    return _bind(request, form) if form.is_valid() else _page(request, form, HTTPStatus.UNPROCESSABLE_ENTITY)


def _bind(request: SubscriberRequest, form: BindCardForm) -> HttpResponse:
    claim = Claim(user=request.user, ip=client_ip(request), **form.cleaned_data)
    try:
        line = bind(claim, now=timezone.now())
    except (WrongCard, NotNow, TooManyTries) as refusal:
        form.add_error(None, refusal.sentence)
        too_many = isinstance(refusal, TooManyTries)
        return _page(request, form, HTTPStatus.TOO_MANY_REQUESTS if too_many else HTTPStatus.UNPROCESSABLE_ENTITY)
    messages.success(request, _("The card is yours now. Here you see what is left on it; give it a name if you like."))
    return redirect("line", public_id=line.public_id)


def _page(request: SubscriberRequest, form: BindCardForm, status: HTTPStatus) -> HttpResponse:
    return render(request, "esim/bind_card.html", {"nav": "lines", "form": form}, status=status)
