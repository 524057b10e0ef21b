from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0007_invoices"),
    ]

    operations = [
        migrations.AlterField(
            model_name="charge",
            name="page_url",
            field=models.TextField(blank=True, editable=False, verbose_name="payment page"),
        ),
    ]
