"""What was sold is written down once for each distinct terms, and never rewritten."""

import json
from dataclasses import replace

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from plans.models import SoldTerms
from plans.sold import keep, keep_each
from plans.terms import PlanTerms
from portal.lib.data_size import GB
from tests import make
from tests.fakes.crowd import together

CROWD = 6


@pytest.fixture
def terms(db):
    return PlanTerms.of(make.make_plan(name_zh_hans="欧洲", data_bytes=None, daily_cap_bytes=GB, throttled_kbps=384))


def test_what_is_kept_says_all_that_was_sold(terms):
    kept = keep(terms)
    kept.refresh_from_db()

    assert PlanTerms.of(kept) == terms


def test_the_same_terms_are_kept_once_however_they_are_written(terms):
    read_back = PlanTerms.from_json(dict(sorted(terms.to_json().items(), reverse=True)))

    assert keep(terms) == keep(read_back) == keep(PlanTerms.from_json(json.loads(json.dumps(terms.to_json()))))
    assert SoldTerms.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Renamed"},
        {"name_zh_hant": "歐洲"},
        {"countries": ["FR"]},
        {"countries": []},
        {"code": "another"},
        {"throttled_kbps": 512},
        {"period_count": 31},
        {"period_count": 70_000},
    ],
)
def test_other_terms_are_another_row(terms, change):
    first, other = keep(terms), keep(replace(terms, **change))

    assert first != other
    assert PlanTerms.of(SoldTerms.objects.get(pk=first.pk)) == terms


def test_many_are_kept_in_as_few_queries_as_one(terms):
    many = {number: replace(terms, period_count=number) for number in range(1, 20)} | {
        20: replace(terms, period_count=1)
    }
    with CaptureQueriesContext(connection) as adding:
        kept = keep_each(many)
    with CaptureQueriesContext(connection) as finding:
        again = keep_each(many)

    assert kept == again
    assert (kept[1], SoldTerms.objects.count()) == (kept[20], 19)
    asked = [len([one for one in queries if "plans_soldterms" in one["sql"]]) for queries in (adding, finding)]
    assert asked == [3, 1]


def test_what_was_sold_cannot_be_rewritten(terms):
    kept = keep(terms)

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        SoldTerms.objects.update(name="Nothing much")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        kept.delete()

    assert SoldTerms.objects.get().name == terms.name


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_crowd_that_sells_the_same_for_the_first_time_keeps_one_row():
    terms = [PlanTerms.of(make.make_plan()) for _plan in range(2)]
    two_orders = [dict(enumerate(terms)), dict(enumerate(reversed(terms)))]

    def sell(number):
        with transaction.atomic():
            return {row.pk for row in keep_each(two_orders[number % 2]).values()}

    kept = together(CROWD, sell)

    assert kept == [set(SoldTerms.objects.values_list("pk", flat=True))] * CROWD
    assert SoldTerms.objects.count() == 2
