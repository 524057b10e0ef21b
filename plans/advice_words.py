"""An outcome as its page shows it: amounts with a currency, and the sums in words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.utils.translation import get_language, gettext, ngettext

from plans.advice import Candidate, Outcome, replay
from plans.advice_confidence import Confidence
from plans.advice_days import DayUse, History
from plans.advice_steps import Step, steps_of
from plans.catalogue import PlanRow
from plans.promoting import PromotionRow, best_promotion, can_add_to_plans
from portal.lib.money import Money, format_money

SHOWN = 8
MONTH_DAYS = 30


@dataclass(frozen=True, slots=True)
class Sum:
    """One line of the arithmetic."""

    text: str
    money: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Advised:
    """One plan of an advice."""

    outcome: Outcome
    currency: str
    is_present: bool

    @property
    def public_id(self) -> str:
        return self.outcome.public_id

    @property
    def terms(self) -> object:
        return self.outcome.plan.terms

    @property
    def cost(self) -> Money:
        return Money(self.outcome.cost, self.currency)

    @property
    def price(self) -> Money:
        return Money(self.outcome.plan.price, self.currency)

    @property
    def to_pay(self) -> Money:
        """What is asked for it today."""
        asked = self.outcome.plan.to_pay
        return self.price if asked is None else Money(asked, self.currency)

    @property
    def monthly(self) -> Money | None:
        """What thirty of the days cost; None where they are fewer."""
        days = self.outcome.days
        if days < MONTH_DAYS:
            return None
        return Money((2 * self.outcome.cost * MONTH_DAYS + days) // (2 * days), self.currency)

    @property
    def sums(self) -> list[Sum]:
        """What the cost is made of."""
        one, found = self.outcome, []
        if one.periods:
            text = ngettext(
                "%(count)d period of %(period)s at %(price)s",
                "%(count)d periods of %(period)s at %(price)s",
                one.periods,
            )
            told = {"count": one.periods, "period": one.plan.terms.period.describe(), "price": _money(self.price)}
            found.append(Sum(text % told, self.price * one.periods))
        if one.pack and one.packs:
            pack = Money(one.pack.price, self.currency)
            text = gettext("%(count)d × %(pack)s at %(price)s")
            told = {"count": one.packs, "pack": one.pack.terms.label, "price": _money(pack)}
            found.append(Sum(text % told, pack * one.packs))
        if one.part:
            known = sum(entry.money.minor for entry in found)
            found.append(Sum(self._part_words(*one.part), Money(one.cost - known, self.currency)))
        return found

    def _part_words(self, counted: int, length: int) -> str:
        one = self.outcome
        told = {"counted": counted, "length": length, "price": _money(self.price)}
        if not (one.pack and one.part_packs):
            return gettext("%(counted)d of the %(length)d days of a period at %(price)s") % told
        told |= {
            "packs": one.part_packs,
            "pack": one.pack.terms.label,
            "pack_price": _money(Money(one.pack.price, self.currency)),
        }
        text = gettext(
            "%(counted)d of the %(length)d days of a period at %(price)s with %(packs)d × %(pack)s at %(pack_price)s"
        )
        return text % told


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """All plans for known days, the best first. `present` is how the plan at hand does among them."""

    history: History
    confidence: Confidence
    outcomes: Sequence[Outcome]
    present: Outcome | None
    currency: str

    @property
    def days(self) -> int:
        return len(self.history)

    @property
    def first(self) -> date:
        return self.history.days[0].date

    @property
    def last(self) -> date:
        return self.history.days[-1].date

    @property
    def used_bytes(self) -> int:
        return self.history.data.all

    @property
    def daily_bytes(self) -> int:
        return self.used_bytes // self.days if self.days else 0

    @property
    def minutes(self) -> int:
        return self.history.minutes.all

    @property
    def sms(self) -> int:
        return self.history.sms.all

    @property
    def has_too_little(self) -> bool:
        return self.confidence == Confidence.TOO_LITTLE

    @property
    def fitting(self) -> list[Advised]:
        return self._shown([one for one in self.outcomes if one.fits])

    @property
    def falling_short(self) -> list[Advised]:
        return self._shown([one for one in self.outcomes if not one.fits])

    @property
    def fitting_count(self) -> int:
        return sum(one.fits for one in self.outcomes)

    @property
    def left_out(self) -> int:
        """How many more fit than are shown."""
        return self.fitting_count - len(self.fitting)

    def _shown(self, outcomes: Sequence[Outcome]) -> list[Advised]:
        """Wrap the first few, and the present plan wherever it stands."""
        few = [one for place, one in enumerate(outcomes) if place < SHOWN or one is self.present]
        return [self.advised(one) for one in few]

    def advised(self, outcome: Outcome) -> Advised:
        return Advised(outcome=outcome, currency=self.currency, is_present=outcome is self.present)

    def steps(self, public_id: str) -> tuple[Advised, Sequence[Step]] | None:
        """Return a plan with its arithmetic; None where it is not among these."""
        found = next((one for one in self.outcomes if one.public_id == public_id), None)
        return (self.advised(found), steps_of(self.history, found)) if found else None


def advise(
    days: Sequence[DayUse],
    *,
    plans: Sequence[Candidate],
    packs: Sequence[Candidate],
    confidence: Confidence,
    goes_on: bool,
    currency: str,
    present_id: str = "",
) -> Advice:
    """Replay days against plans and wrap what comes out."""
    history = History(days, goes_on=goes_on)
    outcomes = [] if confidence == Confidence.TOO_LITTLE else replay(history, plans, packs=packs)
    present = next((one for one in outcomes if one.public_id == present_id), None)
    return Advice(history=history, confidence=confidence, outcomes=outcomes, present=present, currency=currency)


def candidates(
    rows: Sequence[PlanRow],
    *,
    currency: str,
    countries: frozenset[str],
    goes_on: bool,
    now: datetime,
    promotions: Sequence[PromotionRow] = (),
) -> tuple[list[Candidate], list[Candidate]]:
    """Return plans and data packs that have a price in the currency and work in all of the countries.

    What is bought for once counts with its promotion; what `goes_on` is renewed at the price on the list, and a
    promotion lowers only what is asked for it today.
    """
    plans: list[Candidate] = []
    packs: list[Candidate] = []
    can_add = can_add_to_plans()
    for row in rows:
        listed = row.prices.get(currency)
        if listed is None or not countries.issubset(row.terms.countries):
            continue
        one = Candidate(public_id=row.public_id, terms=row.terms, price=listed)
        price = Money(listed, currency)
        promoted = best_promotion(promotions, terms=row.terms, price=price, can_add=can_add, now=now)
        if promoted:
            to_pay = listed - promoted.effect.off.minor
            once = replace(one, terms=promoted.effect.terms, price=to_pay)
            one = replace(one, to_pay=to_pay) if goes_on else once
        (packs if row.terms.is_data_pack else plans).append(one)
    return plans, packs


def _money(money: Money) -> str:
    return format_money(money, get_language() or "en")
