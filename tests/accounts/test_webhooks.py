"""What the operator's systems are told: signed, until they have it, under one id, and nothing to nobody."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.urls import reverse

from accounts import webhook_deliveries, webhooks
from accounts.models import AuditEvent, WebhookDelivery, WebhookEndpoint, WebhookMessage, WebhookSecret
from accounts.webhook_deliveries import BACK_OFF, deliver_due
from accounts.webhooks import Event
from portal.lib import far_hosts
from portal.lib.http import HttpAnswer, NoAnswer
from tests.portal.lib.test_far_hosts import listening

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
State = WebhookDelivery.State


class Receiver:
    """Stands where a receiver's server would: answers as it is told, and remembers what came."""

    def __init__(self):
        self.answer, self.came = 204, []

    def __call__(self, url, body, headers):
        self.came.append((url, body, headers))
        if self.answer is None:
            raise NoAnswer("ReadTimeoutError")
        return HttpAnswer(self.answer, b"", {})


@pytest.fixture
def receiver():
    return Receiver()


def make_endpoint(*kinds, **fields):
    given = {"name": "Billing", "url": "https://hooks.example/in", "kinds": list(kinds) or ["order.fulfilled"]}
    return WebhookEndpoint.objects.create(**{**given, **fields})


@pytest.fixture
def endpoint():
    return make_endpoint()


def event(number=1, *, now, kind="order.fulfilled"):
    return Event(kind=kind, key=f"{kind}:{number}", data={"order": f"ord_{number}"}, at=now)


def test_a_message_is_signed_as_standard_webhooks_has_it(endpoint, receiver, now):
    secrets = [webhooks.new_secret(endpoint, actor=None, ip=None, now=now) for _ in range(2)]
    webhooks.tell([event(now=now)], now=now)

    assert deliver_due(post=receiver, now=now) == 1

    [(url, body, headers)] = receiver.came
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in reversed(secrets)]
    expected = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys]
    assert headers["webhook-signature"] == " ".join(f"v1,{one}" for one in expected)
    assert json.loads(body) == {"type": "order.fulfilled", "timestamp": now.isoformat(), "data": {"order": "ord_1"}}
    assert url == "https://hooks.example/in"
    assert headers["webhook-id"] == WebhookMessage.objects.get().public_id
    assert all(secret not in str(WebhookSecret.objects.values()) for secret in secrets)


def test_signatures_are_those_of_the_reference(now):
    """The example that the libraries of Standard Webhooks are tested with."""
    message = WebhookMessage(public_id="msg_p5jXN8AQM9LWM0D4loKWxJek")
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    headers = webhooks.signed_headers(
        message, secrets=[secret], body=b'{"test": 2432232314}', now=datetime.fromtimestamp(1614265330, UTC)
    )

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_message_goes_over_the_wire_and_nowhere_inside(endpoint, now):
    with listening() as listener:
        WebhookEndpoint.objects.update(url=f"http://localhost:{listener.port}/in")
        webhooks.tell([event(now=now)], now=now)

        refused = deliver_due(post=far_hosts.post, now=now)
        told = WebhookDelivery.objects.get().error
        arrived = deliver_due(post=partial(far_hosts.post, anywhere=True), now=now + BACK_OFF[0])

        assert (refused, arrived, listener.connections) == (0, 1, 1)
    assert told.startswith("AddressRefused")
    assert WebhookMessage.objects.get().public_id.encode() in listener.seen


def test_one_fact_is_told_once_to_each_who_wants_it(endpoint, now):
    other = make_endpoint("order.fulfilled", "charge.failed", name="Other")
    make_endpoint(name="Asleep", is_active=False)

    told = [webhooks.tell([event(1, now=now), event(2, now=now)], now=now) for _ in range(2)]
    webhooks.tell([event(3, now=now, kind="charge.failed"), event(4, now=now, kind="line.resumed")], now=now)

    assert told == [2, 0]
    assert endpoint.deliveries.count() == 2
    assert other.deliveries.count() == 3
    assert WebhookMessage.objects.count() == 3


@pytest.mark.parametrize("answer", [301, None])
def test_what_was_not_taken_is_sent_again_under_the_same_id(endpoint, receiver, now, answer):
    webhooks.tell([event(now=now)], now=now)
    receiver.answer = answer

    deliver_due(post=receiver, now=now)
    deliver_due(post=receiver, now=now + timedelta(seconds=4))
    receiver.answer = 200
    deliver_due(post=receiver, now=now + timedelta(seconds=5))

    assert len(receiver.came) == 2
    assert len({headers["webhook-id"] for _url, _body, headers in receiver.came}) == 1
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.status, len(delivery.log)) == (State.DELIVERED, 200, 2)
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None


def test_a_worker_that_died_while_sending_is_followed_by_another(endpoint, receiver, now):
    webhooks.tell([event(now=now)], now=now)
    WebhookDelivery.objects.update(state=State.SENDING, due_at=now + webhook_deliveries.LEASE)

    assert deliver_due(post=receiver, now=now) == 0
    assert deliver_due(post=receiver, now=now + webhook_deliveries.LEASE) == 1


