"""What offers gave, in words: for the page before payment, the order, its receipt and its invoice."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing.discounts import Quote
from billing.models import Redemption
from plans.effects import Effect
from plans.promoting import Promoted
from portal.lib.data_size import format_bytes
from portal.lib.money import Money
from portal.lib.periods import Period
from portal.lib.saying import say_money


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRow:
    """One offer: what it is, what it gives, and until when it counts where that is known."""

    label: str
    value: str
    off: Money
    until: datetime | None = None


def rows_of_quote(quote: Quote) -> list[OfferRow]:
    rows = []
    if quote.promotion is not None:
        rows.append(row_of_promotion(quote.promotion))
    if quote.coupon is not None:
        effect, label = quote.coupon.effect, _coupon(quote.coupon.code.code, quote.coupon.label)
        rows.append(OfferRow(label=label, value=_given_by(effect), off=effect.off))
    return rows


def row_of_promotion(promoted: Promoted) -> OfferRow:
    effect, row = promoted.effect, promoted.row
    return OfferRow(label=row.label, value=_given_by(effect), off=effect.off, until=row.active_until)


def rows_of(redemptions: Iterable[Redemption]) -> list[OfferRow]:
    return [
        OfferRow(
            label=_coupon(one.code_text, one.label) if one.code_text else one.label,
            value=_given(one.money, bonus_bytes=one.bonus_bytes, extra=one.extra_period),
            off=one.money,
        )
        for one in redemptions
    ]


def _coupon(code: str, name: str) -> str:
    return _("Coupon %(code)s: %(name)s") % {"code": code, "name": name}


def _given_by(effect: Effect) -> str:
    return _given(effect.off, bonus_bytes=effect.bonus_bytes, extra=effect.extra)


def _given(off: Money, *, bonus_bytes: int, extra: Period | None) -> str:
    """Say what was given: "−US$1.49", "1 GB more data", "2 months free"."""
    parts = [say_money(-off)] if off else []
    if bonus_bytes:
        parts.append(_("%(data)s more data") % {"data": format_bytes(bonus_bytes, get_language() or "en")})
    if extra:
        parts.append(_("%(period)s free") % {"period": extra.describe()})
    return " · ".join(parts)
