"""Play a payer who disputes a payment at the sandbox, and the bank that decides."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.gateways import sandbox_returns as returns
from billing.models import Charge, SandboxDispute, SandboxPayment
from billing.tasks import deliver_sandbox_callbacks


class Command(BaseCommand):
    help = "Disputes a payment made at the sandbox; with --won or --lost, lets the bank decide about the dispute."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("charge", help="number of a charge, such as chg_…")
        parser.add_argument("--reason", default="fraudulent", help="what the payer told the bank")
        answer = parser.add_mutually_exclusive_group()
        answer.add_argument("--won", action="store_true", help="the payment stands")
        answer.add_argument("--lost", action="store_true", help="the payer gets the money back")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not settings.PLAYGROUND:
            raise CommandError("The sandbox is only there with DEBUG or PORTAL_DEMO.")
        now = timezone.now()
        dispute = returns.open_dispute(_payment(options["charge"]), reason=options["reason"], now=now)
        if options["won"] or options["lost"]:
            returns.decide_dispute(dispute, is_won=options["won"], now=now)
        deliver_sandbox_callbacks()
        dispute.refresh_from_db()
        self.stdout.write(f"{dispute.reference} is {SandboxDispute.State(dispute.state).value}")


def _payment(charge_id: str) -> SandboxPayment:
    charge = Charge.objects.filter(public_id=charge_id, gateway="sandbox", state=Charge.State.SUCCEEDED).first()
    if charge is None:
        raise CommandError(f"{charge_id} is no charge that was paid at the sandbox.")
    return SandboxPayment.objects.get(reference=charge.gateway_payment_id)
