from datetime import timedelta

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from billing import charges, gateways
from billing.gateways import sandbox_callbacks
from billing.gateways.base import BadSignature, CardPageRequest, PageRequest, PaymentState, SavedCharge
from billing.gateways.sandbox import SIGNATURE_HEADER, SandboxGateway
from billing.gateways.sandbox_cards import TEST_CARDS
from billing.gateways.sandbox_events import event_of
from billing.models import GatewayEvent, Order, PaymentMethod, SandboxCard, SandboxPayment
from portal.lib.http import sign_body
from portal.lib.money import Money
from tests import make
from tests.billing.books import buy

pytestmark = pytest.mark.django_db


@pytest.fixture
def sandbox():
    return SandboxGateway(secrets=["old", "new"])


def open_page(sandbox, *, customer):
    return sandbox.open_page(
        PageRequest(
            key="chg_1",
            money=Money(1490, "USD"),
            description="Europe 10 GB",
            customer=customer,
            return_url="https://portal.example/back/",
            locale="en",
            expires_at=timezone.now() + timedelta(hours=1),
        )
    )


@pytest.fixture
def page(sandbox):
    """An open payment page of US$14.90."""
    return open_page(sandbox, customer="usr_ada")


def look(sandbox, page):
    return sandbox.look_up(payment_id=page.payment_id, key="")


def pay(client, page, card, **fields):
    return client.post(page.url, {"card": card, **fields})


def keep(client, sandbox, page, card):
    """Pay with a card that is kept, and return what the gateway tells of it."""
    pay(client, page, card, keep="on")
    if look(sandbox, page).state == PaymentState.NEEDS_ACTION:
        client.post(look(sandbox, page).next_url, {"answer": "confirm"})
    return look(sandbox, page).card


def charge_kept(sandbox, card, *, key="chg_2"):
    charge = SavedCharge(
        key=key, money=Money(1490, "USD"), description="x", customer="usr_ada", card_reference=card.reference
    )
    payment_id = sandbox.prepare(charge)
    return sandbox.charge_saved(
        SavedCharge(
            key=key,
            money=charge.money,
            description="x",
            customer="usr_ada",
            card_reference=card.reference,
            payment_id=payment_id,
        )
    )


def test_the_page_shows_amount_cards_and_that_it_is_a_test(client, page):
    html = client.get(page.url).content.decode()

    assert "US$14.90" in html
    assert "Europe 10 GB" in html
    assert "Test mode" in html
    assert all(card.last_four in html for card in TEST_CARDS)


def test_the_page_of_a_key_is_one_page(sandbox, page):
    again = sandbox.open_page(
        PageRequest(
            key="chg_1",
            money=Money(1490, "USD"),
            description="Europe 10 GB",
            customer="usr_ada",
            return_url="https://portal.example/back/",
            locale="en",
            expires_at=timezone.now() + timedelta(hours=1),
        )
    )

    assert again == page


@pytest.mark.parametrize(
    ("card", "state", "code"),
    [
        ("4242", PaymentState.SUCCEEDED, ""),
        ("0002", PaymentState.DECLINED, "generic_decline"),
        ("9995", PaymentState.DECLINED, "insufficient_funds"),
        ("0069", PaymentState.DECLINED, "expired_card"),
        ("4444", PaymentState.PENDING, ""),
        ("0341", PaymentState.SUCCEEDED, ""),
    ],
)
def test_each_card_has_its_outcome(card, state, code, client, sandbox, page):
    response = pay(client, page, card)

    result = look(sandbox, page)
    assert (response.status_code, response["Location"]) == (303, "https://portal.example/back/")
    assert (result.state, result.decline_code) == (state, code)


@pytest.mark.parametrize(("answer", "state"), [("confirm", PaymentState.SUCCEEDED), ("refuse", PaymentState.DECLINED)])
def test_a_bank_that_asks_is_answered_on_a_second_page(answer, state, client, sandbox, page):
    asked = pay(client, page, "3155")
    assert "US$14.90" in client.get(asked["Location"]).content.decode()

    answered = client.post(asked["Location"], {"answer": answer})

    assert answered["Location"] == "https://portal.example/back/"
    assert look(sandbox, page).state == state


