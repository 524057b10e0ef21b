"""Cards near the end of their validity: their owners are told, and an expired one stops being the default."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from accounts import notice_sets
from accounts.notice_sets import Draft, Recipient, draft
from billing.methods import replace_expired_default
from billing.models import PaymentMethod, PaymentMethodQuerySet, Subscription, SubscriptionQuerySet, TopUpRule
from portal.lib.rungs import rung_reached

EXPIRY_DAYS = (30, 7)
"""How long before the last day of a card its owner is told."""
PAGE = 500


def remind_about_cards(*, now: datetime, dry_run: bool = False) -> list[Draft]:
    """Write the notices about cards that expire soon into the outbox and return those not written before.

    Told are owners of a card that is their default, that an auto-renewal or a top-up rule is paid with, or that is to
    pay where another one says no.
    """
    told: list[Draft] = []
    for page in _pages(_expiring(now)):
        drafts = list(_reminders(page, now=now))
        told += notice_sets.untold(drafts) if dry_run else notice_sets.write(drafts, now=now)
    return told


def look(ids: Sequence[int], *, now: datetime) -> Iterator[Draft]:
    """Return what there is to tell about these cards now."""
    return _reminders(list(_expiring(now).filter(pk__in=ids)), now=now)


def replace_expired_defaults(*, now: datetime, dry_run: bool = False) -> list[PaymentMethod]:
    """Make another card the default where the default has expired; return the defaults that made way.

    One without a successor stays: there is nothing better to offer.
    """
    # A day later than anywhere: the last day of a card ends where its owner is.
    yesterday = (now - timedelta(days=1)).date()
    others = PaymentMethod.objects.chargeable(now.date()).filter(owner=OuterRef("owner"))
    chargeable = PaymentMethod.objects.chargeable(yesterday)
    expired = PaymentMethod.objects.usable().filter(Exists(others), is_default=True).exclude(pk__in=chargeable)
    due = list(expired.order_by("pk")[:PAGE])
    return due if dry_run else [method for method in due if replace_expired_default(method=method, now=now)]


def _expiring(now: datetime) -> PaymentMethodQuerySet:
    # Each day between them: February is shorter than the time that is looked ahead.
    days = (now + timedelta(days=ahead) for ahead in range(-1, max(EXPIRY_DAYS) + 2))
    months = {(day.year, day.month) for day in days}
    ends_soon = Q()
    for year, month in months:
        ends_soon |= Q(expires_year=year, expires_month=month)
    renews = _renewing().filter(method=OuterRef("pk"))
    backs_up = _renewing().filter(backup_method=OuterRef("pk"))
    tops_up = TopUpRule.objects.standing().filter(method=OuterRef("pk"))
    return (
        PaymentMethod.objects.usable()
        .filter(ends_soon)
        .filter(Q(is_default=True) | Exists(renews) | Exists(backs_up) | Exists(tops_up))
        .select_related("owner")
    )


def _reminders(page: list[PaymentMethod], *, now: datetime) -> Iterator[Draft]:
    lines, second_for = _lines_by_card(page, "method"), _lines_by_card(page, "backup_method")
    topping_up = set(TopUpRule.objects.standing().filter(method__in=page).values_list("method", flat=True))
    for method in page:
        rung = rung_reached(
            EXPIRY_DAYS,
            days_left=_days(now, until=method.last_day, method=method),
            days_in_all=_days(method.created_at, until=method.last_day, method=method),
        )
        if rung is not None:
            context = {
                "card": str(method),
                "last_date": method.last_day.isoformat(),
                "days_left": _days(now, until=method.last_day, method=method),
                "lines": lines.get(method.pk, []),
                "second_for": second_for.get(method.pk, []),
                "tops_up": method.pk in topping_up,
            }
            # With the month: a card that its bank renewed is announced again when the new one ends.
            key = f"card-{rung}d:{method.public_id}:{method.last_day:%Y-%m}"
            yield draft(recipient=Recipient.of(method.owner), kind="card_expiry", key=key, context=context, now=now)


def _lines_by_card(page: list[PaymentMethod], column: str) -> dict[int, list[str]]:
    lines: dict[int, list[str]] = {}
    for subscription in _renewing().filter(**{f"{column}__in": page}).select_related("line").order_by("pk"):
        lines.setdefault(getattr(subscription, f"{column}_id"), []).append(str(subscription.line))
    return lines


def _renewing() -> SubscriptionQuerySet:
    with_card = Subscription.objects.on()
    return with_card.exclude(pay_from=Subscription.PayFrom.WALLET)


def _days(since: datetime, *, until: date, method: PaymentMethod) -> int:
    return (until - since.astimezone(method.owner.zone).date()).days


def _pages(methods: PaymentMethodQuerySet) -> Iterator[list[PaymentMethod]]:
    after = 0
    while page := list(methods.filter(pk__gt=after).order_by("pk")[:PAGE]):
        yield page
        after = page[-1].pk
