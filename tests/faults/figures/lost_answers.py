"""Stripe takes the money and its answer gets lost: taken once all the same, also after Stripe has forgotten our keys."""

from datetime import timedelta

from billing import charges, reconciliation, renewals
from billing.models import Charge, LedgerEntry, Order
from tests.fakes.stripe.client import StripeFake
from tests.faults.figures.one_step import OneStepGateway
from tests.faults.figures.scenery import PRICE, due_renewals
from tests.faults.figures.stage import Scene, Stage, crowd

UNTIL_KEYS_ARE_FORGOTTEN = timedelta(hours=25)
UNTIL_LOOKED_AFTER = timedelta(minutes=6)
MOST_ROUNDS = 7
AN_HOUR = timedelta(hours=1)
MOST_TICKS = 30
WORKERS = 10


def measure(stage: Stage) -> None:
    count, report = stage.sized(1000, quick=40), stage.report
    with stage.scene("charges") as scene:
        charge_in_trouble(stage, scene, count=count)
        report.figure("charges_answer_lost", Charge.objects.open().count(), "charges")
        report.figure("charges_rounds", replay(scene), "rounds")
        stage.stripe.clear_faults()
        deliver(scene, count=count)
        taken = stage.stripe.money_taken()
        received = LedgerEntry.objects.filter(kind="received", amount=PRICE)
        report.gate("charges_at_gateway", len(taken), "charges", exactly=count)
        report.gate("charges_recorded", received.values("charge").distinct().count(), "charges", exactly=count)
        report.gate("charges_entries", received.count(), "entries", exactly=count)
        report.gate("charges_delivered", Order.objects.filter(state="fulfilled").count(), "orders", exactly=count)
    with stage.control() as scene:
        scene.gateway = OneStepGateway(stage.stripe.client())
        charge_in_trouble(stage, scene, count=count)
        replay(scene, rounds=1)
        report.control("charges_at_gateway", len(stage.stripe.money_taken()), "charges", more_than=count)


def charge_in_trouble(stage: Stage, scene: Scene, *, count: int) -> None:
    """Renew so many lines while half of the answers get lost, and more goes wrong."""
    due_renewals(stage.stripe, count, now=scene.now)
    make_trouble(stage.stripe, seed=stage.seed)
    crowd(
        WORKERS,
        lambda _number: renewals.renew_due(gateways=scene.gateways, carrier=scene.carrier, now=scene.now),
    )


def make_trouble(stripe: StripeFake, *, seed: int) -> None:
    stripe.fault("rate_limit", probability=0.1, seed=seed)
    stripe.fault("error_after", "POST /v1/payment_intents*", probability=0.1, seed=seed + 1)
    stripe.fault("drop_after", "POST /v1/payment_intents*", probability=0.5, seed=seed + 2)


def replay(scene: Scene, *, rounds: int = MOST_ROUNDS) -> int:
    """Do all again, a day later each time, until no answer is missing; return how often that was.

    Each charge by two workers at once: one has the message that the queue delivered again, without asking first.
    """
    for number in range(rounds):
        if not Charge.objects.open().exists():
            return number
        scene.wait(UNTIL_KEYS_ARE_FORGOTTEN)
        crowd(WORKERS, lambda number: charge_again(scene, share=number // 2))
        scene.wait(UNTIL_LOOKED_AFTER)
        crowd(WORKERS, lambda _number: reconcile(scene))
    return rounds


def deliver(scene: Scene, *, count: int) -> None:
    """Go on until all is delivered: what came to nothing for four days is announced anew, and charged a day later."""
    for _tick in range(MOST_TICKS):
        if Order.objects.filter(state="fulfilled").count() >= count:
            break
        scene.tick()
        scene.wait(AN_HOUR)


def charge_again(scene: Scene, *, share: int) -> None:
    open_charges = Charge.objects.open().select_related("order__owner", "method").order_by("pk")
    for charge in open_charges[share :: WORKERS // 2]:
        charges.charge_saved(charge=charge, gateway=scene.gateway, now=scene.now)


def reconcile(scene: Scene) -> None:
    reconciliation.reconcile_charges(gateway=scene.gateway, now=scene.now)
