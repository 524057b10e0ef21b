"""Staff give money back in dialogs: within what was paid, and above a limit with a second person."""

import pytest

from accounts.two_people import OwnAccount
from billing import refund_requests, refunds
from billing.models import Order, Refund
from billing.refund_requests import Wish
from portal.lib.money import Money
from tests import make
from tests.admin.dialogs import dialog, helper, told
from tests.billing.books import NOW, delivered
from tests.fakes.carrier import FakeCarrier
from tests.fakes.gateway import FakeGateway

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_november")]

State = Refund.State
WISH = {"amount": "5.00", "goes_to": "balance", "reason": "complaint", "note": "Slow", "_form_submitted": "on"}


@pytest.fixture
def order(subscriber):
    """A renewal for US$14.90 that was paid by card and delivered."""
    line = make.make_line(owner=subscriber)
    make.make_profile(line=line)
    return delivered(line, make.make_plan(), gateway=FakeGateway(), carrier=FakeCarrier())


@pytest.fixture
def ask_first(settings):
    settings.PORTAL_REFUND_APPROVAL_ABOVE = {"USD": Money(0, "USD")}


def test_the_dialog_offers_what_is_left(as_staff, order):
    page = as_staff.get(f"/admin/billing/order/{order.pk}/refund/").content.decode()

    assert 'value="14.90"' in page
    assert "made at the gateway" not in page


@pytest.mark.parametrize("on", ["order", "charge"])
def test_part_of_a_payment_is_given_back(as_staff, staff, order, on):
    row = order if on == "order" else order.charges.get()

    answer = dialog(as_staff, row, "refund", **WISH)

    refund = Refund.objects.get()
    assert answer.headers["HX-Refresh"] == "true"
    assert (refund.amount, refund.state, refund.requested_by, refund.note) == (500, State.SUCCEEDED, staff, "Slow")


@pytest.mark.parametrize("amount", ["", "0", "-1", "five", "14.905"])
def test_an_amount_that_makes_no_sense_is_asked_for_again(as_staff, order, amount):
    answer = dialog(as_staff, order, "refund", **{**WISH, "amount": amount})

    assert "HX-Refresh" not in answer.headers
    assert not Refund.objects.exists()


def test_more_than_was_paid_is_refused_with_a_sentence(as_staff, order):
    dialog(as_staff, order, "refund", **{**WISH, "amount": "14.91"})

    assert "Less than that is left" in as_staff.get("/admin/").content.decode()
    assert not Refund.objects.exists()


def test_taking_the_plan_back_asks_the_network(as_staff, order, django_capture_on_commit_callbacks):
    wish = {**WISH, "amount": "14.90", "takes_back": "on"}
    with django_capture_on_commit_callbacks(execute=True):
        dialog(as_staff, order, "refund", **wish)

    order.refresh_from_db()
    assert (order.state, Refund.objects.get().state) == (Order.State.REFUNDED, State.SUCCEEDED)


def test_who_asked_may_not_approve_and_somebody_else_may(client, as_staff, order, ask_first):
    dialog(as_staff, order, "refund", **WISH)
    refund = Refund.objects.get()
    assert refund.state == State.REQUESTED
    assert dialog(as_staff, refund, "approve").status_code == 403

    client.force_login(second := helper("approve_refund", "view_refund"))
    dialog(client, refund, "approve")

    refund.refresh_from_db()
    assert (refund.state, refund.approved_by) == (State.SUCCEEDED, second)


def test_money_for_ones_own_order_takes_a_colleague(client, order):
    """A few dollars at a time, below every limit, would be as good as a wage."""
    order.owner = me = helper("add_refund", "approve_refund", "view_order", "view_refund")
    order.save(update_fields=["owner"])
    client.force_login(me)

    dialog(client, order, "refund", **WISH)

    refund = Refund.objects.get()
    assert refund.state == State.REQUESTED
    assert dialog(client, refund, "approve").status_code == 403
    client.force_login(helper("approve_refund", "view_refund"))
    dialog(client, refund, "approve")
    refund.refresh_from_db()
    assert refund.state == State.SUCCEEDED


def test_nobody_approves_what_a_colleague_asked_for_their_order(client, as_staff, order, ask_first):
    dialog(as_staff, order, "refund", **WISH)
    order.owner = me = helper("approve_refund", "view_refund")
    order.save(update_fields=["owner"])
    client.force_login(me)
    refund = Refund.objects.get()

    assert dialog(client, refund, "approve").status_code == 403
    with pytest.raises(OwnAccount):
        refund_requests.approve(refund=refund, actor=me, ip=None, now=NOW)


def test_without_the_permission_nobody_approves(client, as_staff, order, ask_first):
    dialog(as_staff, order, "refund", **WISH)
    client.force_login(helper("add_refund", "view_refund", "change_refund"))

    assert dialog(client, Refund.objects.get(), "approve").status_code == 403


def test_without_the_permission_nobody_refunds(client, order):
    client.force_login(helper("view_order", "view_refund", "approve_refund"))

    assert dialog(client, order, "refund", **WISH).status_code == 403
    assert not Refund.objects.exists()


def test_refusing_says_why(client, as_staff, order, ask_first):
    dialog(as_staff, order, "refund", **WISH)
    client.force_login(helper("approve_refund", "view_refund"))

    dialog(client, Refund.objects.get(), "refuse", why="Ask the network first")

    assert Refund.objects.get().failure == "Ask the network first"
    assert order.charges.get().refunded_amount == 0


@pytest.fixture
def failed(order, staff):
    """A refund of US$5.00 to the card that the gateway would not make."""
    gateway = FakeGateway()
    gateway.refusing = {"refund"}
    wish = Wish(
        order=order,
        money=Money(500, "USD"),
        goes_to=Refund.Destination.PAYER,
        reason=Refund.Reason.COMPLAINT,
        note="Slow",
    )
    (refund,) = refund_requests.request(wish=wish, actor=staff, ip=None, limits={"USD": wish.money}, now=NOW)
    return refunds.send(refund=refund, gateway=gateway, now=NOW)


def test_a_failed_refund_becomes_balance_instead(as_staff, failed):
    dialog(as_staff, failed, "give-as-balance")

    again = Refund.objects.get(tries_again=failed)
    assert (again.state, again.goes_to) == (State.SUCCEEDED, "balance")


def test_a_failed_refund_is_tried_again_once(as_staff, failed):
    assert dialog(as_staff, failed, "try-again").headers["HX-Refresh"] == "true"

    again = dialog(as_staff, failed, "try-again")

    assert told(again)[-1] == "Nothing was changed: its state does not allow it."
    assert Refund.objects.filter(tries_again=failed).count() == 1


def test_pages_show_only_what_can_be_done(as_staff, failed):
    page = as_staff.get(f"/admin/billing/refund/{failed.pk}/change/").content.decode()

    assert "give-as-balance" in page
    assert f"/{failed.pk}/approve/" not in page


def test_where_nothing_is_left_no_refund_is_offered(as_staff, order):
    address = f"/admin/billing/order/{order.pk}/change/"
    assert f"/{order.pk}/refund/" in as_staff.get(address).content.decode()

    dialog(as_staff, order, "refund", **{**WISH, "amount": "14.90"})

    assert f"/{order.pk}/refund/" not in as_staff.get(address).content.decode()
