"""The payment page of the sandbox: what a payer sees on the gateway's side."""

from functools import partial

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing.gateways import sandbox_bank as bank
from billing.gateways.sandbox_cards import CARDS_BY_LAST_FOUR, TEST_CARDS
from billing.models import SandboxPayment
from billing.tasks import deliver_sandbox_callbacks, nudge

State = SandboxPayment.State


@never_cache
@require_http_methods(["GET", "POST"])
def pay(request: HttpRequest, reference: str) -> HttpResponse:
    """Let the payer choose a test card; whoever has the address may pay, as on any hosted page."""
    payment = _payment(reference)
    card = CARDS_BY_LAST_FOUR.get(request.POST.get("card", ""))
    if payment.state == State.OPEN and "leave" in request.POST:
        bank.move(payment, to=State.ABANDONED, source=frozenset({State.OPEN}))
    elif payment.state == State.OPEN and card is not None:
        bank.pay_with(payment, card, keep="keep" in request.POST or payment.purpose == payment.Purpose.CARD)
    if payment.state != State.OPEN:
        return _go_on(request, payment)
    context = {"payment": payment, "cards": TEST_CARDS, "not_chosen": request.method == "POST"}
    return render(request, "billing/sandbox/pay.html", context, status=422 if request.method == "POST" else 200)


@never_cache
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, reference: str) -> HttpResponse:
    """Play the bank's own page, where the payer confirms or refuses."""
    payment = _payment(reference)
    if payment.state == State.NEEDS_AUTHENTICATION and request.POST.get("answer") in {"confirm", "refuse"}:
        bank.answer_authentication(payment, confirmed=request.POST["answer"] == "confirm")
    if payment.state != State.NEEDS_AUTHENTICATION:
        return _go_on(request, payment)
    return render(request, "billing/sandbox/confirm.html", {"payment": payment})


def _payment(reference: str) -> SandboxPayment:
    if not settings.PLAYGROUND:
        raise Http404
    return get_object_or_404(SandboxPayment.objects.select_related("card"), reference=reference)


def _go_on(request: HttpRequest, payment: SandboxPayment) -> HttpResponse:
    """Send the payer to the next step or back to the shop, and let the shop be told."""
    if request.method == "POST":
        transaction.on_commit(partial(nudge, deliver_sandbox_callbacks))
    if payment.state in {State.OPEN, State.NEEDS_AUTHENTICATION}:
        return HttpResponseRedirect(bank.page_url(payment), status=303)
    return HttpResponseRedirect(payment.return_url or "/", status=303)
