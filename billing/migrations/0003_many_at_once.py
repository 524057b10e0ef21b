from django.db import migrations

from portal.lib.set_keys import keys_in_sets


class Migration(migrations.Migration):
    """Have PostgreSQL check what many renewals at once name in one go."""

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
    ]
