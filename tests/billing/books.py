"""Short ways to money and orders for tests."""

from datetime import UTC, datetime

from billing import charges, discounts, gateway_events, ledger, orders
from billing.checkout import Purchase, place_order
from billing.models import Dispute, LedgerEntry, Order
from portal.lib.money import Money
from portal.lib.public_ids import make_public_id

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
PRICE = Money(1490, "USD")


def fund(user, money, *, key=""):
    """Give a subscriber a balance to begin with."""
    return ledger.move(
        kind=ledger.Kind.OPENING,
        debit=ledger.gateway("sandbox", money.currency),
        credit=ledger.wallet(user.pk, money.currency),
        money=money,
        key=key or make_public_id("test"),
        now=NOW,
    )


def purchase_of(line, plan, /, **changes):
    """Describe a renewal of the line by card."""
    given = {
        "owner": line.owner,
        "kind": Order.Kind.RENEWAL,
        "line": line,
        "plan": plan,
        "price": PRICE,
        "form_key": make_public_id("form"),
        "gateway": "sandbox",
    }
    return Purchase(**{**given, **changes})


def buy(line, plan, /, *, now=NOW, **changes):
    """Place an order for a renewal of the line."""
    return place_order(purchase=purchase_of(line, plan, **changes), now=now)


def buy_with_code(line, plan, code, /, *, now=NOW, **changes):
    """Place an order at what a coupon code makes of the price."""
    quote = discounts.quote(user=line.owner, plan=plan, price=PRICE, code=code, ip=None, now=now)
    return buy(line, plan, now=now, price=quote.price, quote=quote, **changes)


def paid_order(line, plan, /, *, now=NOW, **changes):
    """Place an order that the balance pays in full."""
    price = changes.get("price", PRICE)
    fund(line.owner, price)
    return buy(line, plan, now=now, gateway="", use_wallet=True, **changes)


def pay(charge, *, gateway, answer="paid", now=NOW):
    """Pay on the gateway's page, or be declined there."""
    if not charge.gateway_payment_id:
        charges.open_page(charge=charge, gateway=gateway, return_url="/back/", locale="en", now=now)
        charge.refresh_from_db()
    gateway.bank_says(charge.gateway_payment_id, answer)
    result = gateway.look_up(payment_id=charge.gateway_payment_id, key="")
    return charges.settle(charge_id=charge.pk, result=result, now=now)


def delivered(line, plan, /, *, gateway, carrier, now=NOW, **changes):
    """Buy, pay on the gateway's page what the balance does not, and have it delivered."""
    order = buy(line, plan, now=now, **changes)
    if charge := charges.open_charge(order):
        pay(charge, gateway=gateway, now=now)
    return orders.fulfil(order_id=order.pk, carrier=carrier, now=now)


def kinds(order):
    """Name the movements of an order in the order they were written."""
    return list(LedgerEntry.objects.filter(order=order).order_by("pk").values_list("kind", flat=True))


def lose(gateway, charge):
    """Let the payer dispute a charge, and win at the bank."""
    gateway.dispute(charge.gateway_payment_id, state="lost")
    for notice in gateway.events:
        gateway_events.store(gateway_name=gateway.name, notice=notice, by_webhook=True, now=NOW)
    gateway_events.apply_gateway_events(gateway=gateway, now=NOW)
    return Dispute.objects.get(charge=charge)