def test_paying_later_succeeds_when_the_time_has_come(client, sandbox, page):
    pay(client, page, "4444")
    SandboxPayment.objects.update(completes_at=timezone.now() - timedelta(seconds=1))

    assert look(sandbox, page).state == PaymentState.SUCCEEDED


def test_the_command_can_let_the_time_come(client, sandbox, page, capsys):
    pay(client, page, "4444")
    call_command("deliver_sandbox_callbacks")
    assert look(sandbox, page).state == PaymentState.PENDING

    call_command("deliver_sandbox_callbacks", at=timezone.now() + timedelta(minutes=1))

    assert look(sandbox, page).state == PaymentState.SUCCEEDED
    assert "called back about" in capsys.readouterr().out


def test_going_back_abandons_the_payment(client, sandbox, page):
    response = client.post(page.url, {"leave": "1"})

    assert response["Location"] == "https://portal.example/back/"
    assert look(sandbox, page).state == PaymentState.ABANDONED


def test_paying_twice_is_paid_once_and_goes_back(client, sandbox, page):
    pay(client, page, "4242")

    again = pay(client, page, "0002")

    assert again["Location"] == "https://portal.example/back/"
    assert look(sandbox, page).state == PaymentState.SUCCEEDED


def test_a_form_without_a_card_says_so(client, sandbox, page):
    response = client.post(page.url, {"card": "1234"})

    assert response.status_code == 422
    assert "Choose a test card first." in response.content.decode()
    assert look(sandbox, page).state == PaymentState.PENDING


def test_a_closed_page_cannot_be_paid(client, sandbox, page):
    sandbox.close_page(page.payment_id)

    pay(client, page, "4242")

    assert look(sandbox, page).state == PaymentState.ABANDONED


def test_a_paid_page_cannot_be_closed(client, sandbox, page):
    pay(client, page, "4242")

    assert sandbox.close_page(page.payment_id).state == PaymentState.SUCCEEDED


def test_looking_at_the_page_changes_nothing(client, page):
    client.get(page.url)

    assert SandboxPayment.objects.get().state == "open"


def test_a_guessed_address_is_not_found(client):
    assert client.get(reverse("billing:sandbox_pay", args=["pay_guessed"])).status_code == 404


def test_outside_a_playground_there_is_no_page(client, page, settings):
    settings.PLAYGROUND = False

    assert client.get(page.url).status_code == 404


def test_a_card_is_kept_only_when_the_payer_says_so(client, sandbox, page):
    pay(client, page, "4242")

    assert look(sandbox, page).card is None
    assert not SandboxCard.objects.exists()


def test_who_pays_by_a_link_is_not_offered_to_keep_a_card_and_keeps_none(client, sandbox):
    link = open_page(sandbox, customer="")
    shown = client.get(link.url).content.decode()
    pay(client, link, "4242", keep="on")

    assert 'name="keep"' not in shown
    assert look(sandbox, link).card is None
    assert not SandboxCard.objects.exists()


@pytest.mark.parametrize(
    ("last_four", "state", "code"),
    [
        ("4242", PaymentState.SUCCEEDED, ""),
        ("0341", PaymentState.DECLINED, "insufficient_funds"),
        ("3155", PaymentState.NEEDS_ACTION, "authentication_required"),
    ],
)
def test_a_kept_card_is_charged_without_the_payer(last_four, state, code, client, sandbox, page):
    card = keep(client, sandbox, page, last_four)

    result = charge_kept(sandbox, card)

    assert card.last_four == last_four
    assert (result.state, result.decline_code) == (state, code)


def test_charging_a_kept_card_again_under_one_key_is_one_payment(client, sandbox, page):
    card = keep(client, sandbox, page, "4242")

    assert charge_kept(sandbox, card) == charge_kept(sandbox, card)
    assert SandboxPayment.objects.filter(idempotency_key="chg_2").count() == 1


def test_a_card_kept_twice_is_one_card(client, sandbox, page):
    first = keep(client, sandbox, page, "4242")
    request = CardPageRequest(key="card_page", customer="usr_ada", return_url="/back/", locale="en")
    card_page = sandbox.save_card_page(request)

    pay(client, card_page, "4242")

    assert sandbox.look_up_card(card_page.payment_id) == first


