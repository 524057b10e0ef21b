"""A gateway that says the same thing a thousand times: heard once."""

from billing.gateway_events import apply_gateway_events
from billing.models import GatewayEvent, LedgerEntry
from tests.fakes.crowd import without_constraint
from tests.faults.figures.posting import Answer, Post, p95_ms, post_all
from tests.faults.figures.scenery import open_pages
from tests.faults.figures.stage import Scene, Stage
from tests.faults.figures.unguarded import unguarded
from tests.servers import Server

AT_ONCE = 50
WORKERS = 4
PATH = "/webhooks/stripe/"


def measure(stage: Stage) -> None:
    copies, report = stage.sized(1000, quick=200), stage.report
    with stage.scene("webhook") as scene:
        warm_up(stage.portal)
        answers = pay_and_hear(stage, scene, server=stage.portal, copies=copies)
        report.figure("webhook_p95", p95_ms(answers), "ms")
        report.gate("webhook_accepted", count_accepted(answers), "answers", exactly=copies)
        report.gate("webhook_rows", GatewayEvent.objects.count(), "rows", exactly=1)
        report.gate("webhook_effects", count_effects(), "effects", exactly=1)
        hear(stage, scene, [event["id"] for event in stage.stripe.events()], server=stage.portal)
        report.gate("webhook_effects_of_all_events", count_effects(), "effects", exactly=1)
        scene.tick()
    with stage.control() as scene, without_constraint(GatewayEvent, "gateway_event_once", clean_up=stage.clear):
        with unguarded():
            pay_and_hear(stage, scene, server=stage.unguarded_portal, copies=100)
        report.control("webhook_rows", GatewayEvent.objects.count(), "rows", more_than=1)
        report.control("webhook_effects", count_effects(), "effects", more_than=1)


def warm_up(server: Server) -> None:
    """Let every thread of the server answer once: what starting takes is not what is measured."""
    post_all(server.port, [Post(path=PATH, body=b"", headers={})] * 4 * AT_ONCE, at_once=AT_ONCE)


def pay_and_hear(stage: Stage, scene: Scene, *, server: Server, copies: int) -> list[Answer]:
    [charge] = open_pages(1, now=scene.now)
    stage.stripe.pay(charge.gateway_payment_id)
    [paid] = stage.stripe.events("payment_intent.succeeded")
    return hear(stage, scene, [paid["id"]] * copies, server=server)


def hear(stage: Stage, scene: Scene, events: list[str], *, server: Server) -> list[Answer]:
    """Deliver these events while workers work on whatever has come."""
    letters = {event: stage.stripe.letter(event, stage.secret) for event in set(events)}
    posts = [Post(path=PATH, body=body, headers=headers) for body, headers in map(letters.get, events)]
    with scene.at_work(WORKERS, lambda now: apply_gateway_events(gateway=scene.gateway, now=now)):
        return post_all(server.port, posts, at_once=AT_ONCE)


def count_accepted(answers: list[Answer]) -> int:
    return sum(answer.status // 100 == 2 for answer in answers)


def count_effects() -> int:
    return LedgerEntry.objects.filter(kind=LedgerEntry.Kind.RECEIVED).count()
