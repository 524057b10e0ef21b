"""The demo: the same story in every installation, told once, with books that balance."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from billing.models import Charge, LedgerEntry, Order, PaymentMethod, Refund, Subscription
from esim.models import DailyUsage, Line, SimProfile
from plans.models import Plan, PlanPrice
from plans.models.plans import Region
from portal.demo.people import PASSWORD, PEOPLE, SUBSCRIBER
from portal.demo.price_list import CURRENCIES


@pytest.fixture
def demo(db):
    call_command("seed_demo", verbosity=0)
    return User.objects.get(email=SUBSCRIBER.email)


def test_everybody_can_sign_in(demo):
    assert all(User.objects.get(email=person.email).check_password(PASSWORD) for person in PEOPLE)
    assert [user.email for user in User.objects.filter(is_staff=True)] == ["staff@example.com"]


def test_the_subscriber_has_three_different_lines(demo):
    in_order, low, just_bought = Line.objects.owned_by(demo).order_by("created_at")

    assert in_order.subscription.mode == Subscription.Mode.AUTOMATIC
    assert low.allowances.get().used_percent > 80
    assert just_bought.allowances.get().data_bytes is None
    assert SimProfile.objects.get(line=just_bought).download_state == "released"


def test_usage_reaches_back_a_month(demo):
    line = Line.objects.owned_by(demo).earliest("created_at")

    days = DailyUsage.objects.filter(line=line, data_bytes__gt=0)

    assert days.count() >= 30


def test_purchases_went_through_the_shop(demo):
    orders = Order.objects.filter(owner=demo)

    assert set(orders.values_list("state", flat=True)) == {Order.State.FULFILLED, Order.State.REFUNDED}
    assert set(orders.values_list("kind", flat=True)) == set(Order.Kind.values)
    assert Charge.objects.filter(order__owner=demo, state=Charge.State.DECLINED).count() == 1
    assert PaymentMethod.objects.owned_by(demo).get().is_default


def test_what_was_bought_by_mistake_is_paid_back(demo):
    refund = Refund.objects.get(order__owner=demo)

    assert (refund.state, refund.order.state) == (Refund.State.SUCCEEDED, Order.State.REFUNDED)
    assert refund.money == refund.order.total


def test_every_region_has_something_and_every_plan_a_price_in_every_currency(demo):
    assert set(Plan.objects.values_list("region", flat=True)) == set(Region.values)
    assert PlanPrice.objects.count() == Plan.objects.count() * len(CURRENCIES)
    assert not Plan.objects.filter(name_zh_hans="").exists()
    assert not Plan.objects.filter(name_zh_hant="").exists()


def test_plans_pass_the_checks_that_staff_pass(demo):
    for plan in Plan.objects.all():
        plan.full_clean()


def test_seeding_again_changes_nothing(demo):
    before = [model.objects.count() for model in (User, Plan, PlanPrice, Line, Order, LedgerEntry, DailyUsage)]

    call_command("seed_demo", verbosity=0)

    assert [model.objects.count() for model in (User, Plan, PlanPrice, Line, Order, LedgerEntry, DailyUsage)] == before


def test_the_books_balance(demo):
    call_command("check_invariants", verbosity=0)


def test_outside_a_demo_nobody_gets_a_known_password(db, settings):
    settings.PLAYGROUND = False

    with pytest.raises(CommandError, match="PORTAL_DEMO"):
        call_command("seed_demo")
    assert not User.objects.exists()
