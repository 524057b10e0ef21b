from django.db import migrations

from portal.lib.append_only import append_only_operations

# Both sides of a movement must be accounts in its currency: the sum of all movements is then zero in each currency.
# And accounts stay what they are. Together that is what the foreign keys of a movement would hold, which are left out:
# they are checked row by row, and every sale would lock the same few accounts for it.
SQLITE = [
    """CREATE TRIGGER billing_ledgerentry_one_currency BEFORE INSERT ON billing_ledgerentry
       WHEN (SELECT count(*) FROM billing_ledgeraccount
             WHERE id IN (NEW.debit_account_id, NEW.credit_account_id) AND currency = NEW.currency) <> 2
       BEGIN SELECT RAISE(ABORT, 'a movement has one currency'); END""",
    """CREATE TRIGGER billing_ledgeraccount_no_delete BEFORE DELETE ON billing_ledgeraccount
       BEGIN SELECT RAISE(ABORT, 'an account stays'); END""",
    """CREATE TRIGGER billing_ledgeraccount_no_change
       BEFORE UPDATE OF id, kind, owner_id, gateway, currency ON billing_ledgeraccount
       BEGIN SELECT RAISE(ABORT, 'an account stays'); END""",
]
SQLITE_UNDO = [
    "DROP TRIGGER billing_ledgerentry_one_currency",
    "DROP TRIGGER billing_ledgeraccount_no_delete",
    "DROP TRIGGER billing_ledgeraccount_no_change",
]
POSTGRESQL = [
    """CREATE FUNCTION billing_ledgerentry_one_currency() RETURNS trigger LANGUAGE plpgsql
       SET search_path FROM CURRENT AS $$
       BEGIN
           IF EXISTS (
               SELECT FROM added
               LEFT JOIN billing_ledgeraccount debit
                   ON debit.id = added.debit_account_id AND debit.currency = added.currency
               LEFT JOIN billing_ledgeraccount credit
                   ON credit.id = added.credit_account_id AND credit.currency = added.currency
               WHERE debit.id IS NULL OR credit.id IS NULL
           ) THEN
               RAISE EXCEPTION 'a movement has one currency' USING ERRCODE = 'integrity_constraint_violation';
           END IF;
           RETURN NULL;
       END $$""",
    """CREATE TRIGGER billing_ledgerentry_one_currency AFTER INSERT ON billing_ledgerentry
       REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION billing_ledgerentry_one_currency()""",
    """CREATE FUNCTION billing_ledgeraccount_stays() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
           RAISE EXCEPTION 'an account stays' USING ERRCODE = 'integrity_constraint_violation';
       END $$""",
    """CREATE TRIGGER billing_ledgeraccount_no_delete BEFORE DELETE ON billing_ledgeraccount
       FOR EACH ROW EXECUTE FUNCTION billing_ledgeraccount_stays()""",
    """CREATE TRIGGER billing_ledgeraccount_no_change
       BEFORE UPDATE OF id, kind, owner_id, gateway, currency ON billing_ledgeraccount
       FOR EACH ROW EXECUTE FUNCTION billing_ledgeraccount_stays()""",
    """CREATE TRIGGER billing_ledgeraccount_no_truncate BEFORE TRUNCATE ON billing_ledgeraccount
       FOR EACH STATEMENT EXECUTE FUNCTION billing_ledgeraccount_stays()""",
]
POSTGRESQL_UNDO = [
    "DROP FUNCTION billing_ledgerentry_one_currency CASCADE",
    "DROP FUNCTION billing_ledgeraccount_stays CASCADE",
]


def guard_accounts(_apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement, params=None)


def unguard_accounts(_apps, schema_editor):
    for statement in SQLITE_UNDO if schema_editor.connection.vendor == "sqlite" else POSTGRESQL_UNDO:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    """Make the database refuse to rewrite books and invoices, and movements between currencies."""

    dependencies = [("billing", "0001_initial")]

    operations = [
        *append_only_operations("billing_ledgerentry"),
        *append_only_operations("billing_invoice"),
        migrations.RunPython(guard_accounts, unguard_accounts, elidable=False),
    ]
