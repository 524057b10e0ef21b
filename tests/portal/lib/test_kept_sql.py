"""SQL that is written once: it finds and adds what the ORM would."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import DataError, IntegrityError, connection
from django.db.models import F, OuterRef, Subquery
from django.db.utils import NotSupportedError

from billing.models import Charge, Order
from plans.models import Plan, PlanPrice
from portal.lib.kept_sql import KeptInsert, KeptPair, KeptQuery, Slot
from tests import make

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
SEEN_BY_DATABASE = 5
"""After how many times PostgreSQL is asked to keep the plan of a statement (`prepare_threshold`)."""


def plan_with_price():
    prices = PlanPrice.objects.filter(plan=OuterRef("pk"), valid_from__lte=Slot("now")).order_by("-valid_from")
    plans = Plan.objects.filter(public_id=Slot("public_id"), is_active=True)
    return plans.annotate(amount=Subquery(prices.values("amount")[:1]))


def values_of(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_a_kept_query_finds_the_row_that_the_orm_finds():
    plan = make.make_plan(countries=["FR", "IT"])

    found = KeptQuery(plan_with_price).first(public_id=plan.public_id, now=NOW)

    assert values_of(found) == values_of(Plan.objects.get(pk=plan.pk))
    assert isinstance(found.active_from, datetime)
    assert not found._state.adding
    assert not found.get_deferred_fields()


def test_each_call_brings_its_own_values():
    plan = make.make_plan()
    plan.prices.all().delete()
    for amount, begins in [(900, NOW - timedelta(days=2)), (1100, NOW + timedelta(days=2))]:
        PlanPrice.objects.create(plan=plan, currency="EUR", amount=amount, valid_from=begins)
    query = KeptQuery(plan_with_price)

    assert query.first(public_id=plan.public_id, now=NOW).amount == 900
    assert query.first(public_id=plan.public_id, now=NOW + timedelta(days=3)).amount == 1100
    assert query.first(public_id=plan.public_id, now=NOW - timedelta(days=3)).amount is None
    assert query.first(public_id="pln_0000000000000000", now=NOW) is None


def test_rows_come_in_order_and_bring_what_is_related(django_assert_num_queries):
    for name, amount in [("Rome", 900), ("Oslo", 700)]:
        make.make_plan(name=name, prices={"EUR": amount, "USD": 1})
    prices = PlanPrice.objects.select_related("plan").order_by("amount")
    query = KeptQuery(lambda: prices.filter(currency=Slot("currency")))

    with django_assert_num_queries(1):
        found = [(price.amount, price.plan.name) for price in query.all(currency="EUR")]

    assert found == [(700, "Oslo"), (900, "Rome")]


def test_a_percent_sign_is_no_place_for_a_value():
    plan = make.make_plan(position=9)
    query = KeptQuery(lambda: Plan.objects.annotate(rest=F("position") % 5).filter(public_id=Slot("public_id")))

    assert query.first(public_id=plan.public_id).rest == 4


def test_the_query_is_put_together_once():
    asked = []

    def plans():
        asked.append("once")
        return plan_with_price()

    query = KeptQuery(plans)
    query.first(public_id="pln_0000000000000000", now=NOW)
    before = len(asked)
    for plan in [make.make_plan(), make.make_plan()]:
        query.first(public_id=plan.public_id, now=NOW)

    assert len(asked) == before


def draft(**fields):
    user, plan = make.make_user(), make.make_plan()
    given = {"owner": user, "kind": Order.Kind.NEW_LINE, "plan": plan, "plan_terms": {"name": "Zürich ✈"}}
    money = {"currency": "EUR", "amount": 1650}
    moments = {"created_at": NOW, "expires_at": NOW + timedelta(hours=1)}
    return Order(form_key="k", **{**given, **money, **moments, **fields})


def test_a_row_added_by_kept_sql_is_the_row_that_was_meant():
    order = draft(nickname="Rome")

    KeptInsert(Order).add(order)

    assert order.pk
    assert not order._state.adding
    assert values_of(order) == values_of(Order.objects.get(pk=order.pk))


def test_a_row_added_twice_is_refused_like_any_other():
    orders, order = KeptInsert(Order), draft()
    orders.add(order)

    with pytest.raises(IntegrityError):
        orders.add(order)


def charge_for(order):
    return Charge(order=order, gateway="sandbox", currency="EUR", amount=1650, created_at=NOW, check_due_at=NOW)


def test_two_rows_added_together_are_the_rows_that_were_meant():
    order = draft()
    charge = charge_for(order)

    KeptPair(Order, Charge, link="order").add(order, charge)

    assert values_of(order) == values_of(Order.objects.get())
    assert values_of(charge) == values_of(Charge.objects.get())
    assert charge.order_id == order.pk
    assert not charge._state.adding


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_two_rows_are_one_statement(django_assert_num_queries):
    order, pairs = draft(), KeptPair(Order, Charge, link="order")
    charge = charge_for(order)

    with django_assert_num_queries(1 if connection.vendor == "postgresql" else 4):
        pairs.add(order, charge)

    assert values_of(order) == values_of(Order.objects.get())
    assert values_of(charge) == values_of(Charge.objects.get())


@pytest.mark.django_db(transaction=True)
def test_of_two_rows_that_belong_together_none_is_added_alone():
    order = draft()
    charge = charge_for(order)
    charge.amount = 0

    with pytest.raises(IntegrityError):
        KeptPair(Order, Charge, link="order").add(order, charge)

    assert not Order.objects.exists()


@pytest.mark.postgresql
def test_a_number_too_large_for_its_column_is_refused_and_not_cut():
    with pytest.raises(DataError):
        KeptInsert(Order).add(draft(period_index=2**32 + 7))


@pytest.mark.postgresql
def test_sums_of_large_numbers_are_not_cut_anywhere_else():
    order = draft()
    order.save()

    Order.objects.update(amount=F("amount") + 3_000_000_000)

    order.refresh_from_db()
    assert order.amount == 3_000_001_650


def statements_kept():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%plans_plan%'")
        return cursor.fetchone()[0]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_the_database_keeps_the_plan_of_a_statement_that_comes_again():
    connection.close()
    query = KeptQuery(plan_with_price)

    for _time in range(SEEN_BY_DATABASE + 1):
        query.first(public_id="pln_0000000000000000", now=NOW)

    assert statements_kept() == 1
    Plan.objects.filter(public_id="pln_0000000000000000").first()
    assert statements_kept() == 1, "the ORM's own statements are not kept"


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_connection_whose_plans_a_migration_outdated_is_not_used_again(request):
    query, plan = KeptQuery(plan_with_price), make.make_plan()
    for _time in range(SEEN_BY_DATABASE + 1):
        query.first(public_id=plan.public_id, now=NOW)
    request.addfinalizer(lambda: set_length_of_name(80))

    set_length_of_name(90)

    with pytest.raises(NotSupportedError, match="cached plan"):
        query.first(public_id=plan.public_id, now=NOW)
    connection.close_if_unusable_or_obsolete()  # what the end of a request does
    assert query.first(public_id=plan.public_id, now=NOW) == plan


def set_length_of_name(length):
    """Change the table as a migration does: on another connection, of which this one learns nothing."""
    with psycopg.connect(**connection.get_connection_params() | {"autocommit": True}) as other:
        other.execute(f"ALTER TABLE plans_plan ALTER COLUMN name TYPE varchar({length})")
