"""What has changed between the terms agreed to and those of today, side by side."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from billing.models import Subscription
from billing.sales import as_context
from plans.countries import named_countries
from plans.terms import PlanTerms
from portal.lib.data_size import format_bytes, format_speed
from portal.lib.money import Money, format_money


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One term, as it was agreed to and as it is now, in the reader's language."""

    label: str
    old: str
    new: str


def changes_of(subscription: Subscription, *, price: Money | None) -> list[Change]:
    """Return what differs for an auto-renewal; `price` is today's, None where the plan is no longer sold."""
    agreed = subscription.consent_terms
    now = PlanTerms.of(subscription.plan)
    then = PlanTerms.from_json(agreed) if agreed else now
    return changes(then=then, now=now, agreed=subscription.agreed_price, price=price)


def changes(*, then: PlanTerms, now: PlanTerms, agreed: Money, price: Money | None) -> list[Change]:
    """Return what differs, the price first."""
    rows = [] if price is None else [(_("Price"), _money(agreed), _money(price))]
    rows += [(label, old, new) for (label, old), (_label, new) in zip(_facts(then), _facts(now), strict=True)]
    differing = [Change(label=label, old=old, new=new) for label, old, new in rows if old != new]
    return [*differing, *_coverage(then, now)]


def as_letter(subscription: Subscription, *, price: Money | None) -> dict[str, Any]:
    """Return what a letter needs to show the difference in the language of its reader."""
    told: dict[str, Any] = {
        "agreed": as_context(subscription.agreed_price),
        "agreed_terms": subscription.consent_terms or PlanTerms.of(subscription.plan).to_json(),
        "terms": PlanTerms.of(subscription.plan).to_json(),
    }
    return told if price is None else {**told, "price": as_context(price)}


def _facts(terms: PlanTerms) -> Iterator[tuple[str, str]]:
    """Name each term that is a figure; where it comes to nothing, say so."""
    language = get_language() or "en"
    none = _("none")
    yield _("Data"), _("unlimited") if terms.data_bytes is None else format_bytes(terms.data_bytes, language)
    cap = terms.daily_cap_bytes
    yield _("At full speed each day"), format_bytes(cap, language) if cap else _("no daily limit")
    speed = terms.throttled_kbps
    yield _("Speed after that"), format_speed(speed, language) if speed else none
    yield _("Minutes"), str(terms.voice_minutes) if terms.voice_minutes else none
    yield _("SMS"), str(terms.sms_count) if terms.sms_count else none
    yield _("Validity"), terms.period.describe()


def _coverage(then: PlanTerms, now: PlanTerms) -> Iterator[Change]:
    old, new = set(then.countries), set(now.countries)
    if old == new:
        return
    yield Change(label=_("Countries"), old=_count(old), new=_count(new))
    if gone := old - new:
        yield Change(label=_("No longer covered"), old=_names(gone), new=_("none"))
    if added := new - old:
        yield Change(label=_("Newly covered"), old=_("none"), new=_names(added))


def _count(countries: set[str]) -> str:
    return ngettext("%(count)d country", "%(count)d countries", len(countries)) % {"count": len(countries)}


def _names(countries: set[str]) -> str:
    return ", ".join(named_countries(sorted(countries), get_language() or "en"))


def _money(money: Money) -> str:
    return format_money(money, get_language() or "en")
