"""Rows that are due are gone through in their order, page after page, as long as there is time."""

import pytest

from plans.models import Plan
from portal.lib.due_rows import in_turn
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def plans():
    return [make.make_plan(position=position) for position in (3, 1, 1, 2, 1)]


def test_all_come_in_order_whatever_the_page(plans):
    for size in (1, 2, 3, 5, 9):
        found = in_turn(Plan.objects.all(), order=("position", "pk"), size=size)

        assert [(plan.position, plans.index(plan)) for plan in found] == [(1, 1), (1, 2), (1, 4), (2, 3), (3, 0)]


def test_nothing_begins_once_the_time_is_over(plans):
    looks = iter([True, True, False])

    assert len(list(in_turn(Plan.objects.all(), order=("pk",), in_time=lambda: next(looks), size=2))) == 2


def test_what_moves_on_meanwhile_comes_once(plans):
    seen = []
    for plan in in_turn(Plan.objects.filter(position__lt=9), order=("position", "pk"), size=2):
        Plan.objects.filter(pk=plan.pk).update(position=9)
        seen.append(plan)

    assert len(seen) == len(plans)
