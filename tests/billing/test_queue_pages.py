"""The pages of plans that wait: everything by plain forms."""

from datetime import timedelta

import pytest
from django.urls import reverse

from billing.forms import price_token
from billing.models import Order, QueuedPlan, Refund
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, fund, paid_order

pytestmark = pytest.mark.usefixtures("at_now")
PRICE = Money(1490, "USD")


@pytest.fixture
def queued(line, running):
    """A plan that waits, paid from the balance."""
    later = make.make_plan(name="Asia 5 GB")
    return QueuedPlan.objects.get(order=paid_order(line, later, is_queued=True))


def address(name, one):
    return reverse(f"billing:{name}", args=[one.public_id])


def test_a_plan_is_bought_for_later_and_its_order_says_when(as_subscriber, line, running, plan):
    fund(line.owner, PRICE)
    url = address("add_to_queue", line)
    assert b"Queue a plan" in as_subscriber.get(url).content
    page = as_subscriber.get(url, {"plan": plan.public_id})
    assert "when the plans before it end" in page.content.decode()

    form = {"form_key": page.context["form"]["form_key"].value(), "pay_with": "balance", "plan": plan.public_id}
    sent = as_subscriber.post(url, {**form, "price_seen": price_token(PRICE)})

    order = Order.objects.get()
    assert sent.url == address("order", order)
    assert "It waits its turn" in as_subscriber.get(sent.url).content.decode()
    assert "begins" in as_subscriber.get(reverse("line", args=[line.public_id])).content.decode()


def test_a_plan_that_somebody_else_is_to_pay_waits_as_well(as_subscriber, line, running, plan):
    url = address("add_to_queue", line)
    page = as_subscriber.get(url, {"plan": plan.public_id})
    form = {"form_key": page.context["form"]["form_key"].value(), "pay_with": "new", "plan": plan.public_id}
    as_subscriber.post(url, {**form, "price_seen": price_token(PRICE), "ask_somebody": "1"})

    assert QueuedPlan.objects.get().order == Order.objects.get()


def test_without_a_running_plan_there_is_nothing_to_wait_for(as_subscriber, line):
    assert as_subscriber.get(address("add_to_queue", line)).url == address("renew", line)
    assert b"No plan is running" in as_subscriber.get(address("queue", line)).content


def test_the_queue_is_put_in_order_by_buttons(as_subscriber, line, queued):
    other = QueuedPlan.objects.get(order=paid_order(line, make.make_plan(name="Europe 1 GB"), is_queued=True))

    as_subscriber.post(address("queue_move", other), {"to": "earlier"})

    page = as_subscriber.get(address("queue", line)).content.decode()
    assert page.index("Europe 1 GB") < page.index("Asia 5 GB")


def test_starting_says_what_is_lost_and_then_starts(as_subscriber, queued):
    page = as_subscriber.get(address("queue_start", queued)).content.decode()
    assert "You lose 20 days of paid time" in page
    assert "It ends first, so it is used first." in " ".join(page.split())

    as_subscriber.post(address("queue_start", queued))
    again = as_subscriber.post(address("queue_start", queued))

    queued.refresh_from_db()
    assert (queued.state, queued.by_wish) == ("started", True)
    assert again.url == address("queue", queued.line)


def test_cancelling_says_what_goes_back_and_gives_it_back_once(as_subscriber, queued):
    assert b"get US$14.90 back" in as_subscriber.get(address("queue_cancel", queued)).content

    for _ in range(2):
        answer = as_subscriber.post(address("queue_cancel", queued))

    assert answer.url == address("order", queued.order)
    assert Refund.objects.get().money == PRICE
    page = as_subscriber.get(answer.url).content.decode()
    assert "Taken back" in page
    assert "Sent to the network" not in page


def test_lists_say_that_it_waits_its_turn(as_subscriber, line, queued):
    orders = as_subscriber.get(reverse("billing:orders")).content.decode()
    page = as_subscriber.get(reverse("line", args=[line.public_id])).content.decode()

    assert "Paid, waits its turn" in orders
    assert "badge-warning" not in orders
    assert "· paid, waits its turn" in page


def test_the_front_page_names_what_comes_next(as_subscriber, line, queued):
    make.make_queued_plan(line=line)

    page = " ".join(as_subscriber.get("/").content.decode().split())

    assert "Asia 5 GB begins" in page
    assert "and 1 more waits" in page


def test_a_line_that_goes_on_by_its_queue_does_not_ask_for_renewal(as_subscriber, line, queued, running):
    type(running).objects.filter(pk=running.pk).update(ends_at=NOW + timedelta(days=1), used_bytes=0)

    assert as_subscriber.get(reverse("line", args=[line.public_id])).context["card"].attention != "ends_soon"
