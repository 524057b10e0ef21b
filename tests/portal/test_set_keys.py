"""Foreign keys that PostgreSQL checks a statement at a time hold what its own would hold."""

from threading import Event

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from accounts.models import Notification
from billing import ledger
from billing.models import Charge, LedgerEntry, Order
from esim.models import Allowance
from portal.lib.columns import written_fields
from tests import make
from tests.billing.books import NOW
from tests.fakes.crowd import together

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]

NOBODY = 10**9
KEYS = {
    Order: ("owner", "line", "plan", "subscription", "agreement", "top_up_rule"),
    Charge: ("order", "method"),
    LedgerEntry: ("order", "charge"),
    Allowance: ("line", "plan", "sold"),
    Notification: ("user",),
}
EACH = [(model, key) for model, keys in KEYS.items() for key in keys]


@pytest.fixture
def rows(db):
    """A row of each table, with as many of its keys as it can have at once."""
    owner = make.make_user()
    line, plan = make.make_line(owner=owner), make.make_plan()
    subscription = make.make_subscription(line=line, plan=plan)
    rule = make.make_top_up_rule(line=line, plan=make.make_data_pack())
    order = make.make_order(
        owner=owner,
        line=line,
        plan=plan,
        subscription=subscription,
        period_index=1,
        agreement=subscription.agreement,
        top_up_rule=rule,
        top_up_index=1,
    )
    charge = make.make_charge(order=order, method=subscription.method)
    entry = ledger.move(
        kind=ledger.Kind.RECEIVED,
        debit=ledger.gateway("sandbox", "USD"),
        credit=ledger.held("USD"),
        money=charge.money,
        key="received",
        order=order,
        charge=charge,
        now=NOW,
    )
    allowance = make.make_allowance(line=line, plan=plan)
    notice = Notification.objects.create(user=owner, key="x", channel="email", kind="order_fulfilled", due_at=NOW)
    return {Order: order, Charge: charge, LedgerEntry: entry, Allowance: allowance, Notification: notice}


def copied(model, row, number, **changes):
    """Write a copy of a row by SQL, with names of its own and the keys wanted."""
    fields = written_fields(model)
    named_apart = ("form_key", "gateway_payment_id")
    fresh = {field.column: f"'copy_{number}'" for field in fields if field.unique or field.name in named_apart}
    fresh |= {"period_index": number, "top_up_index": number, **changes}
    columns = [field.column for field in fields]
    values = ", ".join(str(fresh.get(column, column)) for column in columns)
    table = f"public.{model._meta.db_table}"
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} WHERE id = {row.pk}")  # noqa: S608


@pytest.mark.parametrize(("model", "key"), EACH)
def test_no_row_is_added_that_names_what_is_not_there(rows, model, key):
    copied(model, rows[model], 7)

    with pytest.raises(IntegrityError, match="names what is not there"), transaction.atomic():
        copied(model, rows[model], 8, **{f"{key}_id": NOBODY})


@pytest.mark.parametrize(("model", "key"), EACH)
def test_no_row_is_changed_to_name_what_is_not_there(rows, model, key):
    changed = model.objects.filter(pk=rows[model].pk)
    if model is LedgerEntry:
        pytest.skip("the books refuse any change")

    with pytest.raises(IntegrityError, match="which is not there"), transaction.atomic():
        changed.update(**{f"{key}_id": NOBODY})


@pytest.mark.parametrize(("model", "key"), EACH)
def test_nothing_goes_that_a_row_names(rows, model, key):
    named = getattr(rows[model], key)
    table = named._meta.db_table

    with pytest.raises(IntegrityError, match=r"is still named by"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE id = %s", [named.pk])  # noqa: S608


@pytest.mark.parametrize(("model", "key"), EACH)
def test_nothing_that_a_row_names_gets_another_id(rows, model, key):
    named = getattr(rows[model], key)

    with pytest.raises(IntegrityError, match=r"is still named by"), transaction.atomic():
        type(named).objects.filter(pk=named.pk).update(id=NOBODY)


def test_what_nobody_names_may_be_changed_whole(db):
    card = make.make_method(owner=make.make_user())
    cards = type(card).objects.all()

    cards.update(id=NOBODY)
    cards.update(id=NOBODY, last_four="9999")

    assert cards.values_list("pk", "last_four").get() == (NOBODY, "9999")


def test_no_table_is_emptied_whose_rows_are_named(rows):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError, match="are still named by"), transaction.atomic():
            cursor.execute("TRUNCATE billing_topuprule")


@pytest.mark.parametrize("model", KEYS)
def test_keys_are_held_where_no_table_is_found_by_its_bare_name(rows, model):
    """What pg_dump writes empties the search path before it fills the tables."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL search_path = ''")
    copied(model, rows[model], 7)

    with pytest.raises(IntegrityError, match="names what is not there"), transaction.atomic():
        copied(model, rows[model], 8, **{f"{KEYS[model][0]}_id": NOBODY})


def test_every_key_of_every_table_is_held(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, attname FROM pg_constraint"
            " JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey) WHERE contype = 'f'"
        )
        plain = set(cursor.fetchall())
        cursor.execute("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal")
        triggers = set(cursor.fetchall())
    keys = [
        (model._meta.db_table, field.column, field.related_model._meta.db_table)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.is_relation and field.db_constraint
    ]
    in_sets = {(model._meta.db_table, f"{key}_id") for model, key in EACH}

    assert not [key for key in keys if key[:2] not in plain | in_sets]
    for table, column, parent in keys:
        if (table, column) in in_sets:
            assert (table, column) not in plain
            assert {(table, f"{table}_keys"), (table, f"{table}_{column}"), (parent, f"{table}_{column}")} <= triggers


def charge_while_the_card_goes():
    """Delete a card while another connection, which has not committed yet, writes a charge that names it."""
    owner = make.make_user()
    card = make.make_method(owner=owner)
    order = make.make_order(owner=owner, line=make.make_line(owner=owner))

    written, gone = Event(), Event()

    def charge():
        with transaction.atomic():
            make.make_charge(order=order, method=card)
            written.set()
            gone.wait(timeout=1)  # who waits for our commit will not be heard of before

    def delete():
        written.wait(timeout=20)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM billing_paymentmethod WHERE id = %s", [card.pk])
        gone.set()

    return together(2, lambda number: delete() if number else charge())


@pytest.mark.django_db(transaction=True)
def test_nothing_goes_that_a_row_not_yet_committed_names():
    charged, deleted = charge_while_the_card_goes()

    assert charged is None
    assert isinstance(deleted, IntegrityError)
    assert Charge.objects.get().method.pk


@pytest.mark.django_db(transaction=True)
def test_control_without_waiting_a_row_is_left_that_names_nothing():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('refuse_orphans'::regproc)")
        [whole] = cursor.fetchone()
        cursor.execute("\n".join(line for line in whole.splitlines() if "LOCK TABLE" not in line))
    try:
        charged, deleted = charge_while_the_card_goes()
    finally:
        with connection.cursor() as cursor:
            cursor.execute(whole)

    assert (charged, deleted) == (None, None)
    assert not Charge.objects.filter(method__public_id__isnull=False).exists()
