from django.db import migrations

from portal.lib.set_keys import keys_in_sets


class Migration(migrations.Migration):
    """Have PostgreSQL check many allowances at once in one go."""

    dependencies = [("esim", "0001_initial"), ("plans", "0001_initial")]

    operations = keys_in_sets("esim_allowance", line_id="esim_line", plan_id="plans_plan", sold_id="plans_soldterms")
