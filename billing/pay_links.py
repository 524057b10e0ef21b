"""Links with which somebody without an account pays one order: making them, finding them, beginning to pay.

The address holds a random token; the row its keyed hash only, so that who reads the database can't pay, or look.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from billing import charges, paying
from billing.charges import OrderNotPayable
from billing.gateways.base import Gateways, PaymentGateway
from billing.models import Charge, Order, PayLink
from portal.lib.crypto import lookup_hash

OPEN_FOR = timedelta(hours=24)
"""How long an order waits that is placed to be paid by somebody else: they may be asleep."""
A_DAY, A_DAY_AT_MOST = timedelta(days=1), 30
KINDS = frozenset({Order.Kind.NEW_LINE, Order.Kind.RENEWAL, Order.Kind.TOP_UP})


class CannotShare(Exception):
    """The order waits for no payment, or is none that somebody else can be asked to pay."""

    sentence = _("Nobody else can pay this order. Nothing was changed.")


class TooManyLinks(CannotShare):
    sentence = _("You made very many links within a day. Try again tomorrow.")


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link with its token, which is shown once and kept nowhere; never printed."""

    link: PayLink
    token: str

    def __repr__(self) -> str:
        return f"NewLink({self.link})"


def can_share(order: Order) -> bool:
    """Tell whether somebody else can be asked to pay: what renews or buys by itself asks its own card."""
    by_hand = order.subscription_id is None and order.top_up_rule_id is None
    return by_hand and order.state == Order.State.PENDING and order.kind in KINDS


def names_to_show(order: Order) -> list[str]:
    """Return what the payer can be shown of for whom it is: a name, or the end of the number."""
    line = order.line
    number = f"•••• {line.msisdn[-4:]}" if line and line.msisdn else ""
    return [name for name in (line.nickname if line else order.nickname, number, order.owner.full_name) if name]


def make(*, order: Order, by: User, shown_as: str, ip: str | None, now: datetime) -> NewLink:
    """Commit a link to pay an order; the one before it is of no use then. Raises CannotShare."""
    token = secrets.token_urlsafe(24)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=by.pk)
        held = Order.objects.select_for_update(of=("self",)).select_related("owner", "line").get(pk=order.pk, owner=by)
        if not can_share(held) or held.expires_at <= now:
            raise CannotShare
        made = PayLink.objects.filter(order__owner=by, created_at__gt=now - A_DAY)
        if made.count() >= A_DAY_AT_MOST:
            raise TooManyLinks
        PayLink.objects.filter(order=held).standing().update(withdrawn_at=now)
        shown = shown_as if shown_as in names_to_show(held) else ""
        link = PayLink.objects.create(order=held, token_hash=_hash(token), shown_as=shown, created_at=now)
        audit.record(
            actor=by, subject=by, action="order.pay_link_made", target=held.public_id, detail={}, ip=ip, now=now
        )
    return NewLink(link, token)


def withdraw(*, order: Order, by: User, ip: str | None, now: datetime) -> bool:
    """Let nobody begin to pay by link any more; who is on the payment page already can finish. False without one."""
    with transaction.atomic():
        if not PayLink.objects.filter(order=order).standing().update(withdrawn_at=now):
            return False
        audit.record(actor=by, subject=by, action="order.pay_link_withdrawn", target=order.public_id, ip=ip, now=now)
    return True


def link_of(token: str) -> PayLink | None:
    """Return what a link pays, whether it still can or not; None for one that nobody made."""
    about = ("order__owner", "order__line", "order__plan")
    return PayLink.objects.select_related(*about).filter(token_hash=_hash(token)).first()


def latest_charge(link: PayLink) -> Charge | None:
    """Return the last attempt to pay by link."""
    return link.order.charges.filter(by_link=True).order_by("pk").last()


def begin(
    *,
    link: PayLink,
    receipt_email: str,
    language: str,
    return_url: str,
    gateway: PaymentGateway,
    gateways: Gateways,
    now: datetime,
) -> str:
    """Return the page on which to pay, one for all who open it at once; empty where the order is paid meanwhile.

    Without a `receipt_email`, the one that was typed before stays. An attempt of the owner's own is closed first.
    Raises OrderNotPayable, StillBeingChecked, PageUnavailable and PageRefused.
    """
    if not link.is_open(now):
        raise OrderNotPayable
    if receipt_email:
        PayLink.objects.filter(pk=link.pk).update(receipt_email=receipt_email, receipt_language=language)
    under_way = charges.open_charge(link.order)
    if under_way is None:
        # Of two who begin at once, the second is led to the page of the first.
        charges.start_charge(order=link.order, gateway_name=gateway.name, by_link=True, now=now)
    elif not under_way.by_link:
        paying.begin_another_way(
            order=link.order,
            method=None,
            card_consent=None,
            gateway=gateway,
            gateways=gateways,
            by_link=True,
            now=now,
        )
    link.order.refresh_from_db()
    return paying.page_of(
        order=link.order, gateways=gateways, return_url=return_url, locale=language, by_link=True, now=now
    )


def _hash(token: str) -> str:
    return lookup_hash(token, purpose="link to pay")
