import itertools
import json
from datetime import timedelta
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing import charges
from billing.gateway_events import BACK_OFF, apply_gateway_events
from billing.gateways.base import KeptCard
from billing.models import Charge, GatewayEvent, LedgerEntry, Order, PaymentMethod
from billing.webhooks import LARGEST_BODY_BYTES
from portal.lib.http import sign_body
from tests.billing.books import buy, kinds

pytestmark = pytest.mark.django_db

URL = "/webhooks/sandbox/"


def body_of(event_id="evt_1", *, payment_id="pay_1", kind="payment.succeeded", **extra):
    return json.dumps({"id": event_id, "kind": kind, "payment_id": payment_id, **extra}).encode()


def send(client, body, *, secret, age=0, url=URL, signature=None):
    signature = signature or sign_body(body, secret, int(timezone.now().timestamp()) - age)
    return client.post(url, body, content_type="application/json", headers={"Sandbox-Signature": signature})


@pytest.fixture
def secret(settings):
    settings.SANDBOX_WEBHOOK_SECRETS = ["current", "previous"]
    return "current"


@pytest.fixture
def charge(line, plan, gateway, now):
    """A charge whose payer is on the page."""
    charge = buy(line, plan).charges.get()
    charges.open_page(charge=charge, gateway=gateway, return_url="/back/", locale="en", now=now)
    return charge


def store(event_id, *, payment_id, kind="payment.succeeded", **payload):
    GatewayEvent.objects.insert_once(
        gateway="sandbox",
        event_id=event_id,
        kind=kind,
        about=kind.partition(".")[0],
        payment_id=payment_id,
        payload=payload,
        now=timezone.now(),
    )


def test_a_verified_notice_is_stored_in_one_statement(client, secret):
    with CaptureQueriesContext(connection) as queries:
        response = send(client, body_of(), secret=secret)

    assert response.status_code == 202
    assert [query["sql"].split()[0] for query in queries] == ["INSERT"]
    assert GatewayEvent.objects.get().payload["payment_id"] == "pay_1"


def test_the_same_notice_again_is_stored_once(client, secret):
    answers = {send(client, body_of(), secret=secret).status_code for _time in range(20)}

    assert answers == {202}
    assert GatewayEvent.objects.count() == 1


def test_both_secrets_count_while_they_are_changed(client, secret):
    assert send(client, body_of("evt_1"), secret="current").status_code == 202
    assert send(client, body_of("evt_2"), secret="previous").status_code == 202


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param({"secret": "another"}, id="another secret"),
        pytest.param({"secret": "current", "age": 301}, id="too old"),
        pytest.param({"secret": "current", "age": -301}, id="from the future"),
        pytest.param({"secret": "", "signature": "nonsense"}, id="no signature"),
        pytest.param({"secret": "", "signature": "t=1,v1="}, id="empty signature"),
        pytest.param({"secret": "", "signature": sign_body(b"{}", "current", 4_000_000_000)}, id="another body"),
    ],
)
def test_a_forged_notice_is_refused(forged, client, secret):
    assert send(client, body_of(), **forged).status_code == 400
    assert not GatewayEvent.objects.exists()


def test_an_empty_secret_lets_nobody_in(client, settings):
    settings.SANDBOX_WEBHOOK_SECRETS = [""]

    assert send(client, body_of(), secret="x").status_code == 400


def test_a_huge_body_is_refused_unread(client, secret):
    assert send(client, b"x" * (LARGEST_BODY_BYTES + 1), secret=secret).status_code == 413


class BreaksOff(BytesIO):
    """A body whose sender hangs up."""

    def read(self, *_args):
        raise OSError("connection reset")


def send_raw(client, stream, *, length="", signed=b"", **server):
    """Send what a server would hand on: a stream, and whatever length its sender announced."""
    signature = sign_body(signed, "current", int(timezone.now().timestamp()))
    environ = {"CONTENT_LENGTH": length, "wsgi.input": stream, **server}
    return client.generic("POST", URL, b"x", headers={"Sandbox-Signature": signature}, **environ)


