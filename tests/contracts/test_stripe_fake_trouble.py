"""The fake of Stripe: what goes wrong on purpose, deliveries and the process itself."""

import http.server
import json
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import stripe

from tests.contracts.stripe_calls import off_session, unconfirmed
from tests.fakes.stripe.fixtures import running_fake
from tests.serving import free_port

pytestmark = pytest.mark.slow

CREATE = "POST /v1/payment_intents"
SECRET, FORMER_SECRET = "whsec_now", "whsec_before"


class Shop:
    """A webhook endpoint that remembers what arrived."""

    def __init__(self):
        self.arrived = []
        self.status = 200
        shop = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                shop.arrived.append((body, self.headers["Stripe-Signature"]))
                self.send_response(shop.status)
                self.end_headers()

            def log_message(self, *_):
                return

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/webhooks/"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def ids(self):
        return [json.loads(body)["id"] for body, _ in self.arrived]


@pytest.fixture
def shop():
    shop = Shop()
    yield shop
    shop.server.shutdown()
    shop.server.server_close()


@pytest.mark.parametrize(
    ("kind", "error", "done"),
    [
        ("rate_limit", stripe.RateLimitError, 0),
        ("lock_timeout", stripe.RateLimitError, 0),
        ("forbidden", stripe.PermissionError, 0),
        ("garbage", stripe.APIError, 0),
        ("error_before", stripe.APIError, 0),
        ("error_after", stripe.APIError, 1),
        ("drop_before", stripe.APIConnectionError, 0),
        ("drop_after", stripe.APIConnectionError, 1),
    ],
)
def test_fault_strikes_before_or_after_the_work(stripe_fake, client, customer, kind, error, done):
    stripe_fake.fault(kind, CREATE, count=1)

    with pytest.raises(error):
        client.v1.payment_intents.create(unconfirmed(customer))

    assert len(stripe_fake.objects("payment_intent")) == done
    assert client.v1.payment_intents.create(unconfirmed(customer)).amount == 500


@pytest.mark.parametrize(("kind", "retried"), [("rate_limit", False), ("lock_timeout", True), ("error_before", True)])
def test_library_tries_again_only_where_told(stripe_fake, customer, kind, retried):
    client = stripe_fake.client(max_network_retries=1)
    stripe_fake.fault(kind, CREATE, count=1)

    if retried:
        client.v1.payment_intents.create(unconfirmed(customer))
    else:
        with pytest.raises(stripe.RateLimitError):
            client.v1.payment_intents.create(unconfirmed(customer))

    assert stripe_fake.calls()[CREATE] == 1 + retried


def test_failure_after_the_work_is_kept_under_its_key(stripe_fake, client, customer):
    stripe_fake.fault("error_after", CREATE, count=1)

    for _ in range(2):
        with pytest.raises(stripe.APIError) as failed:
            client.v1.payment_intents.create(unconfirmed(customer), {"idempotency_key": "one"})

    assert failed.value.http_status == 500
    assert len(stripe_fake.objects("payment_intent")) == 1


def test_dropped_answer_is_found_again_under_its_key(stripe_fake, client, customer):
    stripe_fake.fault("drop_after", CREATE, count=1)
    with pytest.raises(stripe.APIConnectionError):
        client.v1.payment_intents.create(unconfirmed(customer), {"idempotency_key": "one"})

    found = client.v1.payment_intents.create(unconfirmed(customer), {"idempotency_key": "one"})

    assert [one["id"] for one in stripe_fake.objects("payment_intent")] == [found.id]


@pytest.mark.parametrize("kind", ["hang", "hang_after"])
def test_impatient_caller_misses_an_answer_to_work_that_is_done(stripe_fake, customer, kind):
    client = stripe_fake.client(http_client=stripe.RequestsClient(timeout=(1, 0.2)))
    stripe_fake.fault(kind, CREATE, count=1, seconds=1)

    with pytest.raises(stripe.APIConnectionError):
        client.v1.payment_intents.create(unconfirmed(customer))

    deadline = time.monotonic() + 20
    while not stripe_fake.objects("payment_intent") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(stripe_fake.objects("payment_intent")) == 1


def test_faults_strike_by_chance_and_the_same_each_time(stripe_fake, client):
    def struck():
        stripe_fake.reset()
        stripe_fake.fault("error_before", "POST /v1/customers", probability=0.3, seed=7)
        failures = []
        for number in range(20):
            try:
                client.v1.customers.create()
            except stripe.APIError:
                failures.append(number)
        return failures

    assert struck() == struck() != []


def test_down_means_no_answer_until_it_is_over(stripe_fake, client):
    stripe_fake.down()
    for _ in range(2):
        with pytest.raises(stripe.APIConnectionError):
            client.v1.customers.list()
    stripe_fake.clear_faults()

    assert client.v1.customers.list().data == []
    # Not how many were answered: one that hung in the test before may be answered only now.
    assert stripe_fake.answers()["none"] == 2