def test_after_days_of_trying_a_message_is_given_up_and_can_be_sent_again(endpoint, receiver, now):
    webhooks.tell([event(now=now)], now=now)
    receiver.answer, moment = 500, now
    for wait in [*BACK_OFF, timedelta()]:
        deliver_due(post=receiver, now=moment)
        moment += wait

    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, len(receiver.came)) == (State.GIVEN_UP, len(BACK_OFF) + 1)
    assert moment - now > 3 * DAY
    receiver.answer = 200
    assert webhooks.send_again([delivery.pk], now=moment) == 1
    assert deliver_due(post=receiver, now=moment) == 1


def test_an_endpoint_that_takes_nothing_for_days_is_turned_off(endpoint, receiver, now, caplog):
    receiver.answer = 500
    webhooks.tell([event(1, now=now), event(2, now=now)], now=now)
    deliver_due(post=receiver, now=now)
    deliver_due(post=receiver, now=now + 5 * DAY)

    endpoint.refresh_from_db()
    assert (endpoint.is_active, bool(endpoint.turned_off_because)) == (False, True)
    assert endpoint.public_id in caplog.text
    assert deliver_due(post=receiver, now=now + 6 * DAY) == 0


def test_an_endpoint_that_is_gone_is_turned_off_at_once(endpoint, receiver, now):
    receiver.answer = 410
    webhooks.tell([event(now=now)], now=now)
    deliver_due(post=receiver, now=now)

    assert not WebhookEndpoint.objects.active().exists()


def test_one_that_fails_keeps_nobody_else_waiting(endpoint, now):
    make_endpoint(name="Other", url="https://other.example/")
    webhooks.tell([event(number, now=now) for number in range(3)], now=now)
    asked = []

    def post(url, body, headers):
        asked.append(url)
        return HttpAnswer(500 if "hooks" in url else 200, b"", {})

    assert deliver_due(post=post, now=now) == 3
    assert sum("hooks" in url for url in asked) == 1


def test_what_was_told_long_ago_is_forgotten(endpoint, receiver, now):
    webhooks.tell([event(now=now)], now=now)

    assert webhooks.delete_old(now=now + 29 * DAY) == 0
    assert webhooks.delete_old(now=now + 31 * DAY) == 1
    assert not WebhookDelivery.objects.exists()


ADD = "/admin/accounts/webhookendpoint/add/"
FORM = {"name": "Billing", "url": "https://hooks.example/in", "kinds": ["order.fulfilled"], "is_active": "on"}


def test_staff_see_a_secret_once(client, staff):
    client.force_login(staff)

    answer = client.post(ADD, FORM)

    secret = WebhookSecret.objects.get().value
    assert secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    endpoint = WebhookEndpoint.objects.get()
    page = client.get(reverse("admin:accounts_webhookendpoint_change", args=[endpoint.pk]))
    assert secret not in page.content.decode()
    assert AuditEvent.objects.get(action="webhook_secret.made").actor == staff
    listed = reverse("admin:accounts_webhookendpoint_changelist")
    another = client.post(listed, {"action": "new_secret", "_selected_action": [endpoint.pk]})
    assert endpoint.secrets.order_by("-pk").first().value in another.content.decode()
    client.post(listed, {"action": "drop_old_secrets", "_selected_action": [endpoint.pk]})
    assert secret not in [one.value for one in endpoint.secrets.all()]
    assert endpoint.secrets.count() == 1


def test_staff_are_told_which_addresses_are_none(client, staff):
    client.force_login(staff)

    for url in ("http://hooks.example/", "https://user:pw@hooks.example/"):
        assert client.post(ADD, {**FORM, "url": url}).status_code == 200
    assert not WebhookEndpoint.objects.exists()


def test_staff_send_again_and_try_out(client, staff, endpoint, receiver, now):
    client.force_login(staff)
    listed = reverse("admin:accounts_webhookendpoint_changelist")
    client.post(listed, {"action": "send_test", "_selected_action": [endpoint.pk]})
    webhooks.tell([event(now=now)], now=now)
    WebhookDelivery.objects.update(state=State.GIVEN_UP, attempts=10)

    chosen = list(WebhookDelivery.objects.values_list("pk", flat=True))
    deliveries = reverse("admin:accounts_webhookdelivery_changelist")
    client.post(deliveries, {"action": "send_again", "_selected_action": chosen})

    assert {message.kind for message in WebhookMessage.objects.all()} == {"test", "order.fulfilled"}
    assert WebhookDelivery.objects.filter(state=State.WAITING, attempts=0).count() == 2
    for model in ("webhookdelivery", "webhookmessage"):
        row = WebhookMessage.objects.first() if model == "webhookmessage" else WebhookDelivery.objects.first()
        assert client.get(reverse(f"admin:accounts_{model}_change", args=[row.pk])).status_code == 200