def test_a_forgotten_card_declines(client, sandbox, page):
    card = keep(client, sandbox, page, "4242")

    sandbox.forget_card(card.reference)

    assert charge_kept(sandbox, card).decline_code == "card_gone"


def test_a_payment_that_never_got_there_is_unknown_to_the_sandbox(sandbox):
    assert sandbox.look_up(payment_id="", key="chg_never") is None


def notice(sandbox, *, secret, age=0, body=b'{"id": "evt_1", "kind": "payment.succeeded", "payment_id": "pay_1"}'):
    now = timezone.now()
    signature = sign_body(body, secret, int(now.timestamp()) - age)
    return sandbox.read_event(body=body, headers={SIGNATURE_HEADER: signature}, now=now)


@pytest.mark.parametrize("secret", ["old", "new"])
def test_a_notice_signed_with_either_secret_is_read(secret, sandbox):
    assert notice(sandbox, secret=secret).event_id == "evt_1"


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param({"secret": "other"}, id="another secret"),
        pytest.param({"secret": "old", "age": 301}, id="too old"),
        pytest.param({"secret": "old", "age": -301}, id="from the future"),
        pytest.param({"secret": "old", "body": b"[]"}, id="not an object"),
        pytest.param({"secret": "old", "body": b"{"}, id="not JSON"),
    ],
)
def test_a_forged_notice_is_refused(forged, sandbox):
    with pytest.raises(BadSignature):
        notice(sandbox, **forged)


def test_from_page_to_paid_order(client, line, plan, now):
    charge = buy(line, plan).charges.get()
    sandbox = gateways.chosen()
    url = charges.open_page(charge=charge, gateway=sandbox, return_url="/back/", locale="en", now=now)

    client.post(url, {"card": "4242", "keep": "on"})
    result = sandbox.look_up(payment_id=charge.gateway_payment_id, key="")
    charges.settle(charge_id=charge.pk, result=result, now=now)

    assert Order.objects.get().state == "paid"
    assert PaymentMethod.objects.get().last_four == "4242"


def test_the_callback_arrives_over_http(client, live_server, page, settings):
    pay(client, page, "4242")

    def deliver():
        return sandbox_callbacks.deliver_callbacks(
            url=f"{live_server.url}/webhooks/sandbox/", secret=settings.SANDBOX_WEBHOOK_SECRETS[0], now=timezone.now()
        )

    assert (deliver(), deliver()) == (1, 0)
    assert GatewayEvent.objects.get().payload["key"] == "chg_1"


def test_a_callback_nobody_hears_is_repeated(client, page):
    pay(client, page, "4242")

    taken = sandbox_callbacks.deliver_callbacks(url="http://127.0.0.1:9/", secret="x", now=timezone.now())

    assert taken == 0
    assert SandboxPayment.objects.get().notified_state == ""


def test_an_open_page_is_not_called_back(page, settings):
    assert sandbox_callbacks.deliver_callbacks(url="http://127.0.0.1:9/", secret="x", now=timezone.now()) == 0


def test_outside_a_playground_the_sandbox_is_refused(settings):
    settings.PLAYGROUND = False

    assert "portal.E001" in [message.id for message in run_checks()]


def test_events_name_the_payment(client, page):
    pay(client, page, "0002")

    payment = SandboxPayment.objects.get()
    assert event_of(payment)["payment_id"] == page.payment_id


def test_a_kept_card_that_wants_its_owner_is_confirmed_on_the_page(client, line, plan, sandbox, page, now):
    card = keep(client, sandbox, page, "3155")
    method = make.make_method(owner=line.owner, reference=card.reference)
    charge = buy(line, plan, method=method, off_session=True).charges.get()
    waiting = charges.charge_saved(charge=charge, gateway=sandbox, now=now)

    url = charges.open_page(charge=waiting, gateway=sandbox, return_url="/orders/back/", locale="en", now=now)
    answered = client.post(url, {"answer": "confirm"})
    result = sandbox.look_up(payment_id=waiting.gateway_payment_id, key="")
    charges.settle(charge_id=charge.pk, result=result, now=now)

    assert waiting.state == "needs_action"
    assert answered["Location"] == "/orders/back/"
    assert Order.objects.get().state == "paid"