def test_more_calls_than_the_limit_are_turned_away(stripe_fake, client):
    stripe_fake.limit_rate(1)

    with pytest.raises(stripe.RateLimitError) as refused:
        [client.v1.customers.list() for _ in range(9)]

    assert refused.value.error.code == "rate_limit"
    assert stripe_fake.busiest()["GET /v1/customers"] > 1
    assert len(client.v1.charges.list().data) == 0


def test_letters_are_signed_as_the_library_wants(stripe_fake, client, customer):
    [event] = stripe_fake.events("customer.created")

    body, headers = stripe_fake.letter(event["id"], SECRET, FORMER_SECRET)

    for secret in (SECRET, FORMER_SECRET):
        read = client.construct_event(body, headers["Stripe-Signature"], secret)
        assert (read.type, read.data.object.id, read.api_version) == ("customer.created", customer, stripe.api_version)
    with pytest.raises(stripe.SignatureVerificationError):
        client.construct_event(body, headers["Stripe-Signature"], "whsec_somebody_else")


def test_letter_may_be_old(stripe_fake, client, customer):
    [event] = stripe_fake.events("customer.created")

    body, headers = stripe_fake.letter(event["id"], SECRET, at=datetime.now(UTC) - timedelta(minutes=6))

    with pytest.raises(stripe.SignatureVerificationError):
        client.construct_event(body, headers["Stripe-Signature"], SECRET)


def test_deliveries_are_doubled_and_shuffled(stripe_fake, client, shop):
    for _ in range(6):
        client.v1.customers.create()
    made = [event["id"] for event in stripe_fake.events()]

    statuses = stripe_fake.deliver(shop.url, SECRET, copies=2, shuffled=7)

    assert statuses == [200] * 12
    assert sorted(shop.ids()) == sorted(made * 2)
    assert shop.ids() != sorted(shop.ids(), key=made.index)


def test_deliveries_to_nobody_are_told(stripe_fake, client, customer):
    assert stripe_fake.deliver(f"http://127.0.0.1:{free_port()}/", SECRET) == [0]


def test_events_are_delivered_as_they_happen(stripe_fake, client, shop):
    stripe_fake.deliver_as_they_happen(shop.url, SECRET, dropped=0.3, doubled=0.3, seed=3)
    for _ in range(10):
        client.v1.customers.create()

    deadline = time.monotonic() + 20
    while stripe_fake.delivered()["waiting"] and time.monotonic() < deadline:
        time.sleep(0.02)

    made = [event["id"] for event in stripe_fake.events()]
    assert 0 < len(set(shop.ids())) < len(made)
    assert len(shop.ids()) > len(set(shop.ids()))


def test_refused_delivery_is_tried_again(stripe_fake, client, shop):
    shop.status = 500
    stripe_fake.deliver_as_they_happen(shop.url, SECRET, tries=3)
    client.v1.customers.create()

    deadline = time.monotonic() + 20
    while stripe_fake.delivered()["waiting"] and time.monotonic() < deadline:
        time.sleep(0.02)

    assert stripe_fake.delivered()["statuses"] == [500, 500, 500]


def test_silenced_event_is_never_generated(stripe_fake, client, customer):
    stripe_fake.silence("payment_intent.succeeded")
    card = stripe_fake.keep_card(customer)
    for _ in range(2):
        intent = client.v1.payment_intents.create(unconfirmed(customer)).id
        client.v1.payment_intents.confirm(intent, off_session(card))

    assert [event["data"]["object"]["id"] for event in stripe_fake.events("payment_intent.succeeded")] == [intent]


def test_events_hold_the_object_as_it_was(stripe_fake, client, customer):
    intent = client.v1.payment_intents.create(unconfirmed(customer)).id
    client.v1.payment_intents.confirm(intent, off_session(stripe_fake.keep_card(customer)))

    told = stripe_fake.events("payment_intent.created", "payment_intent.succeeded")
    states = {event["type"]: event["data"]["object"]["status"] for event in told}

    assert states == {"payment_intent.created": "requires_payment_method", "payment_intent.succeeded": "succeeded"}


def test_clock_stands_where_it_is_set(stripe_fake, client, now):
    stripe_fake.set_clock(now)

    assert client.v1.customers.create().created == int(now.timestamp())
    stripe_fake.set_clock(None)
    assert abs(client.v1.customers.create().created - time.time()) < 60


def test_fake_runs_on_a_port_of_its_own_beside_another(stripe_fake, customer):
    port = free_port()

    with running_fake(port) as other:
        assert other.url == f"http://127.0.0.1:{port}"
        assert other.client().v1.customers.list().data == []


def test_many_threads_are_served_side_by_side(stripe_fake, client, customer):
    card = stripe_fake.keep_card(customer)

    def renew(number):
        intent = client.v1.payment_intents.create(unconfirmed(customer), {"idempotency_key": f"create-{number}"})
        client.v1.payment_intents.confirm(intent.id, off_session(card), {"idempotency_key": f"confirm-{number}"})

    threads = [threading.Thread(target=renew, args=(number % 10,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(stripe_fake.money_taken()) == 10
