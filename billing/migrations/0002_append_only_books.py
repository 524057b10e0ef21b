from django.db import migrations

from portal.lib.append_only import append_only_operations

# Both sides of a movement must be accounts in its currency: the sum of all movements is then zero in each currency.
SQLITE = """
CREATE TRIGGER billing_ledgerentry_one_currency BEFORE INSERT ON billing_ledgerentry
WHEN (SELECT count(*) FROM billing_ledgeraccount
      WHERE id IN (NEW.debit_account_id, NEW.credit_account_id) AND currency = NEW.currency) <> 2
BEGIN SELECT RAISE(ABORT, 'a movement has one currency'); END
"""
POSTGRESQL = """
CREATE FUNCTION billing_ledgerentry_one_currency() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM billing_ledgeraccount
        WHERE id IN (NEW.debit_account_id, NEW.credit_account_id) AND currency = NEW.currency) <> 2 THEN
        RAISE EXCEPTION 'a movement has one currency' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER billing_ledgerentry_one_currency BEFORE INSERT ON billing_ledgerentry
FOR EACH ROW EXECUTE FUNCTION billing_ledgerentry_one_currency();
"""


def guard_currency(_apps, schema_editor):
    schema_editor.execute(SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL, params=None)


def unguard_currency(_apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER billing_ledgerentry_one_currency", params=None)
    else:
        schema_editor.execute("DROP FUNCTION billing_ledgerentry_one_currency CASCADE", params=None)


class Migration(migrations.Migration):
    """Make the database refuse to rewrite books and invoices, and movements between currencies."""

    dependencies = [("billing", "0001_initial")]

    operations = [
        *append_only_operations("billing_ledgerentry"),
        *append_only_operations("billing_invoice"),
        migrations.RunPython(guard_currency, unguard_currency, elidable=False),
    ]
