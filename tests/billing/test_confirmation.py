"""Above a limit, a saved card or the balance pays only after a fresh proof; nothing of the form is lost."""

import re
import uuid

import pytest
from django.core import mail
from django.db.models import Q
from django.urls import reverse

from billing.confirmation import A_DAY, needs_proof, payment_needs_proof
from billing.models import Charge, Order
from portal.lib.money import Money
from tests import make
from tests.billing.books import buy, fund

pytestmark = pytest.mark.usefixtures("at_now")

PROOF = reverse("account_reauthenticate")
PRICE = Money(9900, "USD")


@pytest.fixture
def plan(db):
    """A dear plan: US$99.00."""
    return make.make_plan(prices={"USD": PRICE.minor})


@pytest.fixture
def renew_url(line, plan):
    return reverse("billing:renew", args=[line.public_id]) + f"?plan={plan.public_id}"


@pytest.fixture
def card(subscriber):
    return make.make_method(owner=subscriber, is_default=True)


def form(**fields):
    return {"form_key": str(uuid.uuid4()), "price_seen": "USD:9900", "pay_with": "new", **fields}


def prove(client, asked):
    """Give the password on the page that asked for it, as the browser does."""
    onward = client.get(asked.url).context["redirect_field_value"]
    return client.post(PROOF, {"password": make.PASSWORD, "next": onward})


@pytest.mark.parametrize(
    ("money", "asks"),
    [
        (Money(5000, "USD"), False),
        (Money(5001, "USD"), True),
        (Money(7500, "JPY"), False),
        (Money(7501, "JPY"), True),
        (Money(1, "ISK"), True),
    ],
    ids=str,
)
def test_the_limit_is_an_amount_of_each_currency(money, asks):
    assert needs_proof(money) is asks


def test_the_operator_sets_the_limit(settings):
    settings.PORTAL_CONFIRM_ABOVE = {"USD": Money(10000, "USD")}

    assert not needs_proof(PRICE)


@pytest.mark.parametrize("pay_with", ["card", "balance", "another card later"])
def test_much_in_small_parts_asks_like_much_at_once(as_subscriber, subscriber, card, line, pay_with):
    """A stolen session would else pay for a line of its thief's, fifty dollars at a time."""
    small = make.make_plan(prices={"USD": 4900})
    url = reverse("billing:renew", args=[line.public_id]) + f"?plan={small.public_id}"
    fund(subscriber, Money(100_000, "USD"))
    with_what = {"card": card.public_id, "balance": "balance"}.get(pay_with, "new")

    def part():
        answer = as_subscriber.post(url, form(price_seen="USD:4900", pay_with=with_what))
        if with_what == "new":
            order = Order.objects.latest("pk")
            answer = as_subscriber.post(reverse("billing:pay", args=[order.public_id]), {"pay_with": card.public_id})
        return answer

    answers = [part() for _ in range(4)]

    assert [answer.url.startswith(PROOF) for answer in answers] == [False, False, False, True]
    paid = Order.objects.filter(Q(wallet_amount=4900) | Q(charges__method=card)).distinct()
    assert paid.count() == 3
    prove(as_subscriber, answers[-1])
    assert paid.all().count() == 4


def test_the_last_form_that_asks_for_nothing_may_be_sent_twice(as_subscriber, card, line):
    """What it has bought itself is not what it would be one too many for."""
    small = make.make_plan(prices={"USD": 4900})
    url = reverse("billing:renew", args=[line.public_id]) + f"?plan={small.public_id}"
    forms = [form(price_seen="USD:4900", pay_with=card.public_id) for _ in range(3)]
    *_, last = [as_subscriber.post(url, sent).url for sent in forms]

    again = as_subscriber.post(url, forms[-1]).url

    assert again == last == reverse("billing:order", args=[Order.objects.latest("pk").public_id])
    assert Order.objects.count() == 3


def test_what_was_paid_by_itself_or_yesterday_or_never_leaves_room(subscriber, card, line, plan, now):
    of_long_ago = make.make_order(owner=subscriber, amount=14900, wallet_amount=14900, created_at=now - 2 * A_DAY)
    make.make_order(owner=subscriber, amount=14900, wallet_amount=14900, state="cancelled", created_at=now)
    make.make_order(owner=subscriber, amount=14900, wallet_amount=14900, trigger="expiry", created_at=now)
    declined = {"amount": 14900, "state": "declined", "created_at": now}
    make.make_charge(order=make.make_order(owner=subscriber, amount=14900), method=card, **declined)
    on_a_page = make.make_order(owner=subscriber, amount=14900)
    make.make_charge(order=on_a_page, amount=14900, created_at=now)

    assert not payment_needs_proof(Money(5000, "USD"), payer=subscriber, now=now)
    Order.objects.filter(pk=of_long_ago.pk).update(created_at=now)
    assert payment_needs_proof(Money(5000, "USD"), payer=subscriber, now=now)
    assert not payment_needs_proof(Money(5000, "USD"), payer=make.make_user(), now=now)


def test_a_saved_card_pays_after_the_proof_with_the_form_that_was_sent(as_subscriber, card, renew_url):
    asked = as_subscriber.post(renew_url, form(pay_with=card.public_id))
    before = Order.objects.exists()

    answer = prove(as_subscriber, asked)

    order = Order.objects.get()
    assert asked.url.startswith(PROOF)
    assert not before
    assert answer.url == reverse("billing:order", args=[order.public_id])
    assert order.charges.get().method == card


def test_the_balance_pays_after_the_proof(as_subscriber, subscriber, renew_url):
    fund(subscriber, PRICE)

    asked = as_subscriber.post(renew_url, form(pay_with="balance"))
    before = Order.objects.exists()
    prove(as_subscriber, asked)

    assert not before
    assert Order.objects.get().paid_at is not None


