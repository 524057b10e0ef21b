"""Choose, check, pay: what a subscriber does to renew, top up, buy and add money."""

import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing import gateways
from billing.forms import PurchaseForm
from billing.models import Charge, Order
from billing.reconciliation import reconcile_charges
from esim.forms import LineSettingsForm
from plans import catalogue
from plans.models import PlanPrice
from portal.lib.money import Money
from tests import make
from tests.billing.books import fund

pytestmark = pytest.mark.usefixtures("at_now")

TRANSACTION_WORDS = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


@pytest.fixture
def renew_url(line, plan):
    return reverse("billing:renew", args=[line.public_id]) + f"?plan={plan.public_id}"


@pytest.fixture
def card(subscriber):
    """A saved card that pays whenever it is charged."""
    return make.make_paying_card(owner=subscriber, is_default=True)


def form(**fields):
    """What the check page of a US$14.90 plan sends."""
    return {"form_key": str(uuid.uuid4()), "price_seen": "USD:1490", "pay_with": "new", **fields}


def statements(queries):
    return [one["sql"] for one in queries if not one["sql"].startswith(TRANSACTION_WORDS)]


def test_the_plan_of_the_line_is_chosen_already(as_subscriber, line, plan):
    make.make_allowance(line=line, plan=plan)
    make.make_plan(name="Europe 20 GB")

    page = as_subscriber.get(reverse("billing:renew", args=[line.public_id])).content.decode()

    assert page.index("Your plan now") < page.index("Europe 20 GB")
    assert page.count("checked") == 1


def test_the_check_page_says_what_the_line_will_have(as_subscriber, line, plan, renew_url):
    make.make_allowance(line=line, plan=plan, used_bytes=7_600_000_000)

    page = as_subscriber.get(renew_url).content.decode()

    assert "12.4\N{NO-BREAK SPACE}GB until 10\N{NO-BREAK SPACE}Jan\N{NO-BREAK SPACE}2027" in page
    assert "Renew for US$14.90" in page


@pytest.fixture
def promotions_cached(db, now):
    catalogue.running_promotions(now=now)


@pytest.mark.usefixtures("promotions_cached")
@pytest.mark.parametrize("cards", [1, 3])
def test_the_check_page_asks_the_database_as_often_for_one_card_as_for_three(
    as_subscriber, subscriber, line, plan, renew_url, cards
):
    make.make_allowance(line=line, plan=plan)
    for _number in range(cards):
        make.make_method(owner=subscriber)

    with CaptureQueriesContext(connection) as queries:
        as_subscriber.get(renew_url)

    assert len(statements(queries)) == 8


@pytest.mark.usefixtures("promotions_cached")
@pytest.mark.parametrize("plans", [1, 3])
def test_the_choice_asks_the_database_as_often_for_one_plan_as_for_three(as_subscriber, line, plans):
    for _number in range(plans):
        make.make_plan()

    with CaptureQueriesContext(connection) as queries:
        as_subscriber.get(reverse("billing:renew", args=[line.public_id]))

    assert len(statements(queries)) == 5


def test_renewing_with_a_new_card_leads_to_the_gateway(as_subscriber, renew_url):
    placed = as_subscriber.post(renew_url, form())
    order = Order.objects.get()
    onward = as_subscriber.get(placed.url)

    assert placed.url == reverse("billing:pay", args=[order.public_id])
    assert onward.url.startswith("/sandbox/pay/")
    assert order.state == Order.State.PENDING


