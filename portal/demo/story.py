"""The demo, told once: who is there, what they bought, and how they used it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import translation

from accounts import shipped_articles
from accounts.models import User
from accounts.notifications import deliver_due
from billing import agreements, queue_endings
from billing.advising import look_at_lines
from billing.consent import VERSION, consent_text
from billing.consenting import Consent
from billing.models import Order, Subscription
from billing.purchases import find_offer, means
from esim.models import Line, SimProfile
from esim.usage import poll_line
from plans.models import Plan
from portal.demo.cards import take_into_stock
from portal.demo.giving_out import give_out_cards
from portal.demo.helping import ask_for_help, fill_the_desk, judge_articles
from portal.demo.invitations import invite_people, offer_rewards
from portal.demo.news import announce
from portal.demo.outlets import open_outlets
from portal.demo.owing import owe_for_a_pack
from portal.demo.papers import apply_for_cards
from portal.demo.people import STAFF, STRANGER, SUBSCRIBER, make_person
from portal.demo.price_list import make_price_list
from portal.demo.programs import let_programs_in, tell_a_system
from portal.demo.running_low import agree_to_top_ups
from portal.demo.shopping import GOOD_CARD, Shop
from portal.demo.special_offers import THANKS, make_offers
from portal.demo.streaming import line_that_streams
from portal.demo.together import open_a_business, share_in_the_family
from portal.lib.money import Money

PRICES_SINCE = timedelta(days=400)
NO_FUNDS_CARD = "9995"
SOMEWHERE = "198.51.100.24"  # RFC 5737: documentation addresses are nobody's.


def tell(*, shop: Shop, now: datetime) -> None:
    """Make the demo, unless its subscriber has lines already; times count back from `now`."""
    make_price_list(since=now - PRICES_SINCE)
    make_offers(now=now)
    offer_rewards()
    shipped_articles.load(now=now)
    shipped_articles.load_replies()
    open_outlets()
    announce(now=now)
    staff = make_person(STAFF)
    subscriber, stranger = make_person(SUBSCRIBER), make_person(STRANGER)
    if Line.objects.filter(owner=subscriber).exists():
        return
    _line_in_order(subscriber, shop, now=now)
    ask_for_help(subscriber, staff, at=now - timedelta(days=10, hours=1))
    _line_running_low(subscriber, shop, now=now)
    streams = line_that_streams(subscriber, shop, began=now - timedelta(days=3), now=now)
    _use(streams, shop, polls=[now])
    _line_just_bought(subscriber, shop, now=now)
    began = now - timedelta(days=4)
    travel = shop.buy(stranger, "world-3gb-30day", nickname="Travel", at=began, card=GOOD_CARD)
    _use(travel, shop, installed=began, polls=[now])
    apply_for_cards(subscriber, staff, now=now)
    owe_for_a_pack(travel, shop, code="world-1gb-more", at=began + timedelta(hours=2))
    give_out_cards(staff, carrier=shop.carrier.name, now=now)
    fill_the_desk(stranger, staff, travel, now=now)
    judge_articles(now=now)
    share_in_the_family(subscriber, now=now)
    open_a_business(shop=shop, now=now)
    invite_people(subscriber, shop, now=now)
    let_programs_in(owner=subscriber, now=now)
    tell_a_system(now=now)
    take_into_stock(carrier=shop.carrier.name, now=now)
    look_at_lines(now=now)
    deliver_due(now=now)


def _line_in_order(owner: User, shop: Shop, *, now: datetime) -> None:
    """A month, a data pack at the second try, the next month, auto-renewal from then on, and a pack given back."""
    began = now - timedelta(days=35)
    line = shop.buy(owner, "europe-20gb-30day", nickname="Berlin", at=began, card=GOOD_CARD)
    _use(line, shop, installed=began, polls=[now - timedelta(days=18)])
    shop.buy_at_second_try(
        owner, "europe-5gb-more", line=line, declined=NO_FUNDS_CARD, at=now - timedelta(days=10, hours=2)
    )
    _use(line, shop, polls=[now - timedelta(days=7)])
    renewed = now - timedelta(days=6, hours=5)
    shop.buy(owner, "europe-20gb-30day", line=line, at=renewed, coupon=THANKS)
    _agree(line, "europe-20gb-30day", mode=Subscription.Mode.AUTOMATIC, at=renewed + timedelta(minutes=10))
    agree_to_top_ups(owner, line, ip=SOMEWHERE, at=renewed + timedelta(minutes=15))
    _use(line, shop, polls=[now - timedelta(days=4)])
    shop.buy_by_mistake(owner, "europe-1gb-more", line=line, at=now - timedelta(days=3, hours=1))
    _use(line, shop, polls=[now])


def _line_running_low(owner: User, shop: Shop, *, now: datetime) -> None:
    began = now - timedelta(days=27, hours=4)
    line = shop.buy(owner, "north-america-15gb-30day", nickname="Work phone", at=began)
    _use(line, shop, installed=began, polls=[now - timedelta(days=12), now])
    _agree(line, "north-america-15gb-30day", mode=Subscription.Mode.ASK, at=now - timedelta(hours=3))


def _line_just_bought(owner: User, shop: Shop, *, now: datetime) -> None:
    shop.add_money(owner, Money(3000, owner.currency), at=now - timedelta(days=20))
    line = shop.buy_from_balance(
        owner, "japan-unlimited-7day", nickname="Tokyo in spring", at=now - timedelta(minutes=50)
    )
    _use(line, shop, polls=[now])
    shop.queue(owner, "japan-10gb-15day", line=line, at=now - timedelta(minutes=40))
    shop.queue(owner, "east-asia-20gb-30day", line=line, at=now - timedelta(minutes=30))
    queue_endings.take_in(now=now)


def _use(line: Line, shop: Shop, *, polls: Iterable[datetime], installed: datetime | None = None) -> None:
    """Install the SIM, if told so, and let the network report what was used until each poll."""
    if installed is not None:
        SimProfile.objects.filter(line=line).update(code_shown_at=installed + timedelta(minutes=2))
    for moment in polls:
        line.refresh_from_db()
        poll_line(line=line, carrier=shop.carrier, now=moment)


def _agree(line: Line, code: str, *, mode: Subscription.Mode, at: datetime) -> None:
    """Have the owner agree to auto-renewal with the card they keep: by itself, or after a question."""
    owner = line.owner
    plan = Plan.objects.get(code=code)
    offer = find_offer(plan_id=plan.public_id, kind=Order.Kind.RENEWAL, currency=owner.currency, now=at)
    card = means(user=owner, price=offer.price, now=at).methods[0]
    with translation.override(owner.language):
        text = consent_text(offer=offer, pay_from=Subscription.PayFrom.METHOD, method=card, mode=mode)
    consent = Consent(
        plan=plan,
        price=offer.price,
        pay_from=Subscription.PayFrom.METHOD,
        method=card,
        mode=mode,
        text=text,
        version=VERSION,
        ip=SOMEWHERE,
    )
    agreements.turn_on(line=line, consent=consent, actor=owner, now=at)