def test_a_new_card_needs_no_proof_its_bank_asks(as_subscriber, renew_url):
    placed = as_subscriber.post(renew_url, form())

    assert placed.url == reverse("billing:pay", args=[Order.objects.get().public_id])


def test_a_new_card_beside_the_balance_is_paid_by_the_link_of_the_order(as_subscriber, subscriber, renew_url):
    fund(subscriber, Money(6000, "USD"))

    answer = prove(as_subscriber, as_subscriber.post(renew_url, form(use_balance="on")))

    order = Order.objects.get()
    assert answer.url == reverse("billing:order", args=[order.public_id])
    assert "Go on and pay US$39.00" in as_subscriber.get(answer.url).text


def test_adding_money_by_a_saved_card_asks_too(as_subscriber, card):
    url = f"{reverse('billing:add_money')}?amount=100.00"

    asked = as_subscriber.post(url, form(price_seen="USD:10000", pay_with=card.public_id))
    prove(as_subscriber, asked)

    assert (Order.objects.get().kind, Order.objects.get().total) == (Order.Kind.CREDIT, Money(10000, "USD"))


def test_paying_another_way_by_a_saved_card_asks_too(as_subscriber, card, line, plan):
    order = buy(line, plan, price=PRICE)

    asked = as_subscriber.post(reverse("billing:pay", args=[order.public_id]), {"pay_with": card.public_id})
    before = order.charges.count()
    prove(as_subscriber, asked)

    assert before == 1
    assert order.charges.order_by("pk").last().method == card


def test_within_minutes_of_a_proof_nothing_is_asked_again(as_subscriber, card, renew_url):
    prove(as_subscriber, as_subscriber.post(renew_url, form(pay_with=card.public_id)))

    again = as_subscriber.post(renew_url, form(pay_with=card.public_id))

    assert again.url == reverse("billing:order", args=[Order.objects.latest("pk").public_id])


def test_a_mailed_code_carries_the_form_on_too(as_subscriber, card, renew_url):
    asked = as_subscriber.post(renew_url, form(pay_with=card.public_id))
    onward = asked.url.partition("next=")[2]
    page = as_subscriber.get(f"{reverse('accounts:confirm_by_code')}?next={onward}")
    address = page.context["redirect_field_value"]

    as_subscriber.post(reverse("accounts:confirm_by_code"), {"send_to": "email", "next": address})
    code = re.search(r"\d{6}", mail.outbox[-1].body).group()
    as_subscriber.post(reverse("accounts:confirm_by_code"), {"code": code, "next": address})

    assert Order.objects.get().charges.get().method == card


def test_a_wrong_password_buys_nothing(as_subscriber, card, renew_url):
    as_subscriber.post(renew_url, form(pay_with=card.public_id))

    as_subscriber.post(PROOF, {"password": "wrong", "next": renew_url})

    assert not Order.objects.exists()


def test_a_form_left_waiting_is_not_sent_by_proving_for_another_page(as_subscriber, card, renew_url):
    as_subscriber.post(renew_url, form(pay_with=card.public_id))

    answer = as_subscriber.post(PROOF, {"password": make.PASSWORD, "next": "/settings/"})

    assert answer.url == "/settings/"
    assert not Order.objects.exists()


def test_a_form_left_waiting_for_long_is_shown_again_instead(as_subscriber, card, renew_url, time_machine, now):
    as_subscriber.post(renew_url, form(pay_with=card.public_id))
    time_machine.shift(1000)

    answer = as_subscriber.post(PROOF, {"password": make.PASSWORD, "next": renew_url})

    assert answer.url == renew_url
    assert not Order.objects.exists()


def test_looking_at_another_guarded_page_lets_go_of_the_form(as_subscriber, card, line, plan, renew_url):
    make.make_allowance(line=line, plan=plan)
    as_subscriber.post(renew_url, form(pay_with=card.public_id))
    as_subscriber.get(reverse("billing:agree", args=[line.public_id]))

    as_subscriber.post(PROOF, {"password": make.PASSWORD, "next": renew_url})

    assert not Order.objects.exists()


def test_a_proof_given_twice_buys_once(as_subscriber, card, renew_url):
    asked = as_subscriber.post(renew_url, form(pay_with=card.public_id))

    prove(as_subscriber, asked)
    prove(as_subscriber, asked)

    assert Order.objects.count() == Charge.objects.count() == 1


def test_a_form_refused_after_the_proof_is_shown_where_it_can_be_sent_again(
    as_subscriber, subscriber, card, plan, renew_url
):
    asked = as_subscriber.post(renew_url, form(pay_with=card.public_id))
    card.removed_at = card.created_at
    card.save()

    answer = prove(as_subscriber, asked)

    assert answer.status_code == 422
    assert f'action="{renew_url}"' in answer.text


def test_agreeing_to_auto_renewal_is_carried_on_with_the_box_ticked(as_subscriber, card, line, plan, time_machine):
    make.make_allowance(line=line, plan=plan)
    address = reverse("billing:agree", args=[line.public_id]) + f"?plan={plan.public_id}&source={card.public_id}"
    as_subscriber.post(PROOF, {"password": make.PASSWORD, "next": address})
    sentence = as_subscriber.get(address).context["terms"].sentence
    time_machine.shift(400)

    wishes = {"plan": plan.public_id, "source": card.public_id, "sentence_seen": sentence, "agreed": "on"}
    answer = prove(as_subscriber, as_subscriber.post(address, wishes))

    assert answer.url == reverse("billing:auto_renewal", args=[line.public_id])
    line.subscription.refresh_from_db()
    assert line.subscription.mode == "automatic"