def test_renewing_with_a_saved_card_is_paid_meanwhile(
    as_subscriber, card, renew_url, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        placed = as_subscriber.post(renew_url, form(pay_with=card.public_id))

    order = Order.objects.get()
    assert placed.url == reverse("billing:order", args=[order.public_id])
    assert order.paid_at is not None


def test_a_renewal_whose_worker_never_heard_is_charged_a_minute_later(as_subscriber, card, renew_url, now):
    as_subscriber.post(renew_url, form(pay_with=card.public_id))

    reconcile_charges(gateway=gateways.chosen(), now=now + timedelta(minutes=1))

    assert Order.objects.get().paid_at is not None


@pytest.mark.usefixtures("promotions_cached")
def test_placing_a_renewal_takes_seven_statements_at_most(as_subscriber, card, renew_url):
    with CaptureQueriesContext(connection) as queries:
        as_subscriber.post(renew_url, form(pay_with=card.public_id))

    assert Order.objects.count() == Charge.objects.count() == 1
    assert len(statements(queries)) <= 7, "\n".join(statements(queries))


def test_the_same_form_sent_again_is_the_same_order(as_subscriber, card, renew_url, django_capture_on_commit_callbacks):
    sent = form(pay_with=card.public_id)

    with django_capture_on_commit_callbacks(execute=True):
        as_subscriber.post(renew_url, sent)
        again = as_subscriber.post(renew_url, sent)

    order = Order.objects.get()
    assert again.url == reverse("billing:order", args=[order.public_id])
    assert Charge.objects.count() == 1


def test_the_same_form_sent_again_after_the_price_changed_is_the_same_order(as_subscriber, plan, renew_url, now):
    sent = form()
    first = as_subscriber.post(renew_url, sent)
    PlanPrice.objects.create(plan=plan, currency="USD", amount=1690, valid_from=now)

    again = as_subscriber.post(renew_url, sent)

    assert again.url == first.url
    assert Order.objects.count() == 1


def test_a_price_that_changed_meanwhile_is_shown_and_nothing_is_bought(as_subscriber, plan, renew_url, now):
    PlanPrice.objects.create(plan=plan, currency="USD", amount=1690, valid_from=now)

    answer = as_subscriber.post(renew_url, form())

    assert answer.status_code == 422
    assert "The price is US$16.90 now" in answer.content.decode()
    assert not Order.objects.exists()


def test_the_balance_pays_alone_where_it_covers_the_price(as_subscriber, subscriber, renew_url):
    fund(subscriber, Money(2000, "USD"))

    placed = as_subscriber.post(renew_url, form(pay_with="balance"))

    order = Order.objects.get()
    assert placed.url == reverse("billing:order", args=[order.public_id])
    assert order.paid_at is not None
    assert not Charge.objects.exists()


def test_what_the_balance_paid_is_delivered_at_once(
    as_subscriber, subscriber, renew_url, django_capture_on_commit_callbacks
):
    fund(subscriber, Money(2000, "USD"))

    with django_capture_on_commit_callbacks(execute=True):
        as_subscriber.post(renew_url, form(pay_with="balance"))

    assert Order.objects.get().accepted_at is not None


def test_the_balance_pays_first_and_the_card_the_rest(as_subscriber, subscriber, renew_url):
    fund(subscriber, Money(400, "USD"))

    as_subscriber.post(renew_url, form(use_balance="on"))

    assert Charge.objects.get().money == Money(1090, "USD")


def test_a_balance_spent_meanwhile_is_said_and_nothing_is_lost(as_subscriber, subscriber, renew_url):
    answer = as_subscriber.post(renew_url, form(pay_with="balance"))

    assert answer.status_code == 422
    assert "Your balance does not cover this" in answer.content.decode()
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"pay_with": ""},
        {"pay_with": "pmt_0000000000000000"},
        {"form_key": "not-a-key"},
        {"form_key": ""},
        {"price_seen": ""},
        {"price_seen": "free"},
        {"nickname": "x" * 200},
    ],
    ids=str,
)
def test_a_broken_form_is_shown_again_and_buys_nothing(as_subscriber, renew_url, wrong):
    answer = as_subscriber.post(renew_url, form(**wrong))

    assert answer.status_code == 422
    assert not Order.objects.exists()


def test_the_card_of_somebody_else_pays_nothing(as_subscriber, stranger, renew_url):
    theirs = make.make_method(owner=stranger)

    answer = as_subscriber.post(renew_url, form(pay_with=theirs.public_id))

    assert answer.status_code == 422
    assert not Order.objects.exists()


@pytest.mark.parametrize("plan_id", ["pln_0000000000000000", "'; DROP TABLE", "x" * 500])
def test_a_plan_that_is_not_sold_leads_back_to_the_choice(as_subscriber, line, plan_id):
    url = reverse("billing:renew", args=[line.public_id])

    answer = as_subscriber.get(url, {"plan": plan_id}, follow=True)

    assert answer.redirect_chain[-1][0] == url
    assert "no longer sold" in answer.content.decode()


def test_a_data_pack_needs_a_running_plan(as_subscriber, line):
    make.make_data_pack()

    page = as_subscriber.get(reverse("billing:top_up", args=[line.public_id])).content.decode()

    assert "No plan is running" in page
    assert reverse("billing:renew", args=[line.public_id]) in page


def test_topping_up_adds_to_the_running_plan(as_subscriber, line):
    make.make_allowance(line=line)
    pack = make.make_data_pack()
    url = reverse("billing:top_up", args=[line.public_id])

    page = as_subscriber.get(url, {"plan": pack.public_id}).content.decode()
    as_subscriber.post(url, form(plan=pack.public_id, price_seen="USD:600"))

    assert "15\N{NO-BREAK SPACE}GB until 11\N{NO-BREAK SPACE}Dec\N{NO-BREAK SPACE}2026" in page
    assert (Order.objects.get().kind, Order.objects.get().total) == (Order.Kind.TOP_UP, Money(600, "USD"))


def test_a_plan_is_no_data_pack(as_subscriber, line, plan):
    make.make_allowance(line=line)

    as_subscriber.post(reverse("billing:top_up", args=[line.public_id]), form(plan=plan.public_id))

    assert not Order.objects.exists()