HUGE = b"x" * (LARGEST_BODY_BYTES + 1)
CHUNKED = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}


@pytest.mark.parametrize("length", [str(len(HUGE)), f"+{len(HUGE)}", "9" * 12])
def test_a_huge_body_is_cut_whatever_length_is_announced(length, client, secret):
    stream = BytesIO(HUGE * 4)

    assert send_raw(client, stream, length=length, signed=HUGE).status_code == 413
    assert stream.tell() == LARGEST_BODY_BYTES + 1


@pytest.mark.parametrize("length", ["10", "0", "-1", "many"])
def test_a_body_longer_than_announced_is_not_read_on(length, client, secret):
    stream = BytesIO(HUGE)

    assert send_raw(client, stream, length=length, signed=HUGE).status_code == 400
    assert stream.tell() <= 10
    assert not GatewayEvent.objects.exists()


def test_a_huge_body_in_chunks_is_cut(client, secret):
    stream = BytesIO(HUGE * 4)

    assert send_raw(client, stream, signed=HUGE, **CHUNKED).status_code == 413
    assert stream.tell() == LARGEST_BODY_BYTES + 1


def test_a_notice_in_chunks_is_stored(client, secret):
    assert send_raw(client, BytesIO(body_of()), signed=body_of(), **CHUNKED).status_code == 202
    assert GatewayEvent.objects.count() == 1


@pytest.mark.parametrize("server", [{}, CHUNKED], ids=["announced", "in chunks"])
def test_a_body_that_breaks_off_is_refused(server, client, secret):
    assert send_raw(client, BreaksOff(), length="" if server else "10", **server).status_code == 400


def test_an_unknown_gateway_is_not_found(client, secret):
    assert send(client, body_of(), secret=secret, url="/webhooks/nobody/").status_code == 404


def test_a_gateway_that_is_not_set_up_is_not_found(client, secret):
    assert send(client, body_of(), secret=secret, url="/webhooks/stripe/").status_code == 404
    assert not GatewayEvent.objects.exists()


def test_a_notice_cannot_be_read_with_get(client):
    assert client.get(URL).status_code == 405


def test_a_notice_settles_the_payment_it_is_about(charge, gateway, now):
    gateway.bank_says(charge.gateway_payment_id, "paid")
    store("evt_1", payment_id=charge.gateway_payment_id)

    assert apply_gateway_events(gateway=gateway, now=timezone.now()) == 1
    assert Order.objects.get().state == "paid"
    assert GatewayEvent.objects.get().state == "done"


def test_a_notice_that_lies_is_not_believed(charge, gateway):
    store("evt_1", payment_id=charge.gateway_payment_id, kind="payment.succeeded")

    apply_gateway_events(gateway=gateway, now=timezone.now())

    assert Order.objects.get().state == "pending"


def test_two_notices_about_one_payment_count_once(charge, gateway):
    gateway.bank_says(charge.gateway_payment_id, "paid")
    store("evt_1", payment_id=charge.gateway_payment_id)
    store("evt_2", payment_id=charge.gateway_payment_id, kind="charge.succeeded")

    assert apply_gateway_events(gateway=gateway, now=timezone.now()) == 2
    assert kinds(Order.objects.get()) == ["received", "sold"]


def test_a_notice_that_overtakes_the_answer_finds_its_charge_by_the_key(line, plan, gateway, now):
    charge = buy(line, plan).charges.get()
    gateway.losing = {"open_page"}
    with pytest.raises(charges.PageUnavailable):
        charges.open_page(charge=charge, gateway=gateway, return_url="/back/", locale="en", now=now)
    payment_id = gateway.by_key[charge.public_id]
    gateway.bank_says(payment_id, "paid")
    store("evt_1", payment_id=payment_id, key=charge.public_id)

    apply_gateway_events(gateway=gateway, now=timezone.now())

    assert Charge.objects.get().gateway_payment_id == payment_id
    assert Order.objects.get().state == "paid"


