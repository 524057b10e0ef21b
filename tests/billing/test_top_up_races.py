"""Many workers over the same rules; the race has a control that shows it can be lost."""

import pytest
from django.db.models import F

from billing import top_up_run
from billing.checkout import Purchase, place_order
from billing.models import Charge, Order, TopUpRule
from portal.lib.data_size import GB
from tests import make
from tests.fakes.crowd import slowed, together, without_constraint

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

CROWD = 8


@pytest.fixture
def rules(subscriber):
    """Five lines with little data left, each with a rule."""
    pack = make.make_data_pack()
    for _number in range(5):
        line = make.make_line(owner=subscriber)
        make.make_profile(line=line)
        make.make_allowance(line=line, used_bytes=9 * GB)
        make.make_top_up_rule(line=line, plan=pack)
    return TopUpRule.objects


def run_together(gateway, carrier, now):
    def one(_number):
        return top_up_run.top_up_low(gateways={gateway.name: gateway}, carrier=carrier, now=now)

    with slowed("billing_topuprule", "UPDATE", seconds=0.02):
        outcomes = together(CROWD, one)
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]


def test_many_workers_buy_once_for_each_rule(rules, gateway, carrier, now):
    run_together(gateway, carrier, now)
    run_together(gateway, carrier, now)

    assert len(gateway.taken) == 5
    assert sorted(Order.objects.values_list("top_up_index", flat=True)) == [1] * 5
    assert set(rules.values_list("state", "next_index")) == {("active", 2)}


def test_control_without_the_claim_many_work_on_one_rule(rules, gateway, carrier, now, monkeypatch):
    def take_unasked(wanted, *, now, limit):
        found = list(wanted.order_by("pk").select_related("owner", "line", "plan", "method", "agreement")[:limit])
        TopUpRule.objects.filter(pk__in=[one.pk for one in found]).update(state="in_flight", fence=F("fence") + 1)
        for one in found:
            one.refresh_from_db(fields=["state", "fence"])
        return found

    monkeypatch.setattr(top_up_run, "claim", take_unasked)
    with slowed("billing_topuprule", "UPDATE", seconds=0.05):
        taken = together(CROWD, lambda _number: [one.pk for one in top_up_run.claim(
            top_up_run.due(TopUpRule.Kind.DATA, now=now), now=now, limit=100)])  # fmt: skip

    ids = [pk for batch in taken for pk in batch]
    assert len(ids) > len(set(ids))


def purchase_of(rule, number):
    return Purchase(
        owner=rule.owner,
        kind=Order.Kind.TOP_UP,
        line=rule.line,
        plan=rule.plan,
        price=rule.agreed_price,
        form_key=f"top-up-race-{number}",
        gateway="sandbox",
        method=rule.method,
        top_up_rule=rule,
        top_up_index=1,
    )


def place_together(rule):
    with slowed("billing_order", "INSERT", seconds=0.05):
        return together(CROWD, lambda number: place_order(purchase=purchase_of(rule, number), now=make.NOW))


def test_one_purchase_of_a_rule_is_one_order_whoever_places_it(rules):
    placed = place_together(rules.first())

    assert len({order.pk for order in placed}) == 1


def test_control_without_the_constraint_it_is_many(rules):
    def clean_up():
        Charge.objects.all().delete()
        Order.objects.all().delete()

    with without_constraint(Order, "order_one_a_top_up", clean_up=clean_up):
        place_together(rules.first())

        assert Order.objects.count() > 1
