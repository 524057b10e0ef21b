"""Saved cards: add one on the gateway's page, choose the default, remove."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import SubscriberRequest, client_ip
from billing import card_consent, gateways, saved_cards
from billing.card_offers import card_offers
from billing.gateways.base import GatewayRefused, OutcomeUnknown
from billing.methods import make_default
from billing.models import PaymentMethod, Subscription
from billing.views.leading_on import leads_to_gateway, to_gateway

ADDING = "billing:adding_card"
"""Session key: the page of the gateway on which a card is being added."""


@login_required
@leads_to_gateway
@require_safe
def methods(request: SubscriberRequest) -> HttpResponse:
    kept = list(PaymentMethod.objects.owned_by(request.user).usable().order_by("-is_default", "-pk"))
    preferred = request.GET.get("saved", "")
    context = {
        "nav": "billing",
        "methods": kept,
        "card_offers": card_offers(user=request.user, kept=kept, preferred=preferred, now=timezone.now()),
        "renewing": saved_cards.renewing(request.user),
        "consent": card_consent.sentence(),
    }
    return render(request, "billing/methods.html", context)


@login_required
@require_POST
def add_method(request: SubscriberRequest) -> HttpResponse:
    """Send the subscriber to the page where the gateway takes the card: its number never comes here."""
    now = timezone.now()
    return_url = request.build_absolute_uri(reverse("billing:method_added"))
    try:
        page = saved_cards.open_page(
            owner=request.user,
            gateway=gateways.chosen(),
            consent=card_consent.given(ip=client_ip(request), now=now),
            return_url=return_url,
            locale=get_language() or "en",
            now=now,
        )
    except GatewayRefused:
        messages.error(request, _("The payment company does not keep cards just now. Nothing was saved."))
        return redirect("billing:methods")
    except OutcomeUnknown:
        messages.error(request, _("The page for cards did not answer. Nothing was saved. Try again in a minute."))
        return redirect("billing:methods")
    request.session[ADDING] = page.payment_id
    return to_gateway(page.url)


@login_required
@require_safe
def method_added(request: SubscriberRequest) -> HttpResponse:
    """The way back from the gateway's page: keep what was saved there, or say that nothing was."""
    page_id = request.session.get(ADDING, "")
    card = saved_cards.keep_from_page(
        owner=request.user, gateway=gateways.chosen(), page_id=page_id, now=timezone.now()
    )
    if card is None:
        messages.warning(request, _("No card was saved. You can try again, or save one with your next payment."))
    else:
        messages.success(request, _("%(card)s is saved.") % {"card": card})
        request.session.pop(ADDING, None)
        return _back_with(card)
    return redirect("billing:methods")


@login_required
@require_POST
def default_method(request: SubscriberRequest, public_id: str) -> HttpResponse:
    method = _method(request, public_id)
    make_default(method=method)
    messages.success(request, _("%(card)s is your default card now.") % {"card": method})
    return _back_with(method)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove_method(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Say what removing does to auto-renewal, then remove."""
    method = _method(request, public_id)
    if request.method != "POST":
        used_by = Subscription.objects.on().filter(method=method).select_related("line")
        rules = method.top_up_rules.standing().select_related("line")
        context = {"nav": "billing", "method": method, "used_by": used_by, "rules": rules}
        return render(request, "billing/remove_method.html", context)
    gateway = gateways.by_name().get(method.gateway)
    saved_cards.remove(method=method, gateway=gateway, actor=request.user, now=timezone.now())
    messages.success(request, _("%(card)s is removed.") % {"card": method})
    return redirect("billing:methods")


def _back_with(card: PaymentMethod) -> HttpResponse:
    """Lead back to the cards, where this one is offered for what another card was refused for."""
    return redirect(f"{reverse('billing:methods')}?saved={card.public_id}")


def _method(request: SubscriberRequest, public_id: str) -> PaymentMethod:
    return get_object_or_404(PaymentMethod.objects.owned_by(request.user).usable(), public_id=public_id)
