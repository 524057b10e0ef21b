from django.db import migrations

from portal.lib.set_keys import keys_in_sets


class Migration(migrations.Migration):
    """Have PostgreSQL check whom many letters at once are for in one go."""

    dependencies = [("accounts", "0002_append_only_audit")]

    operations = keys_in_sets("accounts_notification", user_id="accounts_user")
