"""How requests to Stripe leave: in turn, again after a 429, with what they must carry and nothing else."""

import time
from itertools import islice

import pytest

from billing.gateways.base import OutcomeUnknown
from billing.gateways.stripe_client import api_of
from billing.gateways.stripe_settings import StripeSettings
from billing.gateways.stripe_transport import BACK_OFF_SECONDS, endpoint_of, pause_before
from tests.fakes.stripe.account import TEST_KEY

pytestmark = pytest.mark.slow

CUSTOMERS = "POST /v1/customers"


@pytest.fixture
def api(stripe_fake, settings):
    """Talk to the fake; settings may be given."""

    def make(**given):
        return api_of(
            StripeSettings(
                api_key=TEST_KEY,
                webhook_secrets=(),
                api_version=settings.STRIPE_API_VERSION,
                api_base=stripe_fake.url,
                **{"max_retries": 0, "requests_per_second": 500, **given},
            )
        )

    return make


def make_customer(api, key="customer:1"):
    return api.ask(lambda stripe: stripe.v1.customers.create({"metadata": {"a": "b"}}, {"idempotency_key": key}))


@pytest.mark.parametrize(
    ("method", "url", "endpoint"),
    [
        ("get", "https://api.stripe.com/v1/events?limit=100", "GET /v1/events"),
        ("post", "https://api.stripe.com/v1/payment_intents", "POST /v1/payment_intents"),
        ("post", "https://api.stripe.com/v1/payment_intents/pi_1/confirm", "POST /v1/payment_intents/:id/confirm"),
        ("get", "https://api.stripe.com/v1/payment_intents/pi_1", "GET /v1/payment_intents/:id"),
        ("get", "https://api.stripe.com/v1/checkout/sessions", "GET /v1/checkout/sessions"),
        ("get", "https://api.stripe.com/v1/checkout/sessions/cs_test_a1", "GET /v1/checkout/sessions/:id"),
        ("post", "https://api.stripe.com/v1/checkout/sessions/cs_1/expire", "POST /v1/checkout/sessions/:id/expire"),
        ("get", "https://api.stripe.com/v2/core/events/evt_1/more", "GET /v2/core/events/evt_1/more"),
    ],
)
def test_limits_are_counted_by_endpoint(method, url, endpoint):
    assert endpoint_of(method, url) == endpoint


def test_pauses_grow_and_are_never_the_same():
    pauses = [pause_before(attempt, {}) for attempt in (1, 2, 3, 4)]

    for number, pause in enumerate(pauses):
        assert BACK_OFF_SECONDS * 2**number / 2 <= pause <= BACK_OFF_SECONDS * 2**number
    assert len({pause_before(1, {}) for _ in range(20)}) > 1


@pytest.mark.parametrize(("header", "least"), [("3", 3), ("0", 0), ("soon", 0), ("-1", 0), ("", 0)])
def test_stripe_may_ask_for_a_longer_pause(header, least):
    assert least <= pause_before(1, {"Retry-After": header}) <= max(least, BACK_OFF_SECONDS)


@pytest.mark.parametrize("kind", ["rate_limit", "lock_timeout"])
def test_a_429_is_tried_again_under_the_same_key(api, stripe_fake, kind):
    stripe_fake.fault(kind, CUSTOMERS, count=2)

    make_customer(api())

    assert len(stripe_fake.objects("customer")) == 1
    assert stripe_fake.answers() == {"429": 2, "200": 1}


def test_a_429_without_end_is_unknown_after_a_while(api, stripe_fake):
    stripe_fake.fault("rate_limit", CUSTOMERS)
    start = time.monotonic()

    with pytest.raises(OutcomeUnknown, match="RateLimitError"):
        make_customer(api())

    assert 2 < time.monotonic() - start < 10


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_before", "garbage"])
def test_what_may_have_got_lost_is_repeated_under_the_same_key(api, stripe_fake, kind):
    stripe_fake.fault(kind, CUSTOMERS, count=1)

    make_customer(api(max_retries=1))

    assert len(stripe_fake.objects("customer")) == 1


def test_one_key_is_one_customer(api, stripe_fake):
    assert make_customer(api()) == make_customer(api())


def test_requests_keep_to_the_rate(api, stripe_fake):
    paced = api(requests_per_second=10)
    start = time.monotonic()

    for number in range(10):
        make_customer(paced, key=f"customer:{number}")

    # Five at once, the others a tenth of a second apart.
    assert time.monotonic() - start >= 0.5
    assert stripe_fake.busiest()[CUSTOMERS] <= 15


def test_each_page_of_a_list_takes_a_turn(api, stripe_fake):
    for number in range(5):
        make_customer(api(), key=f"customer:{number}")

    listed = [*api().walk(lambda stripe: stripe.v1.customers.list({"limit": 2}))]

    assert len(listed) == 5
    assert stripe_fake.calls()["GET /v1/customers"] == 3


def test_a_list_is_read_only_as_far_as_it_is_wanted(api, stripe_fake):
    for number in range(5):
        make_customer(api(), key=f"customer:{number}")

    assert len([*islice(api().walk(lambda stripe: stripe.v1.customers.list({"limit": 2})), 2)]) == 2
    assert stripe_fake.calls()["GET /v1/customers"] == 1


def test_one_process_has_one_connection_to_an_account(api):
    assert api() is api()
    assert api() is not api(read_timeout=1)


def test_the_key_is_not_shown_where_settings_are():
    settings = StripeSettings(api_key="rk_live_secret", webhook_secrets=("whsec_secret",), api_version="")

    assert "secret" not in repr(settings)
