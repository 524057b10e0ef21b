"""Who pays and for what: subscribers with a card at Stripe, lines, renewals that are due."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from accounts.models import User
from billing import charges, gateways
from billing.gateways import stripe_customers
from billing.gateways.stripe_client import api_of
from billing.gateways.stripe_settings import from_settings
from billing.models import Charge, LedgerAccount, PaymentMethod, Subscription
from esim.models import Line
from plans.models import Plan
from tests import make
from tests.billing.books import buy
from tests.fakes.stripe.client import StripeFake

DAY = timedelta(days=1)
PRICE = 1490
RETURN_URL = "https://portal.example.com/back/"


def open_shared_accounts() -> None:
    """Open the accounts of our own: otherwise the first of a crowd opens them, the others line up behind it, and no race is run."""
    for kind in (LedgerAccount.Kind.HELD, LedgerAccount.Kind.SALES, LedgerAccount.Kind.REFUNDING):
        LedgerAccount.objects.create(kind=kind, currency="USD")


def make_person() -> User:
    """Make somebody without quiet hours: the clock is the real one, and in the end every letter must have left."""
    return make.make_user(quiet_from=None, quiet_until=None)


def make_payer() -> User:
    """Make a subscriber whom Stripe knows."""
    user = make_person()
    stripe_customers.ensure(api_of(from_settings()), user.public_id, email="")
    return user


def keep_card(stripe: StripeFake, owner: User, outcome: str = "paid") -> PaymentMethod:
    card = stripe.keep_card(stripe_customers.reference_of(owner.public_id), outcome=outcome)
    return make.make_method(owner=owner, gateway="stripe", reference=card["id"], is_default=True)


def make_line(owner: User) -> Line:
    line = make.make_line(owner=owner)
    make.make_profile(line=line)
    return line


def due_renewals(stripe: StripeFake, count: int, *, now: datetime) -> list[Subscription]:
    """Make so many auto-renewals that are due now, ten lines a subscriber, all charged to one card of theirs."""
    plan = make.make_plan(prices={"USD": PRICE})
    return list(_due_renewals(stripe, count, plan=plan, now=now))


def _due_renewals(stripe: StripeFake, count: int, *, plan: Plan, now: datetime) -> Iterator[Subscription]:
    for number in range(count):
        if number % 10 == 0:
            owner = make_payer()
            card = keep_card(stripe, owner)
        line = make_line(owner)
        make.make_allowance(line=line, plan=plan, starts_at=now - 29 * DAY, ends_at=now + DAY)
        yield make.make_subscription(line=line, plan=plan, method=card, anchor_at=now - 29 * DAY, charge_due_at=now)


def open_pages(count: int, *, now: datetime) -> list[Charge]:
    """Place so many orders, each by somebody who is on its payment page now."""
    plan = make.make_plan(prices={"USD": PRICE})
    return [_open_page(make_line(make_payer()), plan, now=now) for _number in range(count)]


def _open_page(line: Line, plan: Plan, *, now: datetime) -> Charge:
    charge = buy(line, plan, gateway="stripe", now=now).charges.get()
    charges.open_page(charge=charge, gateway=gateways.chosen(), return_url=RETURN_URL, locale="en", now=now)
    charge.refresh_from_db()
    return charge