def test_a_notice_that_could_not_be_applied_is_tried_again(charge, gateway):
    gateway.bank_says(charge.gateway_payment_id, "paid")
    store("evt_1", payment_id=charge.gateway_payment_id)
    gateway.down = {"look_up"}
    apply_gateway_events(gateway=gateway, now=timezone.now())
    event = GatewayEvent.objects.get()
    assert (event.state, event.attempts, event.error) == ("failed", 1, "OutcomeUnknown: look_up")

    gateway.down = set()

    assert apply_gateway_events(gateway=gateway, now=timezone.now()) == 0
    assert apply_gateway_events(gateway=gateway, now=timezone.now() + timedelta(minutes=2)) == 1
    assert Order.objects.get().state == "paid"


def test_a_notice_about_nothing_of_ours_stops_no_other(charge, gateway):
    gateway.bank_says(charge.gateway_payment_id, "paid")
    store("evt_1", payment_id="pay_of_another_shop")
    store("evt_2", payment_id=charge.gateway_payment_id)

    assert apply_gateway_events(gateway=gateway, now=timezone.now()) == 1
    assert GatewayEvent.objects.get(event_id="evt_1").state == "failed"


def test_a_notice_about_nothing_of_ours_is_laid_aside_in_the_end(gateway):
    store("evt_1", payment_id="pay_of_another_shop")
    moment = timezone.now()
    for _look in range(len(BACK_OFF)):
        apply_gateway_events(gateway=gateway, now=moment)
        event = GatewayEvent.objects.get()
        assert event.state == "failed"
        moment = event.due_at

    apply_gateway_events(gateway=gateway, now=moment)

    event = GatewayEvent.objects.get()
    assert (event.state, event.error) == ("not_ours", "AboutNothingOfOurs: pay_of_another_shop")
    assert apply_gateway_events(gateway=gateway, now=moment + timedelta(days=9)) == 0


def test_a_notice_whose_gateway_keeps_silent_is_never_laid_aside(charge, gateway):
    gateway.down = {"look_up"}
    store("evt_1", payment_id=charge.gateway_payment_id)
    moment = timezone.now()
    for _look in range(2 * len(BACK_OFF)):
        apply_gateway_events(gateway=gateway, now=moment)
        moment = GatewayEvent.objects.get().due_at

    assert GatewayEvent.objects.get().state == "failed"


def test_a_notice_that_another_worker_has_in_hand_is_left_to_it(charge, gateway):
    gateway.bank_says(charge.gateway_payment_id, "paid")
    store("evt_1", payment_id=charge.gateway_payment_id)
    now = timezone.now()
    look_up = gateway.look_up

    def meanwhile(**named):
        gateway.look_up = look_up
        assert apply_gateway_events(gateway=gateway, now=now) == 0
        return look_up(**named)

    gateway.look_up = meanwhile

    assert apply_gateway_events(gateway=gateway, now=now) == 1
    assert gateway.calls.count("look_up") == 1


def test_a_card_kept_on_its_own_page_is_saved_for_its_owner(gateway, subscriber):
    gateway.kept["set_1"] = KeptCard(
        reference="card_1",
        customer=subscriber.public_id,
        brand="Visa",
        last_four="4242",
        expires_month=12,
        expires_year=2030,
    )
    store("evt_1", payment_id="set_1", kind="card.succeeded")

    apply_gateway_events(gateway=gateway, now=timezone.now())

    assert PaymentMethod.objects.get().owner == subscriber


STORY = ["declined_first", "paid", "paid_again", "stale_pending"]


@pytest.mark.parametrize("order_of_arrival", list(itertools.permutations(STORY)), ids="-".join)
def test_the_order_of_notices_does_not_matter(order_of_arrival, charge, gateway):
    gateway.bank_says(charge.gateway_payment_id, "paid")
    for name in [*order_of_arrival, order_of_arrival[0]]:
        store(f"evt_{name}", payment_id=charge.gateway_payment_id, kind=f"payment.{name}")
        apply_gateway_events(gateway=gateway, now=timezone.now())

    assert Charge.objects.get().state == "succeeded"
    assert LedgerEntry.objects.count() == 2
