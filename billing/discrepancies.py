"""Keeping what a comparison found, until a later one or a person resolves it."""

import logging
from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet

from accounts import audit
from accounts.models import User
from billing.comparison import Comparison, Difference, compare, days_due
from billing.gateways.base import OutcomeUnknown, PaymentGateway
from billing.models import ComparedDay, Discrepancy
from portal.lib.ticks import InTime, always

logger = logging.getLogger(__name__)

AGREED = "A later comparison found both sides in agreement."


def compare_days(
    *, gateway: PaymentGateway, now: datetime, days: Iterable[date] | None = None, in_time: InTime = always
) -> list[Comparison]:
    """Compare the days that are due, or these, and keep what they came to; a day that fails is compared later."""
    done = []
    for day in days_due(gateway_name=gateway.name, now=now) if days is None else days:
        if not in_time():
            break
        try:
            comparison = compare(gateway=gateway, day=day, now=now)
            _keep(comparison, gateway_name=gateway.name, now=now)
        except OutcomeUnknown:
            logger.warning("Gateway %s did not tell its movements of %s; it is asked again", gateway.name, day)
        except Exception:
            logger.exception("%s of gateway %s could not be compared; it is tried again", day, gateway.name)
        else:
            done.append(comparison)
    return done


@transaction.atomic
def resolve(*, discrepancy: Discrepancy, note: str, actor: User, ip: str | None, now: datetime) -> bool:
    """Let a person say what became of it; return False where it was resolved already."""
    open_one = Discrepancy.objects.filter(pk=discrepancy.pk, resolved_at__isnull=True)
    if not open_one.update(resolved_at=now, resolved_by=actor, note=note):
        return False
    audit.record(
        actor=actor,
        subject=None,
        action="discrepancy.resolved",
        target=f"discrepancy:{discrepancy.pk}",
        detail={"money": str(discrepancy), "kind": discrepancy.kind, "note": note},
        ip=ip,
        now=now,
    )
    return True


@transaction.atomic
def _keep(comparison: Comparison, *, gateway_name: str, now: datetime) -> None:
    of_the_gateway = Discrepancy.objects.filter(gateway=gateway_name)
    kept = [
        _keep_one(difference, day=comparison.day, rows=of_the_gateway, gateway_name=gateway_name, now=now).pk
        for difference in comparison.differences
    ]
    agreed = of_the_gateway.filter(day=comparison.day, resolved_at__isnull=True).exclude(pk__in=kept)
    agreed.exclude(movement_id__in=comparison.undecided).update(resolved_at=now, note=AGREED)
    ComparedDay.objects.update_or_create(
        gateway=gateway_name,
        day=comparison.day,
        defaults={"movements": comparison.movements, "compared_at": now},
    )


def _keep_one(
    difference: Difference, *, day: date, rows: QuerySet[Discrepancy], gateway_name: str, now: datetime
) -> Discrepancy:
    found, made = Discrepancy.objects.get_or_create(
        gateway=gateway_name,
        kind=difference.kind,
        movement_id=difference.movement_id,
        defaults={
            "is_refund": difference.is_refund,
            "currency": difference.money.currency,
            "amount": difference.money.minor,
            "known": difference.known[:300],
            "day": day,
            "found_at": now,
        },
    )
    if made:
        logger.error("Books differ from %s on %s: %s %s", gateway_name, day, difference.kind, difference.movement_id)
    # What a person resolved stays so; what agreed for a while and differs again is open again.
    rows.filter(pk=found.pk, resolved_at__isnull=False, resolved_by__isnull=True).update(resolved_at=None, note="")
    return found
