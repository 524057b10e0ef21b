"""What coupons and promotions took off orders, and who tried codes that do not exist."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from billing.models.orders import Order
from plans.models import Coupon, CouponCode, Promotion
from portal.lib.money import Money
from portal.lib.periods import Period, PeriodUnit

if TYPE_CHECKING:
    from accounts.models import User


class RedemptionQuerySet(models.QuerySet["Redemption"]):
    def live(self) -> "RedemptionQuerySet":
        """Those that count: their order waits for payment, or is paid."""
        return self.exclude(state=Redemption.State.RELEASED)

    def of_user(self, user: "User") -> "RedemptionQuerySet":
        return self.filter(user=user)


class Redemption(models.Model):
    """One coupon or promotion on one order; it copies what it gave, so nothing edited later changes what was sold.

    `price` is what was to be paid before it, `amount` what it took off. `slot` numbers the live uses of a coupon by
    one person, which a coupon with a limit a person has; `is_first_purchase` claims the one first purchase a person
    makes.
    """

    class State(models.TextChoices):
        RESERVED = "reserved", _("waits for payment")
        CONSUMED = "consumed", _("used")
        RELEASED = "released", _("given back")

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="redemptions", verbose_name=_("order"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="redemptions", verbose_name=_("subscriber")
    )
    coupon = models.ForeignKey(
        Coupon,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="redemptions",
        verbose_name=_("coupon"),
    )
    code = models.ForeignKey(
        CouponCode,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="redemptions",
        verbose_name=_("coupon code"),
    )
    promotion = models.ForeignKey(
        Promotion,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="redemptions",
        verbose_name=_("promotion"),
    )
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.RESERVED)
    terms = models.JSONField(_("what it gave"), default=dict, help_text=_("Name and terms of the offer, copied."))
    currency = models.CharField(_("currency"), max_length=3)
    price = models.BigIntegerField(_("price before"))
    amount = models.BigIntegerField(_("taken off"), default=0)
    bonus_bytes = models.BigIntegerField(_("more data (bytes)"), default=0)
    extra_count = models.PositiveIntegerField(_("free periods"), default=0)
    extra_unit = models.CharField(_("period unit"), max_length=5, choices=PeriodUnit.choices, blank=True)
    slot = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    is_first_purchase = models.BooleanField(_("as a first purchase"), default=False, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True, editable=False)

    objects = RedemptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("redemption")
        verbose_name_plural = _("redemptions")
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(coupon__isnull=False), name="redemption_one_coupon_an_order"
            ),
            models.UniqueConstraint(
                fields=["order"], condition=Q(promotion__isnull=False), name="redemption_one_promotion_an_order"
            ),
            models.UniqueConstraint(
                fields=["coupon", "user", "slot"],
                condition=Q(slot__isnull=False) & ~Q(state="released"),
                name="redemption_within_limit_a_person",
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(is_first_purchase=True) & ~Q(state="released"),
                name="redemption_one_first_purchase",
            ),
            models.CheckConstraint(
                condition=Q(coupon__isnull=False, code__isnull=False, promotion__isnull=True)
                | Q(coupon__isnull=True, code__isnull=True, promotion__isnull=False),
                name="redemption_of_one_offer",
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0) & Q(amount__lte=F("price")), name="redemption_within_price"
            ),
            models.CheckConstraint(condition=Q(bonus_bytes__gte=0), name="redemption_data_not_negative"),
            models.CheckConstraint(
                condition=Q(state="reserved") | Q(settled_at__isnull=False), name="redemption_settled_has_time"
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name of the offer in the active language, as it was when it was used."""
        suffix = {"zh-hans": "_zh_hans", "zh-hant": "_zh_hant"}.get(translation.get_language() or "", "")
        return str(self.terms.get(f"name{suffix}") or self.terms.get("name", ""))

    @property
    def code_text(self) -> str:
        return str(self.terms.get("code", ""))

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def price_before(self) -> Money:
        return Money(self.price, self.currency)

    @property
    def extra_period(self) -> Period | None:
        return Period(PeriodUnit(self.extra_unit), self.extra_count) if self.extra_count else None


class CodeAttempt(models.Model):
    """A code that was typed and is not one; `source` is a keyed hash of the address it came from."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        db_index=False,
        related_name="+",
        verbose_name=_("subscriber"),
    )
    source = models.CharField(max_length=64)
    is_customer = models.BooleanField(default=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("code attempt")
        verbose_name_plural = _("code attempts")
        indexes = [
            models.Index(fields=["user", "at"], name="code_attempt_by_user"),
            models.Index(fields=["source", "at"], name="code_attempt_by_source"),
            models.Index(fields=["at"], condition=Q(is_customer=False), name="code_attempt_of_strangers"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.at:%Y-%m-%d %H:%M}"