def test_buying_a_new_line_keeps_its_name(as_subscriber, plan):
    as_subscriber.post(reverse("billing:buy", args=[plan.public_id]), form(nickname="Italy trip"))

    order = Order.objects.get()
    assert (order.kind, order.nickname, order.line) == (Order.Kind.NEW_LINE, "Italy trip", None)


def test_who_names_a_line_reads_the_same_of_who_sees_the_name_wherever_it_is(subscriber):
    on_buying = PurchaseForm(owner=subscriber)["nickname"].help_text

    assert on_buying == LineSettingsForm()["nickname"].help_text


def test_money_is_added_by_a_chosen_amount(as_subscriber):
    url = reverse("billing:add_money")

    page = as_subscriber.get(url, {"amount": "20.00"}).content.decode()
    as_subscriber.post(f"{url}?amount=20.00", form(price_seen="USD:2000"))

    assert "a balance of US$20.00" in page
    assert (Order.objects.get().kind, Order.objects.get().total) == (Order.Kind.CREDIT, Money(2000, "USD"))


def test_an_own_amount_counts_before_the_chosen_one(as_subscriber):
    page = as_subscriber.get(reverse("billing:add_money"), {"amount": "20.00", "own_amount": "33.5"})

    assert "Add US$33.50" in page.content.decode()


@pytest.mark.parametrize("amount", ["", "4.99", "500.01", "-20", "1e3", "12.345", "twenty", "９９", "1" * 20])
def test_an_impossible_amount_is_refused_in_words(as_subscriber, amount):
    answer = as_subscriber.get(reverse("billing:add_money"), {"amount": "", "own_amount": amount})

    assert answer.status_code == 422
    assert "US$" in answer.content.decode()


def test_money_is_added_in_another_currency(as_subscriber):
    page = as_subscriber.get(reverse("billing:add_money"), {"currency": "JPY"}).content.decode()

    assert "JP¥2,000" in page


def test_a_plan_is_paid_in_another_currency_at_its_price_there(as_subscriber, line, subscriber):
    plan = make.make_plan(name="Two prices", prices={"USD": 1490, "CNY": 9800, "XAF": 9})
    make.make_promotion(plan_codes=[plan.code])
    path = reverse("billing:renew", args=[line.public_id])

    shelf = as_subscriber.get(path).content.decode()
    here = as_subscriber.get(path, {"plan": plan.public_id}).content.decode()
    there = as_subscriber.get(path, {"plan": plan.public_id, "currency": "CNY"}).content.decode()
    sent = form(price_seen=re.search(r'name="price_seen" value="([^"]+)"', there)[1])
    as_subscriber.post(f"{path}?plan={plan.public_id}&currency=CNY", sent)

    assert 'href="?currency=CNY"' in shelf
    assert f'href="?plan={plan.public_id}&amp;currency=CNY"' in here
    assert "CN¥78.40" in here
    assert "XAF" not in here
    assert "Renew for CN¥78.40" in there
    assert Order.objects.get().total == Money(7840, "CNY")


@pytest.mark.parametrize("name", ["renew", "top_up"])
def test_a_stranger_finds_no_line_to_buy_for(client, stranger, line, plan, name):
    client.force_login(stranger)
    url = reverse(f"billing:{name}", args=[line.public_id])

    assert client.get(url).status_code == 404
    assert client.post(url, form(plan=plan.public_id)).status_code == 404
    assert not Order.objects.exists()


@pytest.mark.parametrize("name", ["renew", "top_up"])
def test_a_visitor_signs_in_first(client, line, name):
    url = reverse(f"billing:{name}", args=[line.public_id])

    assert client.get(url).url == f"{reverse('account_login')}?next={url}"


def test_a_closed_line_is_not_renewed(as_subscriber, line):
    line.service_state = "terminated"
    line.save()

    assert as_subscriber.get(reverse("billing:renew", args=[line.public_id])).status_code == 404


def test_the_gateway_s_page_is_opened_once_however_often_pay_is_followed(as_subscriber, renew_url):
    pay = as_subscriber.post(renew_url, form()).url

    assert as_subscriber.get(pay).url == as_subscriber.get(pay).url
    assert gateways.chosen().look_up(payment_id=Charge.objects.get().gateway_payment_id, key="") is not None


def test_a_form_open_for_a_day_still_buys_at_the_price_it_showed(as_subscriber, renew_url, time_machine, now):
    sent = form()
    time_machine.move_to(now + timedelta(days=1))

    as_subscriber.post(renew_url, sent)

    assert Order.objects.get().total == Money(1490, "USD")


@pytest.mark.parametrize(("state", "is_said"), [("in_flight", True), ("active", False), (None, False)])
def test_who_renews_by_hand_while_auto_renewal_pays_is_told_so(as_subscriber, line, plan, renew_url, state, is_said):
    if state is not None:
        make.make_subscription(line=line, plan=plan, state=state)

    page = as_subscriber.get(renew_url).content.decode()

    assert ("Auto-renewal is paying for the next period right now" in page) is is_said
