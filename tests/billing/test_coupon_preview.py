"""Staff look at a coupon as a buyer who types one of its codes would meet it."""

from datetime import timedelta

import pytest
from django.urls import reverse

from billing import coupon_previews, discounts
from portal.lib.data_size import GB
from portal.lib.money import Money
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(time_machine, now):
    time_machine.move_to(now, tick=False)


def preview(coupon, *, now, currency="USD", plan=None):
    return coupon_previews.preview_of(coupon, plan_id=plan.public_id if plan else "", currency=currency, now=now)


def read(preview):
    """What each plan costs with the coupon, and why it is not applied where it is not."""
    return [(one.quote.price.minor, one.quote.refusal) for one in preview.trials]


def address(coupon):
    return reverse("billing:coupon_preview", args=[coupon.slug])


def test_it_says_for_each_plan_what_is_to_be_paid_or_why_not(now):
    small = make.make_plan(prices={"USD": 1000})
    make.make_plan(prices={"USD": 3000})
    make.make_plan(prices={"EUR": 900})
    make.make_promotion(plan_codes=[small.code], percent=50)
    coupon = make.make_coupon(minimums={"USD": 700})

    shown = preview(coupon, now=now)

    assert read(shown) == [(500, "This code counts from a price of US$7.00."), (2700, "")]
    assert (shown.counts_for, shown.chosen) == (1, shown.trials[1])
    assert read(preview(coupon, now=now, currency="EUR")) == [(900, "This code is not for prices in EUR.")]


@pytest.mark.parametrize(
    ("fields", "read_by_buyers"),
    [
        ({}, ""),
        ({"kind": "amount", "amounts": {"USD": 99_00}}, ""),
        ({"kind": "data", "bonus_bytes": 2 * GB}, ""),
        ({"kind": "period", "free_periods": 2}, ""),
        ({"regions": ["asia"]}, "This code is not for plans of this region."),
        ({"plan_codes": ["another"]}, "This code is not for this plan."),
        ({"kind": "amount", "amounts": {"EUR": 500}}, "This code is not for prices in USD."),
        ({"max_uses": 1, "used": 1}, "This code has been used as often as it can be."),
    ],
)
def test_it_says_what_the_page_that_sells_says(subscriber, now, fields, read_by_buyers):
    plan = make.make_plan()
    make.make_promotion()
    coupon = make.make_coupon(code="AUTUMN", **fields)

    sold = discounts.quote(user=subscriber, plan=plan, price=Money(1490, "USD"), code="AUTUMN", now=now)
    tried = preview(coupon, now=now).trials[0].quote

    assert (tried.refusal, tried.price, tried.terms) == (sold.refusal, sold.price, sold.terms)
    assert sold.refusal == read_by_buyers


def test_one_that_is_to_come_is_tried_as_of_its_first_day(now):
    make.make_plan()
    later = now + timedelta(days=9)
    make.make_promotion(active_until=later - timedelta(days=1))
    coupon = make.make_coupon(active_from=later, is_active=False)

    shown = preview(coupon, now=now)

    assert (shown.at, read(shown)) == (later, [(1341, "")])
    assert "We know no such code. Check how it is written." in dict(shown.for_others).values()


def test_one_that_has_ended_says_so(now):
    make.make_plan()
    coupon = make.make_coupon(active_from=now - timedelta(days=9), active_until=now - timedelta(days=1))

    [(price, refusal)] = read(preview(coupon, now=now))

    assert price == 1490
    assert refusal.startswith("This code expired on")


def test_it_says_what_those_read_who_may_not_use_it(now):
    coupon = make.make_coupon(first_purchase_only=True, max_per_user=1, active_until=now + timedelta(days=1))

    sentences = [sentence for _who, sentence in preview(coupon, now=now).for_others]

    assert "This code is for a first purchase only." in sentences
    assert "You have used this code already." in sentences
    assert any(sentence.startswith("This code expired on") for sentence in sentences)


@pytest.mark.parametrize(
    ("language", "plan", "row"),
    [("en", "Europe", "Coupon …: Autumn"), ("zh-hans", "欧洲", "优惠券 …：秋"), ("zh-hant", "歐洲", "優惠券 …：秋天")],
)
def test_it_is_read_in_the_language_of_the_page(client, staff, language, plan, row):
    make.make_plan(name="Europe", name_zh_hans="欧洲", name_zh_hant="歐洲")
    coupon = make.make_coupon(name="Autumn", name_zh_hans="秋", name_zh_hant="秋天")
    staff.language = language
    staff.save()
    client.force_login(staff)

    page = client.get(address(coupon)).content.decode()

    assert plan in page
    assert row in page


def test_the_page_shows_the_plan_that_was_chosen_and_sells_nothing(client, staff):
    make.make_plan(name="Small", prices={"USD": 1000})
    big = make.make_plan(name="Big", prices={"USD": 2000})
    coupon = make.make_coupon(name="Autumn", code="HIDDEN-CODE")
    client.force_login(staff)

    page = client.get(address(coupon), {"plan": big.public_id}).content.decode()
    change = client.get(reverse("admin:plans_coupon_change", args=[coupon.pk])).content.decode()

    assert "“Autumn” counts for this order." in page
    assert 'aria-current="true">Big' in page
    assert "Only staff see this page." in page
    assert "HIDDEN-CODE" not in page
    assert "Buy for" not in page
    assert address(coupon) in change


@pytest.mark.parametrize("asked", [{"plan": "pln_nothing"}, {"plan": "\x00"}, {"currency": "XXX"}])
def test_nonsense_in_the_address_shows_the_first_plan(client, staff, asked):
    make.make_plan()
    client.force_login(staff)

    assert client.get(address(make.make_coupon()), asked).status_code == 200


def test_without_a_plan_on_sale_it_says_so(client, staff):
    client.force_login(staff)

    assert "No plan is on sale in this currency." in client.get(address(make.make_coupon())).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_it_costs_the_same_for_one_plan_and_three(now, count, django_assert_num_queries):
    for _ in range(count):
        make.make_plan()
    coupon = make.make_coupon()

    with django_assert_num_queries(3):
        preview(coupon, now=now)
