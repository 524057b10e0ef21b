"""How much of a price is tax: whole minor units, nothing lost."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.models import TaxRate
from billing.models.taxes import percent
from billing.tax import included_tax, rate_in, tax_of_part
from portal.lib.money import Money

AMOUNTS = st.integers(min_value=0, max_value=10**15)
RATES = st.integers(min_value=0, max_value=10_000)


@pytest.mark.parametrize(
    ("gross", "basis_points", "tax"),
    [
        (11900, 1900, 1900),  # EUR 119.00 at 19 %
        (1490, 1900, 238),  # 2.3789 … is 2.38
        (1490, 0, 0),
        (0, 1900, 0),
        (1, 1900, 0),
        (1, 10_000, 1),  # half a cent is rounded up
        (110, 1000, 10),  # JPY 110 at 10 %
        (1150, 1500, 150),  # KWD 1.150 at 15 %
        (10_770, 770, 770),
    ],
)
def test_tax_within_a_price(gross, basis_points, tax):
    assert included_tax(gross, basis_points) == tax


@given(gross=AMOUNTS, rate=RATES, currency=st.sampled_from(["JPY", "USD", "KWD"]))
def test_net_and_tax_are_the_price_in_every_currency(gross, rate, currency):
    price, tax = Money(gross, currency), Money(included_tax(gross, rate), currency)
    net = price - tax

    assert net + tax == price
    assert not net.is_negative
    # Exactly net · rate, give or take the half unit that was rounded.
    assert abs(2 * (tax.minor * 10_000 - net.minor * rate)) <= 10_000 + rate


@given(parts=st.lists(AMOUNTS, min_size=1, max_size=6), rate=RATES)
def test_taxes_of_parts_sum_to_the_tax_of_the_whole(parts, rate):
    told = [tax_of_part(part, before=sum(parts[:position]), basis_points=rate) for position, part in enumerate(parts)]

    assert sum(told) == included_tax(sum(parts), rate)
    assert all(0 <= tax <= part for tax, part in zip(told, parts, strict=True))


@pytest.mark.parametrize(("gross", "rate"), [(-1, 100), (100, -1)])
def test_what_is_negative_is_refused(gross, rate):
    with pytest.raises(ValueError, match="negative"):
        included_tax(gross, rate)


def test_the_rate_that_counts_is_the_latest_that_has_begun(db):
    for day, points in ((date(2020, 1, 1), 1600), (date(2026, 7, 1), 1900), (date(2027, 1, 1), 2000)):
        TaxRate.objects.create(country="DE", name="VAT", basis_points=points, starts_on=day)

    assert rate_in("DE", day=date(2026, 6, 30)).basis_points == 1600
    assert rate_in("DE", day=date(2026, 7, 1)).basis_points == 1900
    assert rate_in("DE", day=date(2019, 12, 31)).basis_points == 0
    assert rate_in("FR", day=date(2026, 7, 1)).basis_points == 0


@pytest.mark.parametrize(
    ("basis_points", "text"), [(0, "0%"), (1900, "19%"), (770, "7.7%"), (825, "8.25%"), (5, "0.05%"), (10_000, "100%")]
)
def test_a_rate_is_written_as_people_read_it(basis_points, text):
    assert percent(basis_points) == text
