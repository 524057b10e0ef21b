import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.lookups
import django.utils.timezone
import portal.lib.public_ids
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "__first__"),
        ("esim", "0001_initial"),
        ("plans", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Agreement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="agr")),
                (
                    "about",
                    models.CharField(
                        choices=[
                            ("renewal", "auto-renewal"),
                            ("data", "data when it runs low"),
                            ("balance", "money when the balance runs low"),
                        ],
                        max_length=8,
                        verbose_name="about",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="agreements",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="agreements",
                        to="esim.line",
                        verbose_name="line",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="agreements",
                        to="plans.plan",
                        verbose_name="plan",
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("amount", models.BigIntegerField(verbose_name="agreed price")),
                ("terms", models.JSONField(blank=True, default=dict, verbose_name="agreed terms")),
                ("limits", models.JSONField(blank=True, default=dict, verbose_name="limits set")),
                ("paid_with", models.CharField(blank=True, max_length=120, verbose_name="paid from")),
                ("text", models.TextField(verbose_name="text agreed to")),
                ("version", models.CharField(max_length=20, verbose_name="version of that text")),
                ("agreed_at", models.DateTimeField(verbose_name="agreed")),
                ("ip", models.GenericIPAddressField(blank=True, null=True, verbose_name="agreed from")),
            ],
            options={
                "verbose_name": "agreement",
                "verbose_name_plural": "agreements",
                "indexes": [models.Index(fields=["owner", "-agreed_at"], name="agreement_by_owner")],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="BillingDetails",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "owner",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="billing_details",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=120, verbose_name="name or company")),
                ("address", models.TextField(blank=True, max_length=300, verbose_name="address")),
                ("country", models.CharField(blank=True, max_length=2, verbose_name="country")),
                ("tax_id", models.CharField(blank=True, max_length=40, verbose_name="tax number")),
                ("attach_to_mails", models.BooleanField(default=False, verbose_name="attach to every payment mail")),
            ],
            options={
                "verbose_name": "billing details",
                "verbose_name_plural": "billing details",
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="CardPage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="cpg")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="card_pages",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                ("gateway", models.CharField(max_length=20, verbose_name="gateway")),
                ("page_id", models.CharField(blank=True, max_length=80, null=True, verbose_name="page at the gateway")),
                ("consent", models.JSONField(default=dict, verbose_name="agreed to")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
            ],
            options={
                "verbose_name": "page for keeping a card",
                "verbose_name_plural": "pages for keeping a card",
                "constraints": [models.UniqueConstraint(fields=("gateway", "page_id"), name="card_page_once")],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="PaymentMethod",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="pmt")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payment_methods",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                ("gateway", models.CharField(max_length=20, verbose_name="gateway")),
                ("reference", models.CharField(max_length=80, verbose_name="reference at the gateway")),
                ("brand", models.CharField(max_length=20, verbose_name="brand")),
                ("last_four", models.CharField(max_length=4, verbose_name="last four digits")),
                ("expires_month", models.PositiveSmallIntegerField(verbose_name="expiry month")),
                ("expires_year", models.PositiveSmallIntegerField(verbose_name="expiry year")),
                ("is_default", models.BooleanField(default=False, verbose_name="default")),
                (
                    "consent",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Text, version, time and address of the agreement.",
                        verbose_name="agreed to",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                ("removed_at", models.DateTimeField(blank=True, null=True, verbose_name="removed")),
            ],
            options={
                "verbose_name": "payment method",
                "verbose_name_plural": "payment methods",
                "constraints": [
                    models.UniqueConstraint(fields=("gateway", "reference"), name="method_reference_unique"),
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True), ("removed_at__isnull", True)),
                        fields=("owner",),
                        name="method_one_default_an_owner",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Subscription",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="sub")),
                (
                    "line",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="subscription",
                        to="esim.line",
                        verbose_name="line",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="subscriptions",
                        to="plans.plan",
                        verbose_name="plan",
                    ),
                ),
                (
                    "mode",
                    models.CharField(
                        choices=[("off", "off"), ("ask", "ask me first"), ("automatic", "automatic")],
                        default="off",
                        max_length=10,
                        verbose_name="mode",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("active", "active"),
                            ("in_flight", "being charged"),
                            ("past_due", "payment declined"),
                            ("paused", "paused"),
                        ],
                        default="active",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "phase",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(mode__in=["ask", "automatic"], state="in_flight", then=models.Value("active")),
                            default=models.F("state"),
                        ),
                        output_field=models.CharField(max_length=10),
                        verbose_name="phase",
                    ),
                ),
                (
                    "pay_from",
                    models.CharField(
                        choices=[
                            ("method", "saved card"),
                            ("wallet", "balance"),
                            ("wallet_then_method", "balance first, then the saved card"),
                        ],
                        default="method",
                        max_length=20,
                        verbose_name="paid from",
                    ),
                ),
                (
                    "method",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="subscriptions",
                        to="billing.paymentmethod",
                        verbose_name="payment method",
                    ),
                ),
                (
                    "backup_method",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="backed_up_subscriptions",
                        to="billing.paymentmethod",
                        verbose_name="second card",
                    ),
                ),
                ("uses_backup", models.BooleanField(default=False, editable=False, verbose_name="second card's turn")),
                (
                    "anchor_at",
                    models.DateTimeField(
                        help_text="Start of the anchor's period; all later ends are counted from it.",
                        verbose_name="anchor",
                    ),
                ),
                (
                    "anchor_index",
                    models.PositiveIntegerField(default=0, editable=False, verbose_name="anchor's period"),
                ),
                ("period_index", models.PositiveIntegerField(default=1, verbose_name="next period")),
                ("charge_due_at", models.DateTimeField(verbose_name="next charge")),
                ("declines", models.PositiveSmallIntegerField(default=0, verbose_name="declines in a row")),
                (
                    "lease_until",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="lease until"),
                ),
                ("fence", models.PositiveBigIntegerField(default=0, editable=False, verbose_name="fence")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("consent_amount", models.BigIntegerField(verbose_name="agreed price")),
                ("consent_terms", models.JSONField(default=dict, verbose_name="agreed terms")),
                (
                    "agreement",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="subscriptions",
                        to="billing.agreement",
                        verbose_name="agreement in force",
                    ),
                ),
                (
                    "max_times",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="at most so often a month"),
                ),
                ("max_amount", models.BigIntegerField(blank=True, null=True, verbose_name="at most so much a month")),
                (
                    "asked_index",
                    models.PositiveIntegerField(
                        blank=True, editable=False, null=True, verbose_name="asked about period"
                    ),
                ),
                (
                    "approved_index",
                    models.PositiveIntegerField(
                        blank=True, editable=False, null=True, verbose_name="said yes to period"
                    ),
                ),
                (
                    "notice_due_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="next notice"),
                ),
                (
                    "notice_for",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="notices are about the charge of"
                    ),
                ),
                (
                    "notice_amount",
                    models.BigIntegerField(blank=True, editable=False, null=True, verbose_name="notices say"),
                ),
                (
                    "suspend_due_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="suspend from"),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True, help_text="Why it stands as it does.", max_length=200, verbose_name="reason"
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="decided")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
            ],
            options={
                "verbose_name": "auto-renewal",
                "verbose_name_plural": "auto-renewals",
                "indexes": [
                    models.Index(
                        condition=models.Q(
                            models.Q(("mode__in", ["ask", "automatic"]), ("phase__in", ["active", "past_due"])),
                            ("phase", "in_flight"),
                            _connector="OR",
                        ),
                        fields=["charge_due_at", "id"],
                        name="subscription_due",
                    ),
                    models.Index(
                        condition=models.Q(("phase__in", ["past_due", "paused"])),
                        fields=["phase", "reason", "declines"],
                        name="subscription_stands_still",
                    ),
                    models.Index(
                        condition=models.Q(("backup_method__isnull", False)),
                        fields=["backup_method"],
                        name="subscription_by_second_card",
                    ),
                    models.Index(
                        condition=models.Q(("suspend_due_at__isnull", False)),
                        fields=["suspend_due_at", "id"],
                        name="subscription_to_suspend",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("mode", "automatic"),
                            ("phase", "active"),
                            models.Q(
                                ("notice_for", None),
                                models.Q(("notice_for", models.F("charge_due_at")), _negated=True),
                                models.Q(("notice_amount", models.F("consent_amount")), _negated=True),
                                _connector="OR",
                            ),
                        ),
                        fields=["id"],
                        name="subscription_unnoticed",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("mode", "automatic"), ("phase", "active"), ("notice_due_at__isnull", False)
                        ),
                        fields=["notice_due_at", "id"],
                        name="subscription_to_notice",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("pay_from", "wallet"), ("mode", "off"), ("method__isnull", False), _connector="OR"
                        ),
                        name="subscription_names_method",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("mode", "off"), ("agreement__isnull", False), _connector="OR"),
                        name="subscription_has_consent",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TopUpRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="tur")),
                (
                    "kind",
                    models.CharField(
                        choices=[("data", "data when it runs low"), ("balance", "money when the balance runs low")],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="top_up_rules",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="top_up_rules",
                        to="esim.line",
                        verbose_name="line",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="top_up_rules",
                        to="plans.plan",
                        verbose_name="data pack",
                    ),
                ),
                ("is_on", models.BooleanField(default=True, verbose_name="on")),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "active"), ("in_flight", "being charged"), ("paused", "paused")],
                        default="active",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "low_percent",
                    models.PositiveSmallIntegerField(
                        blank=True, help_text="For data.", null=True, verbose_name="when less is left than (percent)"
                    ),
                ),
                (
                    "low_amount",
                    models.BigIntegerField(
                        blank=True,
                        help_text="For a balance; in the smallest unit.",
                        null=True,
                        verbose_name="when less is left than",
                    ),
                ),
                (
                    "pay_from",
                    models.CharField(
                        choices=[
                            ("method", "saved card"),
                            ("wallet", "balance"),
                            ("wallet_then_method", "balance first, then the saved card"),
                        ],
                        max_length=20,
                        verbose_name="paid from",
                    ),
                ),
                (
                    "method",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="top_up_rules",
                        to="billing.paymentmethod",
                        verbose_name="payment method",
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("consent_amount", models.BigIntegerField(verbose_name="agreed price")),
                ("consent_terms", models.JSONField(blank=True, default=dict, verbose_name="agreed terms")),
                (
                    "agreement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="top_up_rules",
                        to="billing.agreement",
                        verbose_name="agreement in force",
                    ),
                ),
                ("max_times", models.PositiveSmallIntegerField(verbose_name="at most so often a month")),
                ("max_amount", models.BigIntegerField(verbose_name="at most so much a month")),
                ("next_index", models.PositiveIntegerField(default=1, editable=False, verbose_name="next purchase")),
                ("declines", models.PositiveSmallIntegerField(default=0, verbose_name="declines in a row")),
                ("wait_until", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="not before")),
                (
                    "lease_until",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="lease until"),
                ),
                ("fence", models.PositiveBigIntegerField(default=0, editable=False, verbose_name="fence")),
                (
                    "reason",
                    models.CharField(
                        blank=True, help_text="Why it stands as it does.", max_length=200, verbose_name="reason"
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="decided")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
            ],
            options={
                "verbose_name": "top-up rule",
                "verbose_name_plural": "top-up rules",
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_on", True), ("state", "active")),
                        fields=["kind", "id"],
                        name="top_up_rule_watching",
                    ),
                    models.Index(
                        condition=models.Q(("state", "in_flight")),
                        fields=["lease_until", "id"],
                        name="top_up_rule_in_flight",
                    ),
                    models.Index(condition=models.Q(("declines__gt", 0)), fields=["id"], name="top_up_rule_declined"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "data")), fields=("line",), name="top_up_rule_one_a_line"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "balance")),
                        fields=("owner", "currency"),
                        name="top_up_rule_one_a_balance",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("kind", "data"),
                                ("line__isnull", False),
                                ("low_percent__isnull", False),
                                ("plan__isnull", False),
                            ),
                            models.Q(
                                ("kind", "balance"),
                                ("line__isnull", True),
                                ("low_amount__isnull", False),
                                ("plan__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="top_up_rule_names_what_runs_low",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind", "data"),
                            models.Q(("method__isnull", False), ("pay_from", "method")),
                            _connector="OR",
                        ),
                        name="top_up_rule_balance_by_card",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="ord")),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("new_line", "new line"),
                            ("renewal", "renewal"),
                            ("top_up", "data top-up"),
                            ("credit", "balance top-up"),
                            ("arrears", "arrears"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "waiting for payment"),
                            ("paid", "paid"),
                            ("fulfilling", "sent to the network"),
                            ("fulfilled", "confirmed"),
                            ("undeliverable", "could not be delivered; money returned"),
                            ("taking_back", "being taken back"),
                            ("refunded", "taken back; money returned"),
                            ("expired", "not paid in time"),
                            ("cancelled", "cancelled"),
                        ],
                        default="pending",
                        max_length=14,
                        verbose_name="state",
                    ),
                ),
                (
                    "phase",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(state__in=["pending", "paid", "fulfilling"], then=models.Value("open")),
                            default=models.F("state"),
                        ),
                        output_field=models.CharField(max_length=14),
                        verbose_name="phase",
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="esim.line",
                        verbose_name="line",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="plans.plan",
                        verbose_name="plan",
                    ),
                ),
                (
                    "plan_terms",
                    models.JSONField(
                        default=dict, help_text="Name and terms of the plan, copied.", verbose_name="what was sold"
                    ),
                ),
                ("nickname", models.CharField(blank=True, max_length=40, verbose_name="name for the new line")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                (
                    "amount",
                    models.BigIntegerField(help_text="In the smallest unit of the currency.", verbose_name="total"),
                ),
                ("wallet_amount", models.BigIntegerField(default=0, verbose_name="from the balance")),
                ("refunded_wallet_amount", models.BigIntegerField(default=0, verbose_name="given back to the balance")),
                ("form_key", models.CharField(editable=False, max_length=64, verbose_name="form key")),
                (
                    "subscription",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="billing.subscription",
                        verbose_name="auto-renewal",
                    ),
                ),
                ("period_index", models.PositiveIntegerField(blank=True, null=True, verbose_name="period")),
                (
                    "top_up_rule",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="billing.topuprule",
                        verbose_name="top-up rule",
                    ),
                ),
                (
                    "top_up_index",
                    models.PositiveIntegerField(
                        blank=True, editable=False, null=True, verbose_name="purchase of the rule"
                    ),
                ),
                (
                    "trigger",
                    models.CharField(
                        choices=[
                            ("click", "bought by hand"),
                            ("expiry", "the paid time ends"),
                            ("answer", "the subscriber said yes"),
                            ("low_data", "data ran low"),
                            ("low_balance", "the balance ran low"),
                        ],
                        default="click",
                        max_length=12,
                        verbose_name="set off by",
                    ),
                ),
                (
                    "agreement",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="billing.agreement",
                        verbose_name="agreed to",
                    ),
                ),
                (
                    "starts_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="period starts"),
                ),
                ("ends_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="period ends")),
                (
                    "lease_until",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="lease until"),
                ),
                (
                    "fulfil_due_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="fulfil from"),
                ),
                (
                    "fulfil_attempts",
                    models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="fulfilment attempts"),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                ("expires_at", models.DateTimeField(verbose_name="to be paid by")),
                (
                    "end_due_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="try to end from"),
                ),
                ("paid_at", models.DateTimeField(blank=True, null=True, verbose_name="paid")),
                ("accepted_at", models.DateTimeField(blank=True, null=True, verbose_name="accepted")),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent to the network")),
                ("confirmed_at", models.DateTimeField(blank=True, null=True, verbose_name="confirmed")),
                ("is_invoiced", models.BooleanField(default=False, editable=False, verbose_name="invoiced")),
                (
                    "note",
                    models.CharField(
                        blank=True,
                        help_text="Why it stands as it does, for staff.",
                        max_length=300,
                        verbose_name="note",
                    ),
                ),
            ],
            options={
                "verbose_name": "order",
                "verbose_name_plural": "orders",
                "indexes": [
                    models.Index(
                        condition=models.Q(("top_up_rule__isnull", False)),
                        fields=["top_up_rule", "top_up_index"],
                        name="order_by_top_up_rule",
                    ),
                    django.contrib.postgres.indexes.BrinIndex(fields=["created_at"], name="order_by_time"),
                    models.Index(condition=models.Q(("phase", "open")), fields=["expires_at", "id"], name="order_open"),
                    models.Index(
                        condition=models.Q(("phase", "taking_back")), fields=["id"], name="order_to_take_back"
                    ),
                    models.Index(
                        condition=models.Q(
                            ("is_invoiced", False), ("phase__in", ["fulfilled", "taking_back", "refunded"])
                        ),
                        fields=["confirmed_at", "id"],
                        name="order_to_invoice",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "form_key"), name="order_one_a_form"),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("subscription__isnull", False),
                            models.Q(("phase__in", ["expired", "cancelled", "undeliverable"]), _negated=True),
                        ),
                        fields=("subscription", "period_index"),
                        name="order_one_a_period",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("top_up_rule__isnull", False),
                            models.Q(("phase__in", ["expired", "cancelled", "undeliverable"]), _negated=True),
                        ),
                        fields=("top_up_rule", "top_up_index"),
                        name="order_one_a_top_up",
                    ),
                    models.CheckConstraint(condition=models.Q(("amount__gte", 0)), name="order_amount_not_negative"),
                    models.CheckConstraint(
                        condition=models.Q(("wallet_amount__gte", 0), ("wallet_amount__lte", models.F("amount"))),
                        name="order_wallet_within_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("refunded_wallet_amount__gte", 0),
                            ("refunded_wallet_amount__lte", models.F("wallet_amount")),
                        ),
                        name="order_refunds_within_wallet_part",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("state__in", ["paid", "fulfilling", "fulfilled", "taking_back", "refunded"]),
                                _negated=True,
                            ),
                            ("paid_at__isnull", False),
                            _connector="OR",
                        ),
                        name="order_paid_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind__in", ["arrears", "credit"]), ("plan__isnull", True)),
                            models.Q(
                                models.Q(("kind__in", ["arrears", "credit"]), _negated=True), ("plan__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="order_names_plan",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Charge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="chg")),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="charges",
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
                ("gateway", models.CharField(max_length=20, verbose_name="gateway")),
                (
                    "gateway_payment_id",
                    models.CharField(blank=True, max_length=80, null=True, verbose_name="payment at the gateway"),
                ),
                (
                    "kept_payment_id",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(state__in=["created", "needs_action", "pending", "unknown"], then=None),
                            default=models.F("gateway_payment_id"),
                        ),
                        output_field=models.CharField(max_length=80, null=True),
                        verbose_name="payment that is over",
                    ),
                ),
                (
                    "gateway_transaction_id",
                    models.CharField(
                        blank=True,
                        help_text="What refunds and disputes name.",
                        max_length=80,
                        verbose_name="money at the gateway",
                    ),
                ),
                ("paid_with", models.CharField(blank=True, max_length=20, verbose_name="paid with")),
                (
                    "method",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="charges",
                        to="billing.paymentmethod",
                        verbose_name="payment method",
                    ),
                ),
                ("off_session", models.BooleanField(default=False, verbose_name="without the payer present")),
                (
                    "by_link",
                    models.BooleanField(
                        default=False,
                        editable=False,
                        help_text="Somebody else paid: the money goes back to their card only.",
                        verbose_name="by a link to pay",
                    ),
                ),
                ("save_method", models.BooleanField(default=False, verbose_name="keep the card")),
                (
                    "card_consent",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Text, version, time and address of the agreement.",
                        verbose_name="agreed to for keeping the card",
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("amount", models.BigIntegerField(verbose_name="amount")),
                (
                    "refunded_amount",
                    models.BigIntegerField(
                        default=0,
                        help_text="Given back, or promised to be; never more than was paid.",
                        verbose_name="refunded",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("created", "being prepared"),
                            ("pending", "waiting for the payer"),
                            ("unknown", "being checked with the bank"),
                            ("needs_action", "needs the payer's confirmation"),
                            ("succeeded", "paid"),
                            ("declined", "declined"),
                            ("abandoned", "not completed"),
                        ],
                        default="created",
                        max_length=14,
                        verbose_name="state",
                    ),
                ),
                (
                    "phase",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(
                                state__in=["created", "needs_action", "pending", "unknown"], then=models.Value("open")
                            ),
                            default=models.F("state"),
                        ),
                        output_field=models.CharField(max_length=14),
                        verbose_name="phase",
                    ),
                ),
                ("decline_code", models.CharField(blank=True, max_length=60, verbose_name="decline code")),
                ("page_url", models.TextField(blank=True, editable=False, verbose_name="payment page")),
                ("check_due_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="next check")),
                ("checks", models.PositiveSmallIntegerField(default=0, verbose_name="checks")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                ("settled_at", models.DateTimeField(blank=True, null=True, verbose_name="settled")),
            ],
            options={
                "verbose_name": "charge",
                "verbose_name_plural": "charges",
                "indexes": [
                    models.Index(
                        condition=models.Q(("phase", "open")), fields=["check_due_at", "id"], name="charge_to_reconcile"
                    ),
                    models.Index(
                        condition=models.Q(("gateway_transaction_id", ""), _negated=True),
                        fields=["gateway_transaction_id"],
                        name="charge_by_transaction",
                    ),
                    models.Index(
                        condition=models.Q(("phase", "declined")), fields=["settled_at"], name="charge_declined"
                    ),
                    django.contrib.postgres.indexes.BrinIndex(fields=["settled_at"], name="charge_by_settling"),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="charge_amount_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("refunded_amount__gte", 0), ("refunded_amount__lte", models.F("amount"))),
                        name="charge_refunds_within_amount",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("phase", "open")), fields=("order",), name="charge_one_open_an_order"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kept_payment_id__isnull", False)),
                        fields=("kept_payment_id",),
                        name="charge_one_a_payment",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "succeeded"), _negated=True),
                            models.Q(("gateway_payment_id__isnull", False), ("settled_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="charge_succeeded_is_proven",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ChargingStop",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "stopped_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="stopped"),
                ),
                (
                    "stopped_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="stopped by",
                    ),
                ),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                (
                    "lifted_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="allowed again"),
                ),
                (
                    "lifted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="allowed by",
                    ),
                ),
                ("lift_reason", models.CharField(blank=True, max_length=300, verbose_name="why it goes on")),
            ],
            options={
                "verbose_name": "stop of automatic charges",
                "verbose_name_plural": "stops of automatic charges",
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.lookups.IsNull(models.F("lifted_at"), True),
                        condition=models.Q(("lifted_at__isnull", True)),
                        name="charging_stop_one_stands",
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="CodeAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="subscriber",
                    ),
                ),
                ("source", models.CharField(max_length=64)),
                ("is_customer", models.BooleanField(default=False)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "verbose_name": "code attempt",
                "verbose_name_plural": "code attempts",
                "indexes": [
                    models.Index(fields=["user", "at"], name="code_attempt_by_user"),
                    models.Index(fields=["source", "at"], name="code_attempt_by_source"),
                    models.Index(
                        condition=models.Q(("is_customer", False)), fields=["at"], name="code_attempt_of_strangers"
                    ),
                ],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="ComparedDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("gateway", models.CharField(max_length=20, verbose_name="gateway")),
                ("day", models.DateField(verbose_name="day")),
                ("movements", models.PositiveIntegerField(verbose_name="movements at the gateway")),
                ("compared_at", models.DateTimeField(verbose_name="last compared")),
            ],
            options={
                "verbose_name": "compared day",
                "verbose_name_plural": "compared days",
                "constraints": [models.UniqueConstraint(fields=("gateway", "day"), name="compared_day_once")],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Discrepancy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("gateway", models.CharField(max_length=20, verbose_name="gateway")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("unknown_here", "moved there, unknown here"),
                            ("unknown_there", "recorded here, unknown there"),
                            ("amount_differs", "amount differs"),
                        ],
                        max_length=14,
                        verbose_name="kind",
                    ),
                ),
                ("movement_id", models.CharField(max_length=80, verbose_name="money at the gateway")),
                ("is_refund", models.BooleanField(default=False, verbose_name="given back")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("amount", models.BigIntegerField(verbose_name="amount")),
                ("day", models.DateField(verbose_name="day")),
                ("known", models.CharField(blank=True, max_length=300, verbose_name="what we know of it")),
                (
                    "found_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="found"),
                ),
                ("resolved_at", models.DateTimeField(blank=True, null=True, verbose_name="resolved")),
                (
                    "resolved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="resolved by",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
            ],
            options={
                "verbose_name": "discrepancy",
                "verbose_name_plural": "discrepancies",
                "indexes": [
                    models.Index(
                        condition=models.Q(("resolved_at__isnull", True)), fields=["day"], name="discrepancy_open"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("gateway", "kind", "movement_id"), name="discrepancy_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("resolved_at__isnull", False), ("resolved_by__isnull", True), _connector="OR"
                        ),
                        name="discrepancy_resolved_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Dispute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="dsp")),
                (
                    "charge",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="billing.charge",
                        verbose_name="charge",
                    ),
                ),
                ("gateway", models.CharField(max_length=20, verbose_name="gateway")),
                ("gateway_dispute_id", models.CharField(max_length=80, verbose_name="dispute at the gateway")),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open"), ("won", "won"), ("lost", "lost")],
                        default="open",
                        max_length=4,
                        verbose_name="state",
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("amount", models.BigIntegerField(verbose_name="amount")),
                (
                    "reason",
                    models.CharField(
                        blank=True, help_text="In the gateway's words.", max_length=60, verbose_name="reason"
                    ),
                ),
                ("respond_by", models.DateTimeField(blank=True, null=True, verbose_name="answer by")),
                ("is_withdrawn", models.BooleanField(default=False, verbose_name="money withdrawn")),
                (
                    "withdrawals",
                    models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="withdrawals"),
                ),
                ("credited_amount", models.BigIntegerField(default=0, verbose_name="became balance")),
                ("frozen_amount", models.BigIntegerField(default=0, verbose_name="frozen balance")),
                (
                    "check_due_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="next check"),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="opened"),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                (
                    "settled_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="settles",
                        to="billing.order",
                        verbose_name="settled by",
                    ),
                ),
            ],
            options={
                "verbose_name": "dispute",
                "verbose_name_plural": "disputes",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "open")),
                        fields=["check_due_at", "id"],
                        name="dispute_to_ask_about",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("gateway", "gateway_dispute_id"), name="dispute_once"),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="dispute_amount_positive"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("frozen_amount__gte", 0),
                            ("frozen_amount__lte", models.F("credited_amount")),
                            ("credited_amount__lte", models.F("amount")),
                        ),
                        name="dispute_freezes_what_is_disputed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at__isnull", True), ("state", "open")),
                            models.Q(models.Q(("state", "open"), _negated=True), ("closed_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="dispute_closed_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EventsCursor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("gateway", models.CharField(max_length=20, unique=True, verbose_name="gateway")),
                ("cursor", models.CharField(max_length=120, verbose_name="read up to")),
                ("read_at", models.DateTimeField(verbose_name="read")),
            ],
            options={
                "verbose_name": "events cursor",
                "verbose_name_plural": "events cursors",
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="GatewayCustomer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="gateway_customers",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                ("gateway", models.CharField(max_length=20, verbose_name="gateway")),
                ("reference", models.CharField(max_length=80, verbose_name="reference at the gateway")),
            ],
            options={
                "verbose_name": "customer at a gateway",
                "verbose_name_plural": "customers at gateways",
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "gateway"), name="customer_one_an_owner"),
                    models.UniqueConstraint(fields=("gateway", "reference"), name="customer_reference_unique"),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="GatewayEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("gateway", models.CharField(max_length=20, verbose_name="gateway")),
                ("event_id", models.CharField(max_length=80, verbose_name="event id")),
                ("kind", models.CharField(max_length=60, verbose_name="kind")),
                ("about", models.CharField(default="payment", max_length=10, verbose_name="about")),
                ("payment_id", models.CharField(blank=True, max_length=80, verbose_name="payment at the gateway")),
                ("payload", models.JSONField(verbose_name="payload")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "received"),
                            ("done", "done"),
                            ("failed", "failed"),
                            ("not_ours", "about nothing of ours"),
                        ],
                        default="received",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("error", models.CharField(blank=True, max_length=300, verbose_name="error")),
                (
                    "by_webhook",
                    models.BooleanField(
                        default=True,
                        help_text="Otherwise it was read at the gateway, because it had not come.",
                        verbose_name="came by webhook",
                    ),
                ),
                (
                    "received_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="received"),
                ),
                ("due_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="to be applied from")),
                ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="done")),
            ],
            options={
                "verbose_name": "gateway event",
                "verbose_name_plural": "gateway events",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["received", "failed"])),
                        fields=["due_at", "id"],
                        name="gateway_event_to_apply",
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("gateway", "event_id"), name="gateway_event_once")],
            },
        ),
        migrations.CreateModel(
            name="HistoricalReferralReward",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("currency", models.CharField(db_index=True, max_length=3, verbose_name="currency")),
                (
                    "referrer_amount",
                    models.BigIntegerField(
                        help_text="In the smallest unit of the currency.", verbose_name="who invited gets"
                    ),
                ),
                ("newcomer_amount", models.BigIntegerField(verbose_name="who was invited gets")),
                ("is_on", models.BooleanField(default=False, verbose_name="on")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical referral reward",
                "verbose_name_plural": "historical referral rewards",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [],
                "constraints": [],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
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
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "historical tax rate",
                "verbose_name_plural": "historical tax rates",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [],
                "constraints": [],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="InvariantReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "found_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="found"),
                ),
                (
                    "seen_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="last seen"),
                ),
                ("broken", models.JSONField(verbose_name="what is broken")),
                ("stops_money", models.BooleanField(verbose_name="stops automatic charges")),
                ("over_at", models.DateTimeField(blank=True, null=True, verbose_name="over")),
                ("acknowledged_at", models.DateTimeField(blank=True, null=True, verbose_name="acknowledged")),
                (
                    "acknowledged_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="acknowledged by",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
            ],
            options={
                "verbose_name": "broken invariant",
                "verbose_name_plural": "broken invariants",
                "indexes": [
                    models.Index(
                        condition=models.Q(("over_at__isnull", True)),
                        fields=["found_at"],
                        name="invariant_report_standing",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("acknowledged_at__isnull", True), ("acknowledged_by__isnull", False), _connector="OR"
                        ),
                        name="invariant_report_acknowledged_by_somebody",
                    )
                ],
            },
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
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoices",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invoices",
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "corrects",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit_notes",
                        to="billing.invoice",
                        verbose_name="corrects",
                    ),
                ),
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
                "indexes": [models.Index(fields=["owner", "-issued_at"], name="invoice_by_owner")],
                "constraints": [
                    models.UniqueConstraint(fields=("series", "position"), name="invoice_one_a_number"),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "credit_note"), _negated=True),
                        fields=("order",),
                        name="invoice_one_an_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("tax_amount__gte", 0), ("tax_amount__lte", models.F("amount"))),
                        name="invoice_tax_within_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("corrects__isnull", False), ("kind", "credit_note"), ("refund_key__isnull", False)
                            ),
                            models.Q(
                                models.Q(("kind", "credit_note"), _negated=True),
                                ("corrects__isnull", True),
                                ("refund_key__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="invoice_credit_note_corrects",
                    ),
                ],
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
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="LedgerAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("wallet", "balance of a subscriber"),
                            ("held", "held for orders"),
                            ("gateway", "owed by a gateway"),
                            ("sales", "sales"),
                            ("refunding", "on its way back to payers"),
                            ("disputed", "withdrawn by banks"),
                            ("frozen", "frozen balances"),
                            ("losses", "losses"),
                            ("rewards", "rewards"),
                            ("given_up", "balances given up"),
                            ("unclaimed", "balances nobody claimed"),
                            ("by_hand", "paid out by hand"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="wallets",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                ("gateway", models.CharField(blank=True, max_length=20, verbose_name="gateway")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("balance", models.BigIntegerField(default=0, verbose_name="balance")),
            ],
            options={
                "verbose_name": "ledger account",
                "verbose_name_plural": "ledger accounts",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "wallet")),
                        fields=("owner", "currency"),
                        name="ledger_one_wallet_a_currency",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "wallet"), _negated=True),
                        fields=("kind", "gateway", "currency"),
                        name="ledger_shared_account_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "wallet"), ("owner__isnull", False)),
                            models.Q(models.Q(("kind", "wallet"), _negated=True), ("owner__isnull", True)),
                            _connector="OR",
                        ),
                        name="ledger_wallet_has_owner",
                    ),
                    models.CheckConstraint(condition=models.Q(("balance__gte", 0)), name="ledger_balance_not_negative"),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="LedgerEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=120, unique=True, verbose_name="key")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("received", "payment received"),
                            ("reserved", "balance reserved"),
                            ("released", "reservation released"),
                            ("sold", "sold"),
                            ("credited", "balance topped up"),
                            ("returned", "money returned"),
                            ("opening", "opening balance"),
                            ("refunding", "refund begun"),
                            ("refunded", "refunded"),
                            ("unrefunded", "refund came back"),
                            ("withdrawn", "withdrawn by the bank"),
                            ("reinstated", "given back by the bank"),
                            ("frozen", "balance frozen"),
                            ("unfrozen", "balance free again"),
                            ("lost", "lost in a dispute"),
                            ("recovered", "arrears paid"),
                            ("rewarded", "reward for a referral"),
                            ("unrewarded", "reward taken back"),
                            ("given_up", "balance given up"),
                            ("unclaimed", "balance written off"),
                            ("paid_out", "balance paid out by hand"),
                            ("put_back", "payout came back"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "debit_account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="debits",
                        to="billing.ledgeraccount",
                        verbose_name="debited",
                    ),
                ),
                (
                    "credit_account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credits",
                        to="billing.ledgeraccount",
                        verbose_name="credited",
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("amount", models.BigIntegerField(verbose_name="amount")),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "charge",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="billing.charge",
                        verbose_name="charge",
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="at")),
            ],
            options={
                "verbose_name": "ledger entry",
                "verbose_name_plural": "ledger",
                "indexes": [
                    models.Index(
                        condition=models.Q(("kind__in", ["received", "sold"]), _negated=True),
                        fields=["debit_account", "-at"],
                        name="ledger_by_debit",
                    ),
                    models.Index(
                        condition=models.Q(("kind__in", ["received", "sold"]), _negated=True),
                        fields=["credit_account", "-at"],
                        name="ledger_by_credit",
                    ),
                    models.Index(
                        condition=models.Q(("kind", "returned")), fields=["charge"], name="ledger_of_kept_charge"
                    ),
                    django.contrib.postgres.indexes.BrinIndex(fields=["at"], name="ledger_by_time"),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="ledger_amount_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("debit_account", models.F("credit_account")), _negated=True),
                        name="ledger_between_two_accounts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Leftover",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="lft")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("amount", models.BigIntegerField(verbose_name="amount")),
                (
                    "way",
                    models.CharField(
                        choices=[("written_off", "written off"), ("by_hand", "paid out by hand")],
                        max_length=11,
                        verbose_name="way",
                    ),
                ),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "waits for a second person"),
                            ("cleared", "cleared"),
                            ("refused", "refused"),
                        ],
                        default="requested",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("refusal", models.CharField(blank=True, max_length=100, verbose_name="why it was refused")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leftovers",
                        to="billing.ledgeraccount",
                        verbose_name="ledger account",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="requested by",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        help_text="The second person, where there was one.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decided by",
                    ),
                ),
            ],
            options={
                "verbose_name": "leftover balance",
                "verbose_name_plural": "leftover balances",
                "permissions": [("approve_leftover", "Can approve clearing leftover balances as others requested")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="leftover_amount_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="leftover_has_a_reason"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "requested")),
                        fields=("account",),
                        name="leftover_one_open_an_account",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by__isnull", True),
                            models.Q(("decided_by", models.F("requested_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="leftover_decided_by_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("state", "requested")),
                            models.Q(models.Q(("state", "requested"), _negated=True), ("decided_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="leftover_decision_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LineClaim",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                ("asked", models.CharField(max_length=64)),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0, verbose_name="codes typed")),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="at")),
                ("expires_at", models.DateTimeField(verbose_name="expires")),
                ("used_at", models.DateTimeField(blank=True, null=True, verbose_name="used")),
            ],
            options={
                "verbose_name": "claim to a line",
                "verbose_name_plural": "claims to lines",
                "indexes": [
                    models.Index(fields=["user", "asked_at"], name="claim_by_user"),
                    models.Index(fields=["asked", "asked_at"], name="claim_by_asked"),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("tries__lte", 5)), name="claim_few_tries"),
                    models.CheckConstraint(
                        condition=models.Q(("used_at", None), ("order__isnull", False), _connector="OR"),
                        name="claim_used_for_an_order",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="NudgeDismissal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "line",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="nudge_dismissals",
                        to="esim.line",
                        verbose_name="line",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="plans.plan",
                        verbose_name="plan",
                    ),
                ),
                ("basis", models.CharField(max_length=120, verbose_name="rests on")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="at")),
            ],
            options={
                "verbose_name": "closed advice",
                "verbose_name_plural": "closed advice",
                "constraints": [models.UniqueConstraint(fields=("line", "plan"), name="nudge_dismissed_once_a_plan")],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="PayLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="plk")),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="pay_links",
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "token_hash",
                    models.CharField(editable=False, max_length=64, unique=True, verbose_name="hash of the token"),
                ),
                (
                    "shown_as",
                    models.CharField(blank=True, max_length=120, verbose_name="for whom, as the payer reads it"),
                ),
                ("receipt_email", models.EmailField(blank=True, max_length=254, verbose_name="receipt to")),
                (
                    "receipt_language",
                    models.CharField(
                        choices=[("en", "English"), ("zh-hans", "简体中文"), ("zh-hant", "繁體中文")],
                        default="en",
                        max_length=10,
                        verbose_name="language of the receipt",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="made"),
                ),
                ("withdrawn_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="withdrawn")),
            ],
            options={
                "verbose_name": "link to pay",
                "verbose_name_plural": "links to pay",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at__isnull", True)),
                        fields=("order",),
                        name="pay_link_one_an_order",
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="PlanNudge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "line",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="nudge",
                        to="esim.line",
                        verbose_name="line",
                    ),
                ),
                (
                    "looked_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="looked at"),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="plans.plan",
                        verbose_name="cheaper plan",
                    ),
                ),
                (
                    "instead_of",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="plans.soldterms",
                        verbose_name="present plan",
                    ),
                ),
                ("currency", models.CharField(blank=True, max_length=3, verbose_name="currency")),
                ("cost", models.BigIntegerField(default=0, verbose_name="cost with it")),
                ("cost_now", models.BigIntegerField(default=0, verbose_name="cost with the present plan")),
                ("days", models.PositiveSmallIntegerField(default=0, verbose_name="days")),
                ("basis", models.CharField(blank=True, editable=False, max_length=120, verbose_name="rests on")),
            ],
            options={
                "verbose_name": "cheaper plan",
                "verbose_name_plural": "cheaper plans",
                "indexes": [models.Index(fields=["looked_at"], name="nudge_by_look")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("plan__isnull", True),
                            models.Q(("cost_now__gt", models.F("cost")), ("instead_of__isnull", False)),
                            _connector="OR",
                        ),
                        name="nudge_names_something_cheaper",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="QueuedPlan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="que")),
                (
                    "line",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="queued_plans",
                        to="esim.line",
                        verbose_name="line",
                    ),
                ),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="queued_plan",
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
                ("position", models.IntegerField(verbose_name="position")),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "waiting"), ("started", "started"), ("cancelled", "cancelled")],
                        default="waiting",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("by_wish", models.BooleanField(default=False, verbose_name="started before its turn")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                (
                    "taken_in_at",
                    models.DateTimeField(
                        blank=True,
                        editable=False,
                        help_text="When auto-renewal was moved behind it and its buyer was told.",
                        null=True,
                        verbose_name="taken into the schedule",
                    ),
                ),
                (
                    "decided_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="started or cancelled"),
                ),
            ],
            options={
                "verbose_name": "queued plan",
                "verbose_name_plural": "queued plans",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")), fields=["line", "position"], name="queue_waiting"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("line", "position"), name="queue_one_a_position"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("state", "waiting")),
                            models.Q(models.Q(("state", "waiting"), _negated=True), ("decided_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="queue_decided_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Redemption",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="redemptions",
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="redemptions",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="subscriber",
                    ),
                ),
                (
                    "coupon",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="redemptions",
                        to="plans.coupon",
                        verbose_name="coupon",
                    ),
                ),
                (
                    "code",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="redemptions",
                        to="plans.couponcode",
                        verbose_name="coupon code",
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="redemptions",
                        to="plans.promotion",
                        verbose_name="promotion",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("reserved", "waits for payment"), ("consumed", "used"), ("released", "given back")],
                        default="reserved",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                (
                    "terms",
                    models.JSONField(
                        default=dict, help_text="Name and terms of the offer, copied.", verbose_name="what it gave"
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("price", models.BigIntegerField(verbose_name="price before")),
                ("amount", models.BigIntegerField(default=0, verbose_name="taken off")),
                ("bonus_bytes", models.BigIntegerField(default=0, verbose_name="more data (bytes)")),
                ("extra_count", models.PositiveIntegerField(default=0, verbose_name="free periods")),
                (
                    "extra_unit",
                    models.CharField(
                        blank=True,
                        choices=[("day", "Day"), ("month", "Month"), ("year", "Year")],
                        max_length=5,
                        verbose_name="period unit",
                    ),
                ),
                ("slot", models.PositiveSmallIntegerField(blank=True, editable=False, null=True)),
                (
                    "is_first_purchase",
                    models.BooleanField(default=False, editable=False, verbose_name="as a first purchase"),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                ("settled_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="settled")),
            ],
            options={
                "verbose_name": "redemption",
                "verbose_name_plural": "redemptions",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("coupon__isnull", False)),
                        fields=("order",),
                        name="redemption_one_coupon_an_order",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("promotion__isnull", False)),
                        fields=("order",),
                        name="redemption_one_promotion_an_order",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("slot__isnull", False), models.Q(("state", "released"), _negated=True)),
                        fields=("coupon", "user", "slot"),
                        name="redemption_within_limit_a_person",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_first_purchase", True), models.Q(("state", "released"), _negated=True)),
                        fields=("user",),
                        name="redemption_one_first_purchase",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("code__isnull", False), ("coupon__isnull", False), ("promotion__isnull", True)),
                            models.Q(("code__isnull", True), ("coupon__isnull", True), ("promotion__isnull", False)),
                            _connector="OR",
                        ),
                        name="redemption_of_one_offer",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gte", 0), ("amount__lte", models.F("price"))),
                        name="redemption_within_price",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("bonus_bytes__gte", 0)), name="redemption_data_not_negative"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state", "reserved"), ("settled_at__isnull", False), _connector="OR"),
                        name="redemption_settled_has_time",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="ReferralCredit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "referral",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit",
                        to="accounts.referral",
                        verbose_name="referral",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("granted", "credited"), ("refused", "refused"), ("reversed", "taken back")],
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("same_mailbox", "the same mailbox in another spelling"),
                            ("same_device", "registered on a device of another account"),
                            ("same_card", "paid with a card of another account"),
                            ("same_phone", "the same mobile number as another account"),
                            ("given_back", "the purchase was given back"),
                            ("not_offered", "no reward in this currency"),
                            ("account_closed", "both accounts are closed"),
                        ],
                        max_length=14,
                        verbose_name="why not",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.order",
                        verbose_name="first purchase",
                    ),
                ),
                ("currency", models.CharField(blank=True, max_length=3, verbose_name="currency")),
                ("referrer_amount", models.BigIntegerField(default=0, verbose_name="who invited got")),
                ("newcomer_amount", models.BigIntegerField(default=0, verbose_name="who was invited got")),
                (
                    "decided_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="decided"),
                ),
            ],
            options={
                "verbose_name": "referral credit",
                "verbose_name_plural": "referral credits",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("order__isnull", False),
                                ("reason", ""),
                                ("state__in", ["granted", "reversed"]),
                                models.Q(("referrer_amount__gt", 0), ("newcomer_amount__gt", 0), _connector="OR"),
                            ),
                            models.Q(
                                ("newcomer_amount", 0),
                                ("referrer_amount", 0),
                                ("state", "refused"),
                                models.Q(("reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="referral_credit_or_reason",
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="ReferralReward",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("currency", models.CharField(max_length=3, unique=True, verbose_name="currency")),
                (
                    "referrer_amount",
                    models.BigIntegerField(
                        help_text="In the smallest unit of the currency.", verbose_name="who invited gets"
                    ),
                ),
                ("newcomer_amount", models.BigIntegerField(verbose_name="who was invited gets")),
                ("is_on", models.BooleanField(default=False, verbose_name="on")),
            ],
            options={
                "verbose_name": "referral reward",
                "verbose_name_plural": "referral rewards",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("newcomer_amount__gt", 0), ("referrer_amount__gt", 0)),
                        name="referral_reward_positive",
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Refund",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="rfd")),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refunds",
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "charge",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refunds",
                        to="billing.charge",
                        verbose_name="charge",
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("amount", models.BigIntegerField(verbose_name="amount")),
                (
                    "goes_to",
                    models.CharField(
                        choices=[("payer", "the way it was paid"), ("balance", "the subscriber's balance")],
                        max_length=8,
                        verbose_name="goes to",
                    ),
                ),
                (
                    "taken_from",
                    models.CharField(
                        choices=[("sales", "sales"), ("wallet", "the subscriber's balance"), ("losses", "losses")],
                        default="sales",
                        max_length=8,
                        verbose_name="taken from",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("unused", "not used"),
                            ("undeliverable", "could not be delivered"),
                            ("duplicate", "paid twice"),
                            ("complaint", "complaint"),
                            ("goodwill", "goodwill"),
                            ("dispute", "to avoid a dispute"),
                            ("gateway", "made at the gateway"),
                            ("account_closed", "the account is closed"),
                            ("paid_out", "the balance is paid out"),
                        ],
                        max_length=14,
                        verbose_name="reason",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                (
                    "takes_back",
                    models.BooleanField(
                        default=False,
                        help_text="The whole order is undone, not only money given back.",
                        verbose_name="takes the plan back",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "waits for a second person"),
                            ("taking_back", "waits until the plan is taken back"),
                            ("created", "being prepared"),
                            ("pending", "on its way"),
                            ("unknown", "being checked with the gateway"),
                            ("succeeded", "given back"),
                            ("failed", "failed"),
                            ("refused", "refused"),
                        ],
                        default="requested",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("failure", models.CharField(blank=True, max_length=100, verbose_name="why it failed")),
                (
                    "requested_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refunds_requested",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="requested by",
                    ),
                ),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refunds_approved",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="approved by",
                    ),
                ),
                (
                    "tries_again",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tried_again",
                        to="billing.refund",
                        verbose_name="instead of",
                    ),
                ),
                (
                    "gateway_refund_id",
                    models.CharField(
                        blank=True, max_length=80, null=True, unique=True, verbose_name="refund at the gateway"
                    ),
                ),
                (
                    "check_due_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="next check"),
                ),
                ("checks", models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="checks")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                ("settled_at", models.DateTimeField(blank=True, null=True, verbose_name="settled")),
            ],
            options={
                "verbose_name": "refund",
                "verbose_name_plural": "refunds",
                "permissions": [("approve_refund", "Can approve refunds that others requested")],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["created", "pending", "unknown"])),
                        fields=["check_due_at", "id"],
                        name="refund_to_reconcile",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="refund_amount_positive"),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("state__in", ["requested", "taking_back", "created", "pending", "unknown"])
                        ),
                        fields=("charge",),
                        name="refund_one_open_a_charge",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("charge__isnull", True), ("state__in", ["requested", "taking_back"])),
                        fields=("order",),
                        name="refund_one_open_of_balance",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("charge__isnull", False), ("goes_to", "balance"), _connector="OR"),
                        name="refund_of_balance",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("approved_by__isnull", True),
                            models.Q(("approved_by", models.F("requested_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="refund_approved_by_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "succeeded"), _negated=True),
                            models.Q(
                                ("settled_at__isnull", False),
                                models.Q(("goes_to", "balance"), ("gateway_refund_id__isnull", False), _connector="OR"),
                            ),
                            _connector="OR",
                        ),
                        name="refund_succeeded_is_proven",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RenewalQuestion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "subscription",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="questions",
                        to="billing.subscription",
                        verbose_name="auto-renewal",
                    ),
                ),
                ("period_index", models.PositiveIntegerField(verbose_name="period")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("amount", models.BigIntegerField(verbose_name="price asked about")),
                ("asked_at", models.DateTimeField(verbose_name="asked")),
                ("ends_at", models.DateTimeField(verbose_name="paid until")),
                (
                    "answer",
                    models.CharField(
                        blank=True,
                        choices=[("renew", "renew"), ("skip", "skip this time"), ("stop", "turn auto-renewal off")],
                        max_length=6,
                        verbose_name="answer",
                    ),
                ),
                ("answered_at", models.DateTimeField(blank=True, null=True, verbose_name="answered")),
                ("answered_from", models.GenericIPAddressField(blank=True, null=True, verbose_name="answered from")),
            ],
            options={
                "verbose_name": "question before a renewal",
                "verbose_name_plural": "questions before renewals",
                "constraints": [
                    models.UniqueConstraint(fields=("subscription", "period_index"), name="question_one_a_period"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answer", ""), ("answered_at__isnull", True)),
                            models.Q(models.Q(("answer", ""), _negated=True), ("answered_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="question_answer_has_time",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="SandboxCard",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=40, unique=True, verbose_name="reference")),
                ("customer", models.CharField(max_length=40, verbose_name="customer")),
                ("brand", models.CharField(max_length=20, verbose_name="brand")),
                ("last_four", models.CharField(max_length=4, verbose_name="last four digits")),
                ("expires_month", models.PositiveSmallIntegerField(verbose_name="expiry month")),
                ("expires_year", models.PositiveSmallIntegerField(verbose_name="expiry year")),
                ("outcome", models.CharField(max_length=40, verbose_name="outcome")),
            ],
            options={
                "verbose_name": "sandbox card",
                "verbose_name_plural": "sandbox cards",
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="SandboxPayment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=40, unique=True, verbose_name="reference")),
                ("idempotency_key", models.CharField(max_length=80, unique=True, verbose_name="idempotency key")),
                (
                    "purpose",
                    models.CharField(
                        choices=[("payment", "payment"), ("card", "keeping a card")],
                        default="payment",
                        max_length=10,
                        verbose_name="purpose",
                    ),
                ),
                ("customer", models.CharField(blank=True, max_length=40, verbose_name="customer")),
                ("description", models.CharField(blank=True, max_length=200, verbose_name="description")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("amount", models.BigIntegerField(verbose_name="amount")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("prepared", "prepared"),
                            ("open", "page open"),
                            ("processing", "paid later"),
                            ("needs_authentication", "needs authentication"),
                            ("succeeded", "paid"),
                            ("declined", "declined"),
                            ("abandoned", "abandoned"),
                        ],
                        default="open",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("decline_code", models.CharField(blank=True, max_length=60, verbose_name="decline code")),
                ("keep_card", models.BooleanField(default=False, verbose_name="keep the card")),
                (
                    "card",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="billing.sandboxcard",
                    ),
                ),
                ("last_four", models.CharField(blank=True, max_length=4, verbose_name="last four digits of what paid")),
                ("return_url", models.CharField(blank=True, max_length=500, verbose_name="return address")),
                ("completes_at", models.DateTimeField(blank=True, null=True, verbose_name="completes")),
                ("notified_state", models.CharField(blank=True, max_length=20, verbose_name="state last called back")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                (
                    "moved_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="in this state since"
                    ),
                ),
            ],
            options={
                "verbose_name": "sandbox payment",
                "verbose_name_plural": "sandbox payments",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gte", 0)), name="sandbox_amount_not_negative")
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="SandboxDispute",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=40, unique=True, verbose_name="reference")),
                (
                    "payment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="dispute", to="billing.sandboxpayment"
                    ),
                ),
                ("amount", models.BigIntegerField(verbose_name="amount")),
                ("reason", models.CharField(blank=True, max_length=60, verbose_name="reason")),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open"), ("won", "won"), ("lost", "lost")],
                        default="open",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("is_withdrawn", models.BooleanField(default=True, verbose_name="money withdrawn")),
                ("respond_by", models.DateTimeField(verbose_name="answer by")),
                ("notified_state", models.CharField(blank=True, max_length=20, verbose_name="state last called back")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                (
                    "moved_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="in this state since"
                    ),
                ),
            ],
            options={
                "verbose_name": "sandbox dispute",
                "verbose_name_plural": "sandbox disputes",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="sandbox_dispute_positive")
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="SandboxRefund",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=40, unique=True, verbose_name="reference")),
                ("idempotency_key", models.CharField(max_length=80, unique=True, verbose_name="idempotency key")),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="refunds", to="billing.sandboxpayment"
                    ),
                ),
                ("amount", models.BigIntegerField(verbose_name="amount")),
                (
                    "state",
                    models.CharField(
                        choices=[("processing", "on its way"), ("succeeded", "given back"), ("failed", "failed")],
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=60, verbose_name="reason")),
                ("completes_at", models.DateTimeField(blank=True, null=True, verbose_name="completes")),
                ("notified_state", models.CharField(blank=True, max_length=20, verbose_name="state last called back")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                (
                    "moved_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="in this state since"
                    ),
                ),
            ],
            options={
                "verbose_name": "sandbox refund",
                "verbose_name_plural": "sandbox refunds",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="sandbox_refund_positive")
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="SeenCard",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                ("fingerprint", models.CharField(db_index=True, max_length=64, verbose_name="fingerprint")),
                (
                    "seen_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="first seen"),
                ),
            ],
            options={
                "verbose_name": "seen card",
                "verbose_name_plural": "seen cards",
                "constraints": [models.UniqueConstraint(fields=("owner", "fingerprint"), name="seen_card_once")],
                "indexes": [],
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
                "constraints": [
                    models.UniqueConstraint(fields=("country", "starts_on"), name="tax_rate_once_a_day"),
                    models.CheckConstraint(
                        condition=models.Q(("basis_points__lte", 10000)), name="tax_rate_at_most_the_whole"
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Payout",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                ("refusal", models.CharField(blank=True, max_length=100, verbose_name="why it was refused")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="pyt")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                ("amount", models.BigIntegerField(verbose_name="amount")),
                (
                    "by_hand_amount",
                    models.BigIntegerField(default=0, help_text="What no card takes back.", verbose_name="by hand"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "waits for a second person"),
                            ("to_transfer", "to be transferred by hand"),
                            ("done", "paid out"),
                            ("refused", "refused"),
                            ("returned", "transfer came back"),
                        ],
                        default="requested",
                        max_length=11,
                        verbose_name="state",
                    ),
                ),
                ("reference", models.CharField(blank=True, max_length=100, verbose_name="reference of the bank")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payouts",
                        to="billing.ledgeraccount",
                        verbose_name="ledger account",
                    ),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        help_text="The second person, where there was one.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decided by",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="requested by",
                    ),
                ),
            ],
            options={
                "verbose_name": "payout of a balance",
                "verbose_name_plural": "payouts of balances",
                "permissions": [("approve_payout", "Can approve payouts of balances as others requested")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="payout_has_a_reason"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by__isnull", True),
                            models.Q(("decided_by", models.F("requested_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="payout_decided_by_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("state", "requested")),
                            models.Q(models.Q(("state", "requested"), _negated=True), ("decided_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="payout_decision_has_time",
                    ),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="payout_amount_positive"),
                    models.CheckConstraint(
                        condition=models.Q(("by_hand_amount__gte", 0), ("by_hand_amount__lte", models.F("amount"))),
                        name="payout_by_hand_is_part",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["to_transfer", "returned"]), _negated=True),
                            ("by_hand_amount__gt", 0),
                            _connector="OR",
                        ),
                        name="payout_transfer_of_something",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            ("by_hand_amount", 0),
                            models.Q(("reference", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="payout_done_is_proven",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "requested")),
                        fields=("account",),
                        name="payout_one_open_an_account",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="refund",
            name="payout",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="refunds",
                to="billing.payout",
                verbose_name="part of a payout",
            ),
        ),
    ]
