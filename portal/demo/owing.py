"""A payment that the bank took back, of what was delivered and used: it is owed, and the line works meanwhile."""

from datetime import datetime, timedelta

from billing import disputes
from billing.gateways import sandbox_returns
from billing.models import Charge, SandboxPayment
from esim.models import Line
from portal.demo.shopping import Shop


def owe_for_a_pack(line: Line, shop: Shop, *, code: str, at: datetime) -> None:
    """Buy a data pack, and have the bank take its payment back two days later."""
    shop.buy(line.owner, code, line=line, at=at)
    charge = Charge.objects.filter(order__line=line, state=Charge.State.SUCCEEDED).latest("pk")
    payment = SandboxPayment.objects.get(reference=charge.gateway_payment_id)
    decided_at = at + timedelta(days=2)
    dispute = sandbox_returns.open_dispute(payment, reason="unrecognized", now=at + timedelta(days=1))
    sandbox_returns.decide_dispute(dispute, is_won=False, now=decided_at)
    if report := shop.gateway.look_up_dispute(dispute.reference):
        disputes.record(charge=charge, report=report, now=decided_at)
