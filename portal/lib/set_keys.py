"""Foreign keys that PostgreSQL checks a statement at a time: for tables that a sweep fills by the hundred.

    operations = keys_in_sets("billing_charge", order_id="billing_order", method_id="billing_paymentmethod")

PostgreSQL's own foreign keys ask for each row and each key on its own, and lock the row that is named; a fifth of what a
renewal costs the database went there. These hold the same: what a new or changed row names is there, and a row that is
named stays. What changes is when: at the end of the statement, not of the transaction. So rows alone are loaded into tables that
have these triggers in the order of their keys, or with the triggers off (docs/operations.md); a whole copy makes them last.

The models, their migrations and SQLite keep plain foreign keys: only the constraint in PostgreSQL gives way to triggers.
Hazard: a later migration that adds such a key, or alters one, brings the constraint back; list the operation again then.
The tests that attack the keys of every table tell which are held by nobody.
"""

from collections.abc import Callable, Mapping

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import StateApps

# A row that is about to go must not be named by rows that others are writing: SHARE waits for them, and makes who
# comes later find it gone. Nothing of what is named here is deleted while the portal runs, so nobody waits in practice.
#
# Each names where its tables are: what restores a copy looks for them nowhere.
SHARED = """
CREATE OR REPLACE FUNCTION refuse_orphans() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE found boolean;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.id = OLD.id THEN
        RETURN NEW;
    END IF;
    EXECUTE format('LOCK TABLE %I IN SHARE MODE', TG_ARGV[0]);
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %I = $1)', TG_ARGV[0], TG_ARGV[1]) INTO found USING OLD.id;
    IF found THEN
        RAISE EXCEPTION '% % is still named by %.%', TG_TABLE_NAME, OLD.id, TG_ARGV[0], TG_ARGV[1]
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'UPDATE' THEN NEW ELSE OLD END;
END $$;

CREATE OR REPLACE FUNCTION refuse_emptying() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE found boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %I IS NOT NULL)', TG_ARGV[0], TG_ARGV[1]) INTO found;
    IF found THEN
        RAISE EXCEPTION 'rows of % are still named by %.%', TG_TABLE_NAME, TG_ARGV[0], TG_ARGV[1]
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION refuse_unknown_key() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE named bigint := to_jsonb(NEW) ->> TG_ARGV[0]; found boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE id = $1 FOR KEY SHARE)', TG_ARGV[1]) INTO found USING named;
    IF named IS NOT NULL AND NOT found THEN
        RAISE EXCEPTION '%.% names % of %, which is not there', TG_TABLE_NAME, TG_ARGV[0], named, TG_ARGV[1]
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
"""

# The plan is remembered, and may have been made while the tables were empty: only through indexes it stays a good one.
ADDED = """
CREATE FUNCTION {table}_keys() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    IF EXISTS (SELECT FROM added {joins} WHERE {missing}) THEN
        RAISE EXCEPTION 'a row added to {table} names what is not there' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER {table}_keys AFTER INSERT ON {table}
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION {table}_keys();
"""

EACH = """
DO $$ DECLARE plain text; BEGIN
    FOR plain IN
        SELECT conname FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
        WHERE conrelid = '{table}'::regclass AND contype = 'f' AND attname = '{column}'
    LOOP
        EXECUTE format('ALTER TABLE {table} DROP CONSTRAINT %I', plain);
    END LOOP;
END $$;

CREATE TRIGGER {table}_{column} AFTER UPDATE OF {column} ON {table}
    FOR EACH ROW WHEN (NEW.{column} IS DISTINCT FROM OLD.{column})
    EXECUTE FUNCTION refuse_unknown_key('{column}', '{parent}');

CREATE TRIGGER {table}_{column} BEFORE DELETE OR UPDATE OF id ON {parent}
    FOR EACH ROW EXECUTE FUNCTION refuse_orphans('{table}', '{column}');

CREATE TRIGGER {table}_{column}_all AFTER TRUNCATE ON {parent}
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying('{table}', '{column}');
"""

EACH_UNDO = """
DROP TRIGGER {table}_{column}_all ON {parent};
DROP TRIGGER {table}_{column} ON {parent};
DROP TRIGGER {table}_{column} ON {table};
ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_fk FOREIGN KEY ({column}) REFERENCES {parent} (id)
    DEFERRABLE INITIALLY DEFERRED;
"""


def keys_in_sets(table: str, **parents: str) -> list[Operation]:
    """Return the migration operations after which PostgreSQL checks these columns of `table` a statement at a time.

    `parents` are the tables they name, by column; each has an `id`.
    """
    each = [{"table": table, "column": column, "parent": parent} for column, parent in parents.items()]
    build = [SHARED, _added(table, parents), *(EACH.format(**names) for names in each)]
    undo = [f"DROP FUNCTION {table}_keys CASCADE", *(EACH_UNDO.format(**names) for names in each)]
    return [migrations.RunPython(_on_postgresql(build), _on_postgresql(undo), elidable=False)]


def _added(table: str, parents: Mapping[str, str]) -> str:
    joins = " ".join(
        f"LEFT JOIN {parent} AS of_{column} ON of_{column}.id = added.{column}" for column, parent in parents.items()
    )
    missing = " OR ".join(f"(added.{column} IS NOT NULL AND of_{column}.id IS NULL)" for column in parents)
    return ADDED.format(table=table, joins=joins, missing=missing)


def _on_postgresql(statements: list[str]) -> Callable[[StateApps, BaseDatabaseSchemaEditor], None]:
    def run(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        if schema_editor.connection.vendor == "postgresql":
            for statement in statements:
                schema_editor.execute(statement, params=None)

    return run
