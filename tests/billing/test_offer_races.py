"""A crowd on one coupon: it is used as often as it may be; each race has a control that shows it can be lost."""

import pytest
from django.db.models import Q

from billing import discounts, redemptions
from billing.checkout import place_order
from billing.invariants import broken_invariants
from billing.models import Charge, Order, Redemption
from billing.redemptions import CouponGone
from plans.models import Coupon, CouponCode
from tests import make
from tests.billing.books import NOW, PRICE, buy, purchase_of
from tests.fakes.crowd import slowed, together, without_constraint

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

HUNDRED, AT_ONCE, TABS = 100, 25, 10


def quote_for(line, plan):
    return discounts.quote(user=line.owner, plan=plan, price=PRICE, code="AUTUMN10", ip=None, now=NOW)


def redeem_together(lines, plan, *, seconds=0.0):
    """Have everybody see the coupon, and then buy at the same moment."""
    seen = [(line, quote_for(line, plan)) for line in lines]
    purchases = [purchase_of(line, plan, price=quote.price, quote=quote) for line, quote in seen]
    # Each thread has a connection, of which a server has a hundred for everybody: the crowd comes in turns of some.
    threads = min(len(purchases), AT_ONCE)
    with slowed("billing_order", "INSERT", seconds=seconds):
        outcomes = together(threads, lambda first: [place(purchase) for purchase in purchases[first::threads]])
    return [one for some in outcomes for one in (some if isinstance(some, list) else [some])]


def place(purchase):
    try:
        return place_order(purchase=purchase, now=NOW)
    except CouponGone as gone:
        return gone


def crowd(size):
    return [make.make_line(owner=make.make_user()) for _ in range(size)]


def placed(outcomes):
    assert all(isinstance(one, Order | CouponGone) for one in outcomes), outcomes
    return sum(isinstance(one, Order) for one in outcomes)


@pytest.fixture
def looks_before_it_counts(monkeypatch):
    """Compare a counter with its limit before, instead of in, the statement that raises it."""
    plain_claim = redemptions._claim

    def claim(order, use, **rest):
        for model, row in ((CouponCode, use.code), (Coupon, use.coupon)):
            if not model.objects.filter(redemptions.IN_LIMIT, pk=row.pk).exists():
                raise CouponGone("used up")
        monkeypatch.setattr(redemptions, "IN_LIMIT", Q())
        return plain_claim(order, use, **rest)

    monkeypatch.setattr(redemptions, "_claim", claim)


def clean_up():
    Redemption.objects.all().delete()
    Charge.objects.all().delete()
    Order.objects.all().delete()
    for model in (CouponCode, Coupon):
        model.objects.update(used=0)


@pytest.mark.parametrize(("in_all", "of_code", "expected"), [(None, 1, 1), (7, None, 7)])
def test_a_hundred_at_once_use_a_coupon_as_often_as_it_may_be(plan, in_all, of_code, expected):
    coupon = make.make_coupon(code="AUTUMN10", max_uses=in_all, code_uses=of_code)

    outcomes = redeem_together(crowd(HUNDRED), plan)

    coupon.refresh_from_db()
    assert placed(outcomes) == Order.objects.count() == Redemption.objects.live().count() == coupon.used == expected
    assert broken_invariants(now=NOW) == {}


def test_control_looking_before_counting_uses_it_more_often(plan, looks_before_it_counts):
    make.make_coupon(code="AUTUMN10", code_uses=1)

    with without_constraint(CouponCode, "code_within_limit", clean_up=clean_up):
        outcomes = redeem_together(crowd(20), plan, seconds=0.05)

        assert placed(outcomes) > 1


def test_ten_tabs_of_one_person_use_it_once(line, plan, subscriber):
    make.make_coupon(code="AUTUMN10", max_per_user=1)

    outcomes = redeem_together([line] * TABS, plan, seconds=0.02)

    assert placed(outcomes) == Redemption.objects.live().count() == 1
    assert broken_invariants(now=NOW) == {}


def test_control_without_slots_ten_tabs_use_it_more_often(line, plan, monkeypatch):
    """Each tab believes the limit that it saw when its page was drawn."""
    monkeypatch.setattr(redemptions, "_free_slot", lambda *_: 0)
    make.make_coupon(code="AUTUMN10", max_per_user=1)

    with without_constraint(Redemption, "redemption_within_limit_a_person", clean_up=clean_up):
        assert placed(redeem_together([line] * TABS, plan)) > 1


def test_without_slots_the_constraint_still_holds(line, plan, monkeypatch):
    monkeypatch.setattr(redemptions, "_free_slot", lambda *_: 0)
    make.make_coupon(code="AUTUMN10", max_per_user=1)

    assert placed(redeem_together([line] * TABS, plan)) == 1


def test_two_first_purchase_coupons_at_once_make_one_first_purchase(line, plan):
    for code in ("WELCOME1", "WELCOME2"):
        make.make_coupon(code=code, first_purchase_only=True)
    quotes = [
        discounts.quote(user=line.owner, plan=plan, price=PRICE, code=code, ip=None, now=NOW)
        for code in ("WELCOME1", "WELCOME2")
    ]

    with slowed("billing_redemption", "INSERT"):
        outcomes = together(2, lambda n: buy(line, plan, price=quotes[n].price, quote=quotes[n]))

    assert placed(outcomes) == 1


def test_guesses_made_at_once_are_counted_each(line, plan):
    def guess(number):
        return discounts.quote(user=line.owner, plan=plan, price=PRICE, code=f"GUESS{number}", ip=None, now=NOW)

    answers = together(30, guess)

    assert sum("no such code" in answer.refusal for answer in answers) == 5
