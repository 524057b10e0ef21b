import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import portal.lib.public_ids
import simple_history.models
from django.conf import settings
from django.db import migrations, models

from portal.lib.append_only import append_only_operations


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0006_kept_cards"),
        ("esim", "0002_taken_back"),
        ("plans", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BillingDetails",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(blank=True, max_length=120, verbose_name="name or company")),
                ("address", models.TextField(blank=True, max_length=300, verbose_name="address")),
                ("country", models.CharField(blank=True, max_length=2, verbose_name="country")),
                ("tax_id", models.CharField(blank=True, max_length=40, verbose_name="tax number")),
                ("attach_to_mails", models.BooleanField(default=False, verbose_name="attach to every payment mail")),
            ],
            options={
                "verbose_name": "billing details",
                "verbose_name_plural": "billing details",
            },
        ),
        migrations.CreateModel(
            name="HistoricalTaxRate",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "country",
                    models.CharField(
                        help_text="ISO 3166 code, such as DE.",
                        max_length=2,
                        validators=[django.core.validators.RegexValidator("^[A-Z]{2}\\Z")],
                        verbose_name="country",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="As invoices name it, such as VAT or GST.", max_length=20, verbose_name="name"
                    ),
                ),
                (
                    "basis_points",
                    models.PositiveIntegerField(
                        help_text="1900 is 19 %.",
                        validators=[django.core.validators.MaxValueValidator(10000)],
                        verbose_name="rate in basis points",
                    ),
                ),
                ("starts_on", models.DateField(verbose_name="counts from")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
            ],
            options={
                "verbose_name": "historical tax rate",
                "verbose_name_plural": "historical tax rates",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Invoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="inv")),
                (
                    "kind",
                    models.CharField(
                        choices=[("invoice", "Invoice"), ("receipt", "Receipt"), ("credit_note", "Credit note")],
                        max_length=11,
                        verbose_name="kind",
                    ),
                ),
                ("number", models.CharField(max_length=20, unique=True, verbose_name="number")),
                ("series", models.CharField(max_length=8, verbose_name="series")),
                ("position", models.PositiveIntegerField(verbose_name="position in its series")),
                (
                    "refund_key",
                    models.CharField(blank=True, max_length=32, null=True, unique=True, verbose_name="refund"),
                ),
                ("language", models.CharField(max_length=10, verbose_name="language")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("amount", models.BigIntegerField(verbose_name="total")),
                ("tax_country", models.CharField(max_length=2, verbose_name="tax country")),
                ("tax_basis_points", models.PositiveIntegerField(verbose_name="tax rate in basis points")),
                ("tax_amount", models.BigIntegerField(verbose_name="tax")),
                ("details", models.JSONField(verbose_name="what it says")),
                (
                    "issued_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="issued"),
                ),
            ],
            options={
                "verbose_name": "invoice",
                "verbose_name_plural": "invoices",
            },
        ),
        migrations.CreateModel(
            name="InvoiceSeries",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=8, unique=True, verbose_name="name")),
                ("last", models.PositiveIntegerField(default=0, verbose_name="last number")),
            ],
            options={
                "verbose_name": "series of invoices",
                "verbose_name_plural": "series of invoices",
            },
        ),
        migrations.CreateModel(
            name="TaxRate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "country",
                    models.CharField(
                        help_text="ISO 3166 code, such as DE.",
                        max_length=2,
                        validators=[django.core.validators.RegexValidator("^[A-Z]{2}\\Z")],
                        verbose_name="country",
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        help_text="As invoices name it, such as VAT or GST.", max_length=20, verbose_name="name"
                    ),
                ),
                (
                    "basis_points",
                    models.PositiveIntegerField(
                        help_text="1900 is 19 %.",
                        validators=[django.core.validators.MaxValueValidator(10000)],
                        verbose_name="rate in basis points",
                    ),
                ),
                ("starts_on", models.DateField(verbose_name="counts from")),
            ],
            options={
                "verbose_name": "tax rate",
                "verbose_name_plural": "tax rates",
            },
        ),
        migrations.AddField(
            model_name="order",
            name="is_invoiced",
            field=models.BooleanField(default=False, editable=False, verbose_name="invoiced"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("is_invoiced", False), ("state__in", ["fulfilled", "taking_back", "refunded"])),
                fields=["confirmed_at", "id"],
                name="order_to_invoice",
            ),
        ),
        migrations.AddField(
            model_name="billingdetails",
            name="owner",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="billing_details",
                to=settings.AUTH_USER_MODEL,
                verbose_name="owner",
            ),
        ),
        migrations.AddField(
            model_name="historicaltaxrate",
            name="history_user",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="invoice",
            name="corrects",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="credit_notes",
                to="billing.invoice",
                verbose_name="corrects",
            ),
        ),
        migrations.AddField(
            model_name="invoice",
            name="order",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="invoices",
                to="billing.order",
                verbose_name="order",
            ),
        ),
        migrations.AddField(
            model_name="invoice",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="invoices",
                to=settings.AUTH_USER_MODEL,
                verbose_name="owner",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.UniqueConstraint(fields=("country", "starts_on"), name="tax_rate_once_a_day"),
        ),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.CheckConstraint(
                condition=models.Q(("basis_points__lte", 10000)), name="tax_rate_at_most_the_whole"
            ),
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(fields=["owner", "-issued_at"], name="invoice_by_owner"),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(fields=("series", "position"), name="invoice_one_a_number"),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "credit_note"), _negated=True),
                fields=("order",),
                name="invoice_one_an_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(("tax_amount__gte", 0), ("tax_amount__lte", models.F("amount"))),
                name="invoice_tax_within_amount",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("corrects__isnull", False), ("kind", "credit_note"), ("refund_key__isnull", False)),
                    models.Q(
                        models.Q(("kind", "credit_note"), _negated=True),
                        ("corrects__isnull", True),
                        ("refund_key__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="invoice_credit_note_corrects",
            ),
        ),
        *append_only_operations("billing_invoice"),
    ]
