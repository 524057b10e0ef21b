"""Webhooks that are not from Stripe, not for us, or not recent: nothing of them is kept."""

from datetime import UTC, datetime, timedelta

from django.test import Client, override_settings

from billing.models import GatewayEvent
from tests.faults.figures.posting import HUNG_UP, Post, post_all
from tests.faults.figures.scenery import open_pages
from tests.faults.figures.stage import Stage

PATH = "/webhooks/stripe/"
ANOTHER_SECRET = "whsec_of_another_endpoint"
SIGNATURE = "Stripe-Signature"
HOST = "127.0.0.1"
BIG = 10 * 1024 * 1024


def measure(stage: Stage) -> None:
    report = stage.report
    with stage.scene("forged") as scene:
        [charge] = open_pages(1, now=scene.now)
        stage.stripe.pay(charge.gateway_payment_id)
        [paid] = stage.stripe.events("payment_intent.succeeded")
        forged = forgeries(stage, paid["id"])
        answers = post_all(stage.portal.port, forged, at_once=1)
        *small, big = (answer.status for answer in answers)
        refused = small.count(400) + (big in {413, HUNG_UP}) + refused_without_secrets(stage, paid["id"])
        report.gate("forged_refused", refused, "webhooks", exactly=len(forged) + 2)
        report.gate("forged_rows", GatewayEvent.objects.count(), "rows", exactly=0)
        assert post_inside(signed(stage, paid["id"])) == 202
        report.control("forged_rows", GatewayEvent.objects.count(), "rows", more_than=0)
        scene.wait(timedelta(minutes=1))
        scene.tick()


def forgeries(stage: Stage, event: str) -> list[Post]:
    """Return letters that must be refused, the last one for its size."""
    now = datetime.now(UTC)
    good = signed(stage, event)
    unsigned = {name: value for name, value in good.headers.items() if name != SIGNATURE}
    timestamp = good.headers[SIGNATURE].partition(",")[0]
    altered = good.body.replace(b'"amount": 1490', b'"amount": 1')
    assert altered != good.body
    return [
        Post(path=PATH, body=good.body, headers={**unsigned, SIGNATURE: f"{timestamp},v1={'0' * 64}"}),
        Post(path=PATH, body=good.body, headers=unsigned),
        Post(path=PATH, body=altered, headers=good.headers),
        signed(stage, event, at=now - timedelta(seconds=301)),
        signed(stage, event, at=now + timedelta(minutes=10)),
        signed(stage, event, secret=ANOTHER_SECRET),
        signed(stage, event, secret=""),
        Post(path=PATH, body=good.body + b" " * BIG, headers=good.headers),
    ]


def signed(stage: Stage, event: str, *, secret: str | None = None, at: datetime | None = None) -> Post:
    body, headers = stage.stripe.letter(event, stage.secret if secret is None else secret, at=at)
    return Post(path=PATH, body=body, headers=headers)


def refused_without_secrets(stage: Stage, event: str) -> int:
    """Count the refusals of a portal whose operator has configured an empty secret, or none."""
    empty = signed(stage, event, secret="")
    refused = 0
    for secrets in ([""], []):
        with override_settings(STRIPE_WEBHOOK_SECRETS=secrets):
            refused += post_inside(empty) == 400
    return refused


def post_inside(post: Post) -> int:
    headers = {name: value for name, value in post.headers.items() if name != "Content-Type"}
    return (
        Client(HTTP_HOST=HOST).post(post.path, post.body, content_type="application/json", headers=headers).status_code
    )
