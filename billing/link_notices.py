"""What whoever paid by a link is written, to the address they typed; they may have no account here."""

from datetime import datetime
from typing import Any

from accounts.models.notifications import Channel
from accounts.notifications import notify
from billing import sales
from billing.models import Charge, Order, PayLink, Refund


def paid(charge: Charge, *, order: Order, now: datetime) -> None:
    """Write the receipt, where they wanted one."""
    facts = {"money": sales.as_context(charge.money), "paid_at": now.isoformat(), "paid_with": charge.paid_with}
    _write(order, kind="pay_link_receipt", key=f"charge:{charge.public_id}:receipt", facts=facts, now=now)


def refunded(refund: Refund, *, kind: str, now: datetime) -> None:
    """Tell them that their money is on its way back; `kind` is that of the notice its order's owner gets."""
    if kind in {"refund_started", "refund_done"}:
        facts = {"money": sales.as_context(refund.money), "is_done": kind == "refund_done"}
        key = f"refund:{refund.public_id}:{kind}:payer"
        _write(refund.order, kind="pay_link_refund", key=key, facts=facts, now=now)


def _write(order: Order, *, kind: str, key: str, facts: dict[str, Any], now: datetime) -> None:
    # The last link with an address: of a link that was withdrawn meanwhile the payer is still to be told.
    link = PayLink.objects.filter(order=order).exclude(receipt_email="").order_by("-pk").first()
    if link is None:
        return
    context = {
        **facts,
        "to_address": link.receipt_email,
        "reader_language": link.receipt_language,
        "order_id": order.public_id,
        "plan": {name: order.plan_terms.get(name, "") for name in ("name", "name_zh_hans", "name_zh_hant")},
        "shown_as": link.shown_as,
    }
    notify(user=order.owner, kind=kind, key=key, context=context, now=now, channels=[Channel.EMAIL])
