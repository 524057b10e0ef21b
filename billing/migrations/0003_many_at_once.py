from django.db import migrations

from portal.lib.set_keys import keys_in_sets


def leave_room(_apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE billing_subscription SET (fillfactor = 75)")
        schema_editor.execute("ALTER TABLE billing_order SET (fillfactor = 50)")
        schema_editor.execute("ALTER TABLE billing_charge SET (fillfactor = 45)")


def fill_up(_apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE billing_subscription RESET (fillfactor)")
        schema_editor.execute("ALTER TABLE billing_order RESET (fillfactor)")
        schema_editor.execute("ALTER TABLE billing_charge RESET (fillfactor)")


class Migration(migrations.Migration):
    """Spare PostgreSQL work where a sweep renews by the hundred.

    What many rows at once name is checked in one go. And pages keep room, so that a claim of an auto-renewal, the
    payment of an order and that of a charge about to be made stay on their page and write no index.
    """

    dependencies = [("billing", "0002_append_only_books"), ("esim", "0002_keys_in_sets")]

    operations = [
        *keys_in_sets(
            "billing_order",
            owner_id="accounts_user",
            line_id="esim_line",
            plan_id="plans_plan",
            subscription_id="billing_subscription",
            agreement_id="billing_agreement",
            top_up_rule_id="billing_topuprule",
        ),
        *keys_in_sets("billing_charge", order_id="billing_order", method_id="billing_paymentmethod"),
        *keys_in_sets("billing_ledgerentry", order_id="billing_order", charge_id="billing_charge"),
        migrations.RunPython(leave_room, fill_up, elidable=False),
    ]
