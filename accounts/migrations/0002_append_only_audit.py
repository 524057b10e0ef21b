from django.db import migrations

from portal.lib.append_only import append_only_operations


class Migration(migrations.Migration):
    """Make the database refuse to rewrite the audit trail."""

    dependencies = [("accounts", "0001_initial")]

    operations = [*append_only_operations("accounts_auditevent")]
