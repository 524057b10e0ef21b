"""The demo: the same story in every installation, told once, with books that balance."""

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from accounts import documents
from accounts.models import Document, Notification, Referral, Ticket, User
from billing.models import (
    Charge,
    LedgerEntry,
    Order,
    PaymentMethod,
    QueuedPlan,
    ReferralCredit,
    Refund,
    Subscription,
    TopUpRule,
)
from billing.top_up_due import due
from esim.models import DailyUsage, Line, SimApplication, SimProfile, ThrottleSpell
from plans.models import Plan, PlanPrice
from plans.models.terms import Region
from portal.demo.people import PASSWORD, PEOPLE, SUBSCRIBER
from portal.demo.price_list import CURRENCIES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def _told(django_db_setup, django_db_blocker):
    """Tell the story once for all tests here; each runs in a savepoint on top of it."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("seed_demo", verbosity=0)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def demo(_told, db):
    return User.objects.get(email=SUBSCRIBER.email)


def test_everybody_can_sign_in(demo):
    assert all(User.objects.get(email=person.email).check_password(PASSWORD) for person in PEOPLE)
    assert [user.email for user in User.objects.filter(is_staff=True)] == ["staff@example.com"]


def test_the_subscriber_has_four_different_lines(demo):
    in_order, low, slow, just_bought = Line.objects.owned_by(demo).order_by("created_at")

    assert in_order.subscription.mode == Subscription.Mode.AUTOMATIC
    assert low.allowances.get().used_percent > 80
    assert low.subscription.mode == Subscription.Mode.ASK
    assert just_bought.allowances.get().data_bytes is None
    assert slow.allowances.get().throttled_kbps == 1024
    assert SimProfile.objects.get(line=just_bought).download_state == "released"


def test_one_line_is_slow_until_midnight_and_was_before(demo):
    earlier, today = ThrottleSpell.objects.filter(line__owner=demo).order_by("began_at")

    assert earlier.lifted_at >= earlier.resets_at
    assert (today.lifted_at, today.asked_at is not None) == (None, True)
    assert Notification.objects.filter(user=demo, kind="speed_reduced").count() == 2


def test_what_runs_low_is_watched_and_nothing_does(demo):
    rules = TopUpRule.objects.owned_by(demo)

    assert set(rules.values_list("kind", "is_on", "state")) == {("data", True, "active"), ("balance", True, "active")}
    assert not any(due(kind, now=timezone.now()).exists() for kind in TopUpRule.Kind)


def test_usage_reaches_back_a_month(demo):
    line = Line.objects.owned_by(demo).earliest("created_at")

    days = DailyUsage.objects.filter(line=line, data_bytes__gt=0)

    assert days.count() >= 30


def test_purchases_went_through_the_shop(demo):
    orders = Order.objects.filter(owner=demo)

    assert set(orders.values_list("state", flat=True)) == {
        Order.State.FULFILLED,
        Order.State.REFUNDED,
        Order.State.PAID,
    }
    assert set(orders.values_list("kind", flat=True)) == set(Order.Kind.values) - {"arrears"}
    assert Charge.objects.filter(order__owner=demo, state=Charge.State.DECLINED).count() == 1
    assert PaymentMethod.objects.owned_by(demo).get().is_default


def test_a_question_was_asked_and_answered(demo):
    ticket = Ticket.objects.get(owner=demo)

    assert ticket.state == "answered"
    assert [message.author for message in ticket.messages.order_by("pk")] == ["user", "staff"]


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


def test_cards_are_applied_for_with_papers_that_open(demo):
    states = SimApplication.objects.owned_by(demo).values_list("state", flat=True)

    assert {"draft", "submitted"} < set(states)
    assert all(documents.opened(one).startswith(b"\xff\xd8") for one in Document.objects.owned_by(demo))


def test_plans_wait_and_invitations_stand_each_way(demo):
    assert list(QueuedPlan.objects.waiting().values_list("line__nickname", flat=True)) == ["Tokyo in spring"] * 2
    stands = ReferralCredit.objects.filter(referral__referrer=demo).values_list("state", "reason")
    assert set(stands) == {("granted", ""), ("refused", "same_mailbox")}
    assert Referral.objects.filter(referrer=demo, credit=None).count() == 1


def test_a_family_and_a_company_share_lines(demo):
    family = User.objects.get(email="family@example.com")
    company = User.objects.get(email="business@example.com")

    assert set(Line.objects.visible_to(family).values_list("nickname", flat=True)) == {"Berlin", "Work phone", "Till"}
    assert Line.objects.payable_by(family).get().owner == demo
    assert set(Line.objects.owned_by(company).values_list("cost_centre", flat=True)) == {"Logistics", "Shop 1"}
