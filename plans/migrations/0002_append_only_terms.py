from django.db import migrations

from portal.lib.append_only import append_only_operations


class Migration(migrations.Migration):
    """Make the database refuse to rewrite what was sold."""

    dependencies = [("plans", "0001_initial")]

    operations = [*append_only_operations("plans_soldterms")]
