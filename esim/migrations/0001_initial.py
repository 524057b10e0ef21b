import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
import portal.lib.public_ids
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "__first__"),
        ("plans", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Line",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="lin")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                ("nickname", models.CharField(blank=True, max_length=40, verbose_name="nickname")),
                (
                    "cost_centre",
                    models.CharField(
                        blank=True,
                        help_text="Of a business; stands in its list of costs.",
                        max_length=40,
                        verbose_name="cost centre",
                    ),
                ),
                (
                    "msisdn",
                    models.CharField(
                        blank=True,
                        help_text="E.164; empty until assigned.",
                        max_length=16,
                        verbose_name="number (MSISDN)",
                    ),
                ),
                (
                    "form",
                    models.CharField(
                        choices=[("esim", "eSIM"), ("physical", "physical SIM")],
                        default="esim",
                        max_length=8,
                        verbose_name="form",
                    ),
                ),
                (
                    "service_state",
                    models.CharField(
                        choices=[
                            ("pending", "being set up"),
                            ("active", "in service"),
                            ("suspended", "suspended"),
                            ("terminated", "terminated"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="service state",
                    ),
                ),
                ("carrier", models.CharField(default="simulated", max_length=20, verbose_name="carrier")),
                ("time_zone", models.CharField(default="UTC", max_length=64, verbose_name="time zone")),
                ("hidden", models.BooleanField(default=False, verbose_name="hidden")),
                (
                    "opened_for",
                    models.CharField(
                        blank=True,
                        editable=False,
                        help_text="Public id of the purchase that opened the line.",
                        max_length=32,
                        verbose_name="opened for",
                    ),
                ),
                (
                    "suspended_for",
                    models.CharField(
                        blank=True,
                        choices=[("unpaid", "unpaid"), ("owner", "by the subscriber"), ("staff", "by support")],
                        editable=False,
                        max_length=10,
                        verbose_name="suspended for",
                    ),
                ),
                (
                    "service_change",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("suspending", "being suspended"),
                            ("resuming", "being resumed"),
                            ("terminating", "being terminated"),
                        ],
                        editable=False,
                        max_length=12,
                        verbose_name="service change under way",
                    ),
                ),
                (
                    "service_change_key",
                    models.CharField(
                        blank=True, editable=False, max_length=80, verbose_name="key of the last service change"
                    ),
                ),
                (
                    "service_change_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last service change"),
                ),
                (
                    "service_change_until",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="service change: ask again"
                    ),
                ),
                ("last_used_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last used")),
                (
                    "keep_alive_due_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="look at disuse from"),
                ),
                ("usage_reported_at", models.DateTimeField(blank=True, null=True, verbose_name="usage as of")),
                (
                    "usage_poll_due_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="next usage poll"),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
            ],
            options={
                "verbose_name": "line",
                "verbose_name_plural": "lines",
                "indexes": [
                    models.Index(
                        condition=models.Q(("service_state", "active")),
                        fields=["usage_poll_due_at", "id"],
                        name="line_usage_to_poll",
                    ),
                    models.Index(
                        condition=models.Q(("keep_alive_due_at__isnull", False)),
                        fields=["keep_alive_due_at", "id"],
                        name="line_to_keep_alive",
                    ),
                    models.Index(
                        condition=models.Q(("service_change", ""), _negated=True),
                        fields=["service_change_until", "id"],
                        name="line_changing",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(
                            models.Q(("msisdn", ""), _negated=True),
                            models.Q(("service_state", "terminated"), _negated=True),
                        ),
                        fields=("msisdn",),
                        name="line_msisdn_unique",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("opened_for", ""), _negated=True),
                        fields=("opened_for",),
                        name="line_opened_once_a_purchase",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("service_change", ""), ("service_change_until__isnull", False), _connector="OR"
                        ),
                        name="line_change_has_lease",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Allowance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="alw", unique=False)),
                (
                    "line",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="allowances",
                        to="esim.line",
                        verbose_name="line",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="allowances",
                        to="plans.plan",
                        verbose_name="plan",
                    ),
                ),
                (
                    "sold",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="plans.soldterms",
                        verbose_name="what was sold",
                    ),
                ),
                ("granted_for", models.CharField(max_length=32, unique=True, verbose_name="granted for")),
                ("is_data_pack", models.BooleanField(default=False, verbose_name="data pack")),
                (
                    "data_bytes",
                    models.BigIntegerField(
                        blank=True, help_text="Empty: unlimited.", null=True, verbose_name="data (bytes)"
                    ),
                ),
                (
                    "daily_cap_bytes",
                    models.BigIntegerField(blank=True, null=True, verbose_name="daily high-speed cap (bytes)"),
                ),
                (
                    "throttled_kbps",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="speed after the cap (kbit/s)"),
                ),
                ("voice_minutes", models.PositiveIntegerField(default=0, verbose_name="call minutes")),
                ("sms_count", models.PositiveIntegerField(default=0, verbose_name="SMS")),
                ("used_bytes", models.BigIntegerField(default=0, verbose_name="data used (bytes)")),
                ("used_minutes", models.PositiveIntegerField(default=0, verbose_name="call minutes used")),
                ("used_sms", models.PositiveIntegerField(default=0, verbose_name="SMS used")),
                ("starts_at", models.DateTimeField(verbose_name="starts")),
                ("ends_at", models.DateTimeField(verbose_name="ends")),
                (
                    "taken_back_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="taken back"),
                ),
                (
                    "remind_due_at",
                    models.DateTimeField(
                        blank=True,
                        db_default=django.db.models.functions.datetime.Now(),
                        default=django.utils.timezone.now,
                        editable=False,
                        null=True,
                        verbose_name="reminders look from",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
            ],
            options={
                "verbose_name": "allowance",
                "verbose_name_plural": "allowances",
                "indexes": [
                    models.Index(fields=["line", "ends_at"], name="allowance_by_line"),
                    models.Index(
                        condition=models.Q(("remind_due_at__isnull", False)),
                        fields=["remind_due_at", "id"],
                        name="allowance_to_remind",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="allowance_ends_after_start"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("used_bytes__gte", 0)), name="allowance_used_not_negative"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BindingAttempt",
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
                ("card", models.CharField(max_length=64)),
                ("succeeded", models.BooleanField(default=False, verbose_name="succeeded")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="at")),
            ],
            options={
                "verbose_name": "try to bind a card",
                "verbose_name_plural": "tries to bind a card",
                "indexes": [
                    models.Index(fields=["card", "at"], name="binding_by_card"),
                    models.Index(fields=["user", "at"], name="binding_by_user"),
                ],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="CarrierEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("carrier", models.CharField(max_length=20, verbose_name="carrier")),
                ("event_id", models.CharField(max_length=160, verbose_name="event id")),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                ("iccid", models.CharField(blank=True, max_length=20, verbose_name="ICCID")),
                ("happened_at", models.DateTimeField(blank=True, null=True, verbose_name="happened")),
                ("received_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="received")),
                ("applied", models.BooleanField(default=False, verbose_name="changed something")),
                ("detail", models.JSONField(blank=True, default=dict, verbose_name="detail")),
            ],
            options={
                "verbose_name": "message of a carrier",
                "verbose_name_plural": "messages of carriers",
                "indexes": [models.Index(fields=["iccid", "received_at"], name="carrier_event_by_profile")],
                "constraints": [models.UniqueConstraint(fields=("carrier", "event_id"), name="carrier_event_once")],
            },
        ),
        migrations.CreateModel(
            name="CarrierOrder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("carrier", models.CharField(max_length=20, verbose_name="carrier")),
                ("key", models.CharField(max_length=80, verbose_name="key")),
                ("product", models.CharField(max_length=100, verbose_name="product")),
                ("iccid", models.CharField(blank=True, max_length=20, verbose_name="ICCID")),
                ("reference", models.CharField(blank=True, max_length=80, verbose_name="order at the carrier")),
                ("unanswered_since", models.DateTimeField(blank=True, null=True, verbose_name="unanswered since")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
            ],
            options={
                "verbose_name": "order at a carrier",
                "verbose_name_plural": "orders at carriers",
                "constraints": [
                    models.UniqueConstraint(fields=("carrier", "key"), name="carrier_order_once_a_key"),
                    models.UniqueConstraint(
                        condition=models.Q(("reference", ""), _negated=True),
                        fields=("carrier", "reference"),
                        name="carrier_order_claimed_once",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="CarrierProduct",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("carrier", models.CharField(max_length=20, verbose_name="carrier")),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="carrier_products",
                        to="plans.plan",
                        verbose_name="plan",
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        help_text="Capital letters count.", max_length=100, verbose_name="code at the carrier"
                    ),
                ),
            ],
            options={
                "verbose_name": "product of a carrier",
                "verbose_name_plural": "products of carriers",
                "constraints": [
                    models.UniqueConstraint(fields=("carrier", "plan"), name="carrier_product_once_a_plan")
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="DailyUsage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "line",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="daily_usage",
                        to="esim.line",
                        verbose_name="line",
                    ),
                ),
                ("date", models.DateField(verbose_name="date")),
                ("data_bytes", models.BigIntegerField(default=0, verbose_name="data (bytes)")),
                ("voice_seconds", models.PositiveIntegerField(default=0, verbose_name="call seconds")),
                ("sms_count", models.PositiveIntegerField(default=0, verbose_name="SMS")),
            ],
            options={
                "verbose_name": "daily usage",
                "verbose_name_plural": "daily usage",
                "constraints": [models.UniqueConstraint(fields=("line", "date"), name="daily_usage_once_a_day")],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="HistoricalOutlet",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(db_index=True, prefix="out", unique=False)),
                (
                    "code",
                    models.SlugField(
                        help_text="Stable name for imports and reports.", max_length=60, verbose_name="code"
                    ),
                ),
                ("name", models.CharField(max_length=80, verbose_name="name (English)")),
                ("name_zh_hans", models.CharField(blank=True, max_length=80, verbose_name="name (Simplified Chinese)")),
                (
                    "name_zh_hant",
                    models.CharField(blank=True, max_length=80, verbose_name="name (Traditional Chinese)"),
                ),
                ("city", models.CharField(max_length=60, verbose_name="city (English)")),
                ("city_zh_hans", models.CharField(blank=True, max_length=60, verbose_name="city (Simplified Chinese)")),
                (
                    "city_zh_hant",
                    models.CharField(blank=True, max_length=60, verbose_name="city (Traditional Chinese)"),
                ),
                ("address", models.TextField(max_length=300, verbose_name="address (English)")),
                (
                    "address_zh_hans",
                    models.TextField(blank=True, max_length=300, verbose_name="address (Simplified Chinese)"),
                ),
                (
                    "address_zh_hant",
                    models.TextField(blank=True, max_length=300, verbose_name="address (Traditional Chinese)"),
                ),
                (
                    "country",
                    models.CharField(help_text="ISO 3166 code, such as FR.", max_length=2, verbose_name="country"),
                ),
                (
                    "latitude",
                    models.DecimalField(
                        decimal_places=6,
                        max_digits=8,
                        validators=[
                            django.core.validators.MinValueValidator(-90),
                            django.core.validators.MaxValueValidator(90),
                        ],
                        verbose_name="latitude",
                    ),
                ),
                (
                    "longitude",
                    models.DecimalField(
                        decimal_places=6,
                        max_digits=9,
                        validators=[
                            django.core.validators.MinValueValidator(-180),
                            django.core.validators.MaxValueValidator(180),
                        ],
                        verbose_name="longitude",
                    ),
                ),
                ("phone", models.CharField(blank=True, max_length=24, verbose_name="phone")),
                ("time_zone", models.CharField(default="UTC", max_length=64, verbose_name="time zone")),
                ("weekly_hours", models.JSONField(blank=True, default=dict, verbose_name="opening hours")),
                ("exceptions", models.JSONField(blank=True, default=dict, verbose_name="other hours on some days")),
                ("gives_sims", models.BooleanField(default=True, verbose_name="SIM pick-up")),
                ("checks_identity", models.BooleanField(default=False, verbose_name="identity check")),
                ("takes_payment", models.BooleanField(default=False, verbose_name="payment")),
                ("is_active", models.BooleanField(default=True, verbose_name="shown to subscribers")),
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
                "verbose_name": "historical outlet",
                "verbose_name_plural": "historical outlets",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [],
                "constraints": [],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="LineInvitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="ivt")),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invitations",
                        to="esim.line",
                        verbose_name="line",
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invitations_made",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="invited by",
                    ),
                ),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
                (
                    "role",
                    models.CharField(
                        choices=[("payer", "may pay for it"), ("viewer", "may look at it")],
                        max_length=8,
                        verbose_name="role",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "waits for an answer"),
                            ("accepted", "accepted"),
                            ("declined", "declined"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="open",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "accepted_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="accepted by",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="sent"),
                ),
                ("expires_at", models.DateTimeField(verbose_name="expires")),
                (
                    "ended_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="answered or withdrawn"),
                ),
            ],
            options={
                "verbose_name": "invitation to a line",
                "verbose_name_plural": "invitations to lines",
                "indexes": [
                    models.Index(fields=["invited_by", "created_at"], name="invitation_by_sender"),
                    models.Index(fields=["email", "created_at"], name="invitation_by_address"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")), fields=("line", "email"), name="invitation_one_open"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="invitation_email_in_lower_case",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "accepted"), _negated=True),
                            ("accepted_by__isnull", False),
                            _connector="OR",
                        ),
                        name="invitation_accepted_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("created_at"))), name="invitation_expires_later"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LineMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="mem")),
                (
                    "line",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="members",
                        to="esim.line",
                        verbose_name="line",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[("payer", "may pay for it"), ("viewer", "may look at it")],
                        max_length=8,
                        verbose_name="role",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="since"),
                ),
            ],
            options={
                "verbose_name": "member of a line",
                "verbose_name_plural": "members of lines",
                "constraints": [models.UniqueConstraint(fields=("line", "user"), name="member_once_a_line")],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="LineMove",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="mov")),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moves",
                        to="esim.line",
                        verbose_name="line",
                    ),
                ),
                (
                    "from_owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moves_offered",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="given by",
                    ),
                ),
                ("to_email", models.EmailField(max_length=254, verbose_name="given to")),
                (
                    "to_owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moves_accepted",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="accepted by",
                    ),
                ),
                (
                    "by_claim",
                    models.BooleanField(
                        default=False,
                        help_text="The giver’s yes was a code sent to their e-mail address.",
                        verbose_name="claimed with a code",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("offered", "waits for the other's yes"),
                            ("agreed", "agreed; waits for the cool-off"),
                            ("done", "moved"),
                            ("withdrawn", "withdrawn"),
                            ("declined", "declined"),
                            ("undone", "undone before it moved"),
                        ],
                        default="offered",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "new_line",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moved_from",
                        to="esim.line",
                        verbose_name="line of the new owner",
                    ),
                ),
                ("waits_for", models.CharField(blank=True, editable=False, max_length=200, verbose_name="waits for")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="offered"),
                ),
                ("expires_at", models.DateTimeField(verbose_name="to be accepted by")),
                ("agreed_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="agreed")),
                ("moves_at", models.DateTimeField(blank=True, null=True, verbose_name="moves")),
                ("ended_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="ended")),
            ],
            options={
                "verbose_name": "move to another account",
                "verbose_name_plural": "moves to other accounts",
                "indexes": [
                    models.Index(condition=models.Q(("state", "agreed")), fields=["moves_at", "id"], name="move_due")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["offered", "agreed"])),
                        fields=("line",),
                        name="move_one_under_way_a_line",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("to_email", django.db.models.functions.text.Lower("to_email"))),
                        name="move_email_in_lower_case",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["agreed", "done"]), _negated=True),
                            models.Q(("moves_at__isnull", False), ("to_owner__isnull", False)),
                            _connector="OR",
                        ),
                        name="move_agreed_by_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True), ("new_line__isnull", False), _connector="OR"
                        ),
                        name="move_done_has_new_line",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Outlet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="out")),
                (
                    "code",
                    models.SlugField(
                        help_text="Stable name for imports and reports.",
                        max_length=60,
                        unique=True,
                        verbose_name="code",
                    ),
                ),
                ("name", models.CharField(max_length=80, verbose_name="name (English)")),
                ("name_zh_hans", models.CharField(blank=True, max_length=80, verbose_name="name (Simplified Chinese)")),
                (
                    "name_zh_hant",
                    models.CharField(blank=True, max_length=80, verbose_name="name (Traditional Chinese)"),
                ),
                ("city", models.CharField(max_length=60, verbose_name="city (English)")),
                ("city_zh_hans", models.CharField(blank=True, max_length=60, verbose_name="city (Simplified Chinese)")),
                (
                    "city_zh_hant",
                    models.CharField(blank=True, max_length=60, verbose_name="city (Traditional Chinese)"),
                ),
                ("address", models.TextField(max_length=300, verbose_name="address (English)")),
                (
                    "address_zh_hans",
                    models.TextField(blank=True, max_length=300, verbose_name="address (Simplified Chinese)"),
                ),
                (
                    "address_zh_hant",
                    models.TextField(blank=True, max_length=300, verbose_name="address (Traditional Chinese)"),
                ),
                (
                    "country",
                    models.CharField(help_text="ISO 3166 code, such as FR.", max_length=2, verbose_name="country"),
                ),
                (
                    "latitude",
                    models.DecimalField(
                        decimal_places=6,
                        max_digits=8,
                        validators=[
                            django.core.validators.MinValueValidator(-90),
                            django.core.validators.MaxValueValidator(90),
                        ],
                        verbose_name="latitude",
                    ),
                ),
                (
                    "longitude",
                    models.DecimalField(
                        decimal_places=6,
                        max_digits=9,
                        validators=[
                            django.core.validators.MinValueValidator(-180),
                            django.core.validators.MaxValueValidator(180),
                        ],
                        verbose_name="longitude",
                    ),
                ),
                ("phone", models.CharField(blank=True, max_length=24, verbose_name="phone")),
                ("time_zone", models.CharField(default="UTC", max_length=64, verbose_name="time zone")),
                ("weekly_hours", models.JSONField(blank=True, default=dict, verbose_name="opening hours")),
                ("exceptions", models.JSONField(blank=True, default=dict, verbose_name="other hours on some days")),
                ("gives_sims", models.BooleanField(default=True, verbose_name="SIM pick-up")),
                ("checks_identity", models.BooleanField(default=False, verbose_name="identity check")),
                ("takes_payment", models.BooleanField(default=False, verbose_name="payment")),
                ("is_active", models.BooleanField(default=True, verbose_name="shown to subscribers")),
            ],
            options={
                "verbose_name": "outlet",
                "verbose_name_plural": "outlets",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("latitude__range", (-90, 90)), ("longitude__range", (-180, 180))),
                        name="outlet_is_on_earth",
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="ProfileOrder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="por")),
                ("key", models.CharField(max_length=80, unique=True, verbose_name="key")),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="profile_orders",
                        to="esim.line",
                        verbose_name="line",
                    ),
                ),
                ("carrier", models.CharField(max_length=20, verbose_name="carrier")),
                ("profile_type", models.CharField(blank=True, max_length=64, verbose_name="profile type")),
                (
                    "plan_code",
                    models.CharField(
                        blank=True, help_text="Code of the plan it comes with.", max_length=60, verbose_name="plan"
                    ),
                ),
                ("iccid", models.CharField(blank=True, max_length=20, verbose_name="ICCID")),
                ("eid", models.CharField(blank=True, max_length=32, verbose_name="EID")),
                ("smdp_address", models.CharField(blank=True, max_length=253, verbose_name="SM-DP+ address")),
                ("matching_id_ciphertext", models.TextField(blank=True, editable=False)),
                ("confirmation_code_ciphertext", models.TextField(blank=True, editable=False)),
                ("answer_ciphertext", models.TextField(blank=True, editable=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("created", "not asked yet"),
                            ("asked", "asked"),
                            ("in_doubt", "in doubt"),
                            ("ready", "ready"),
                            ("refused", "refused"),
                            ("cancelled", "cancelled"),
                        ],
                        default="created",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "step",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "nothing yet"),
                            ("ordered", "ordered"),
                            ("confirmed", "confirmed"),
                            ("released", "released"),
                        ],
                        default="",
                        max_length=10,
                        verbose_name="step",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        help_text="The carrier's own word, for staff.",
                        max_length=200,
                        verbose_name="reason",
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="attempts")),
                ("asked_at", models.DateTimeField(blank=True, null=True, verbose_name="last asked")),
                (
                    "lease_until",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="being asked until"),
                ),
                ("ask_again_at", models.DateTimeField(blank=True, null=True, verbose_name="ask again")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
            ],
            options={
                "verbose_name": "profile order",
                "verbose_name_plural": "profile orders",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["asked", "created", "in_doubt"])),
                        fields=["ask_again_at", "id"],
                        name="profile_order_to_reconcile",
                    )
                ],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="QuarantinedUsage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(max_length=20, verbose_name="source")),
                ("record_id", models.CharField(blank=True, max_length=80, verbose_name="record id")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("unknown_iccid", "unknown ICCID"),
                            ("negative", "negative amount"),
                            ("too_large", "amount too large"),
                            ("in_future", "time in the future"),
                            ("too_old", "older than the line"),
                            ("malformed", "cannot be read"),
                            ("conflicting", "another record with the same id"),
                        ],
                        max_length=15,
                        verbose_name="reason",
                    ),
                ),
                ("fingerprint", models.CharField(editable=False, max_length=64)),
                ("raw", models.JSONField(default=dict, verbose_name="as it came")),
                ("received_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="received")),
                ("times", models.PositiveIntegerField(default=1, verbose_name="times received")),
            ],
            options={
                "verbose_name": "usage record put aside",
                "verbose_name_plural": "usage records put aside",
                "constraints": [
                    models.UniqueConstraint(fields=("source", "fingerprint"), name="quarantined_usage_once")
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="SimProfile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="prf")),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="profiles",
                        to="esim.line",
                        verbose_name="line",
                    ),
                ),
                (
                    "iccid",
                    models.CharField(
                        help_text="19 or 20 digits, without padding.", max_length=20, unique=True, verbose_name="ICCID"
                    ),
                ),
                ("eid", models.CharField(blank=True, max_length=32, verbose_name="EID")),
                ("smdp_address", models.CharField(blank=True, max_length=253, verbose_name="SM-DP+ address")),
                ("activation_code_ciphertext", models.TextField(blank=True, editable=False)),
                ("pin_ciphertext", models.TextField(blank=True, editable=False)),
                ("puk_ciphertext", models.TextField(blank=True, editable=False)),
                ("confirmation_code_ciphertext", models.TextField(blank=True, editable=False)),
                ("profile_type", models.CharField(blank=True, max_length=64, verbose_name="profile type")),
                ("carrier_reference", models.CharField(blank=True, max_length=80, verbose_name="carrier reference")),
                (
                    "download_state",
                    models.CharField(
                        choices=[
                            ("ordered", "ordered"),
                            ("released", "ready to install"),
                            ("downloaded", "downloaded"),
                            ("installed", "installed"),
                            ("enabled", "switched on"),
                            ("disabled", "switched off"),
                            ("error", "failed"),
                            ("deleted", "deleted"),
                            ("cancelled", "cancelled"),
                        ],
                        default="ordered",
                        max_length=10,
                        verbose_name="download state",
                    ),
                ),
                (
                    "problem",
                    models.CharField(
                        blank=True,
                        editable=False,
                        help_text="Subject and reason code as the SM-DP+ told them (SGP.22 §5.3.5), such as 8.8.5/3.8.",
                        max_length=40,
                        verbose_name="last problem",
                    ),
                ),
                ("is_current", models.BooleanField(default=True, verbose_name="current")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                ("state_changed_at", models.DateTimeField(blank=True, null=True, verbose_name="state changed")),
                (
                    "code_shown_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="activation code first shown"
                    ),
                ),
            ],
            options={
                "verbose_name": "SIM profile",
                "verbose_name_plural": "SIM profiles",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_current", True)), fields=("line",), name="profile_one_current_a_line"
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Replacement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="rpl")),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replacements",
                        to="esim.line",
                        verbose_name="line",
                    ),
                ),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked by",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("new_phone", "a new phone"),
                            ("lost", "the phone is lost or stolen"),
                            ("deleted", "the eSIM was deleted by accident"),
                            ("broken", "the phone or the eSIM does not work any more"),
                        ],
                        max_length=10,
                        verbose_name="reason",
                    ),
                ),
                ("same_code", models.BooleanField(default=False, verbose_name="with the same activation code")),
                ("eid", models.CharField(blank=True, max_length=32, verbose_name="EID of the new device")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("ordering", "the new profile is being ordered"),
                            ("to_install", "to be installed"),
                            ("moving", "the line is being moved"),
                            ("online", "the new profile is online"),
                            ("ending", "the old profile is being ended"),
                            ("undoing", "being undone"),
                            ("done", "done"),
                            ("undone", "undone"),
                            ("failed", "failed"),
                        ],
                        default="ordering",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "old_profile",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaced_by",
                        to="esim.simprofile",
                        verbose_name="old profile",
                    ),
                ),
                (
                    "new_profile",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaces",
                        to="esim.simprofile",
                        verbose_name="new profile",
                    ),
                ),
                ("problem", models.CharField(blank=True, max_length=200, verbose_name="problem")),
                (
                    "look_at",
                    models.DateTimeField(
                        blank=True, default=django.utils.timezone.now, null=True, verbose_name="look at again"
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                ("moved_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="state changed")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
            ],
            options={
                "verbose_name": "replacement",
                "verbose_name_plural": "replacements",
                "indexes": [
                    models.Index(
                        condition=models.Q(
                            ("state__in", ["ending", "moving", "online", "ordering", "to_install", "undoing"])
                        ),
                        fields=["look_at", "id"],
                        name="replacement_to_look_at",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("state__in", ["ending", "moving", "online", "ordering", "to_install", "undoing"])
                        ),
                        fields=("line",),
                        name="replacement_one_at_a_time",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SimCard",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="sim")),
                (
                    "iccid",
                    models.CharField(
                        help_text="19 or 20 digits, without padding.", max_length=20, unique=True, verbose_name="ICCID"
                    ),
                ),
                ("carrier", models.CharField(max_length=20, verbose_name="carrier")),
                (
                    "form",
                    models.CharField(
                        choices=[("esim", "eSIM"), ("physical", "physical SIM")],
                        default="esim",
                        max_length=8,
                        verbose_name="form",
                    ),
                ),
                ("profile_type", models.CharField(blank=True, max_length=64, verbose_name="profile type")),
                ("msisdn", models.CharField(blank=True, max_length=16, verbose_name="number (MSISDN)")),
                ("pin_sealed", models.CharField(blank=True, editable=False, max_length=255)),
                (
                    "pin_issued_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="PIN issued"),
                ),
                ("pin_used_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="PIN used")),
                ("puk_ciphertext", models.TextField(blank=True, editable=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("available", "available"),
                            ("reserved", "reserved"),
                            ("used", "used"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="available",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "reserved_for",
                    models.CharField(blank=True, editable=False, max_length=80, verbose_name="reserved for"),
                ),
                ("reserved_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="reserved")),
                ("used_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="used")),
                (
                    "line",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cards",
                        to="esim.line",
                        verbose_name="line",
                    ),
                ),
                ("batch", models.CharField(blank=True, max_length=80, verbose_name="batch")),
                (
                    "imported_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="imported"),
                ),
            ],
            options={
                "verbose_name": "SIM card",
                "verbose_name_plural": "SIM cards",
                "indexes": [
                    models.Index(
                        condition=models.Q(("pin_sealed", ""), ("state", "available")),
                        fields=["carrier", "profile_type", "id"],
                        name="card_for_sale",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("reserved_for", ""), _negated=True),
                        fields=("reserved_for",),
                        name="card_reserved_once_a_purchase",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "reserved"), ("state", "used"), ("reserved_for", ""), _connector="OR"
                        ),
                        name="card_reserved_is_not_free",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SimApplication",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="app")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sim_applications",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        blank=True,
                        choices=[("person", "a person"), ("business", "a business")],
                        max_length=8,
                        verbose_name="for whom",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "not sent yet"),
                            ("submitted", "being checked"),
                            ("more_wanted", "something is missing"),
                            ("approved", "approved"),
                            ("refused", "refused"),
                            ("ready", "the card is ready"),
                            ("activated", "the card works"),
                            ("cancelled", "cancelled"),
                        ],
                        default="draft",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("round", models.PositiveSmallIntegerField(default=0, verbose_name="times sent")),
                ("full_name_ciphertext", models.TextField(blank=True, editable=False)),
                (
                    "document_type",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("passport", "passport"),
                            ("national_id", "identity card"),
                            ("residence_permit", "residence permit"),
                            ("driving_licence", "driving licence"),
                        ],
                        max_length=20,
                        verbose_name="identity document",
                    ),
                ),
                ("document_number_ciphertext", models.TextField(blank=True, editable=False)),
                ("document_expires_on", models.DateField(blank=True, null=True, verbose_name="document valid until")),
                ("company_name", models.CharField(blank=True, max_length=120, verbose_name="company")),
                ("registration_number_ciphertext", models.TextField(blank=True, editable=False)),
                ("contact_name_ciphertext", models.TextField(blank=True, editable=False)),
                ("contact_phone_ciphertext", models.TextField(blank=True, editable=False)),
                (
                    "delivery",
                    models.CharField(
                        blank=True,
                        choices=[("pickup", "pick up at an outlet"), ("post", "by post")],
                        max_length=8,
                        verbose_name="delivery",
                    ),
                ),
                (
                    "outlet",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="applications",
                        to="esim.outlet",
                        verbose_name="outlet",
                    ),
                ),
                ("address_ciphertext", models.TextField(blank=True, editable=False)),
                (
                    "card",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="applications",
                        to="esim.simcard",
                        verbose_name="card",
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="applications",
                        to="esim.line",
                        verbose_name="line",
                    ),
                ),
                ("pickup_code_ciphertext", models.TextField(blank=True, editable=False)),
                ("pickup_code_hash", models.CharField(blank=True, db_index=True, editable=False, max_length=64)),
                ("post_carrier", models.CharField(blank=True, max_length=60, verbose_name="sent with")),
                ("tracking_number", models.CharField(blank=True, max_length=60, verbose_name="tracking number")),
                ("wanted", models.JSONField(blank=True, default=list, verbose_name="what is missing")),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("unreadable", "pictures not readable"),
                            ("expired", "document expired"),
                            ("mismatch", "details and document differ"),
                            ("not_accepted", "this kind of document is not accepted"),
                            ("not_served", "not delivered there"),
                            ("other", "another reason"),
                        ],
                        max_length=20,
                        verbose_name="reason",
                    ),
                ),
                ("reason_text", models.TextField(blank=True, max_length=1000, verbose_name="explanation")),
                (
                    "first_approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="first approved by",
                    ),
                ),
                ("first_approved_at", models.DateTimeField(blank=True, null=True, verbose_name="first approved")),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decided by",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="begun"),
                ),
                (
                    "touched_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="last changed"
                    ),
                ),
                ("submitted_at", models.DateTimeField(blank=True, null=True, verbose_name="sent")),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided")),
                ("ready_at", models.DateTimeField(blank=True, null=True, verbose_name="ready")),
                ("picked_up_at", models.DateTimeField(blank=True, null=True, verbose_name="picked up")),
                ("activated_at", models.DateTimeField(blank=True, null=True, verbose_name="activated")),
                ("cancelled_at", models.DateTimeField(blank=True, null=True, verbose_name="cancelled")),
                ("forget_at", models.DateTimeField(blank=True, null=True, verbose_name="particulars kept until")),
                ("forgotten_at", models.DateTimeField(blank=True, null=True, verbose_name="particulars forgotten")),
            ],
            options={
                "verbose_name": "SIM application",
                "verbose_name_plural": "SIM applications",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "submitted")),
                        fields=["submitted_at", "id"],
                        name="application_for_review",
                    ),
                    models.Index(fields=["owner", "-created_at"], name="application_by_owner"),
                    models.Index(
                        condition=models.Q(("forgotten_at__isnull", True)),
                        fields=["forget_at", "id"],
                        name="application_to_forget",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "draft")), fields=("owner",), name="application_one_draft"
                    ),
                    models.UniqueConstraint(fields=("card",), name="application_card_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("first_approved_by__isnull", True),
                            ("decided_by__isnull", True),
                            models.Q(("state__in", ["approved", "ready", "activated"]), _negated=True),
                            models.Q(("first_approved_by", models.F("decided_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="application_two_people",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ThrottleSpell",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "line",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="throttles",
                        to="esim.line",
                        verbose_name="line",
                    ),
                ),
                (
                    "allowance",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="throttles",
                        to="esim.allowance",
                        verbose_name="allowance",
                    ),
                ),
                ("date", models.DateField(verbose_name="date")),
                ("kbps", models.PositiveIntegerField(verbose_name="speed (kbit/s)")),
                ("began_at", models.DateTimeField(verbose_name="began")),
                ("resets_at", models.DateTimeField(verbose_name="resets")),
                ("asked_at", models.DateTimeField(blank=True, null=True, verbose_name="slowed down by the carrier")),
                ("lifted_at", models.DateTimeField(blank=True, null=True, verbose_name="lifted by the carrier")),
                (
                    "look_at",
                    models.DateTimeField(
                        blank=True, default=django.utils.timezone.now, null=True, verbose_name="look at again"
                    ),
                ),
            ],
            options={
                "verbose_name": "time at reduced speed",
                "verbose_name_plural": "times at reduced speed",
                "indexes": [
                    models.Index(fields=["line", "-began_at"], name="throttle_by_line"),
                    models.Index(
                        condition=models.Q(("lifted_at__isnull", True)),
                        fields=["look_at", "id"],
                        name="throttle_to_look_at",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("allowance", "date"), name="throttle_once_a_day"),
                    models.CheckConstraint(
                        condition=models.Q(("resets_at__gt", models.F("began_at"))), name="throttle_resets_later"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageBudget",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "line",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="budget",
                        to="esim.line",
                        verbose_name="line",
                    ),
                ),
                ("daily_bytes", models.BigIntegerField(blank=True, null=True, verbose_name="a day (bytes)")),
                ("monthly_bytes", models.BigIntegerField(blank=True, null=True, verbose_name="a month (bytes)")),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="changed")),
            ],
            options={
                "verbose_name": "usage budget",
                "verbose_name_plural": "usage budgets",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("daily_bytes__isnull", True), ("daily_bytes__gt", 0), _connector="OR"),
                            models.Q(("monthly_bytes__isnull", True), ("monthly_bytes__gt", 0), _connector="OR"),
                        ),
                        name="usage_budget_positive",
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="UsageImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(max_length=20, verbose_name="source")),
                ("digest", models.CharField(max_length=64, verbose_name="SHA-256 of the file")),
                ("name", models.CharField(max_length=200, verbose_name="file name")),
                ("records_read", models.PositiveBigIntegerField(default=0, verbose_name="records read")),
                ("counted", models.PositiveBigIntegerField(default=0, verbose_name="new")),
                ("repeated", models.PositiveBigIntegerField(default=0, verbose_name="already known")),
                ("put_aside", models.PositiveBigIntegerField(default=0, verbose_name="put aside")),
                (
                    "began_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="began"),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
            ],
            options={
                "verbose_name": "usage file",
                "verbose_name_plural": "usage files",
                "constraints": [models.UniqueConstraint(fields=("source", "digest"), name="usage_import_once")],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="UsageRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "line",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="usage_records",
                        to="esim.line",
                        verbose_name="line",
                    ),
                ),
                ("source", models.CharField(max_length=20, verbose_name="source")),
                ("record_id", models.CharField(max_length=80, verbose_name="record id")),
                ("at", models.DateTimeField(verbose_name="at")),
                ("data_bytes", models.BigIntegerField(default=0, verbose_name="data (bytes)")),
                ("voice_seconds", models.PositiveIntegerField(default=0, verbose_name="call seconds")),
                ("sms_count", models.PositiveIntegerField(default=0, verbose_name="SMS")),
                ("received_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="received")),
                ("rated_at", models.DateTimeField(blank=True, null=True, verbose_name="counted")),
            ],
            options={
                "verbose_name": "usage record",
                "verbose_name_plural": "usage records",
                "indexes": [
                    models.Index(fields=["line", "at"], name="usage_record_by_line"),
                    models.Index(
                        condition=models.Q(("rated_at__isnull", True)), fields=["id"], name="usage_record_to_rate"
                    ),
                    models.Index(
                        condition=models.Q(("source", "esimgo")),
                        fields=["record_id"],
                        name="usage_record_by_bundle",
                        opclasses=["varchar_pattern_ops"],
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("source", "record_id"), name="usage_record_once"),
                    models.CheckConstraint(
                        condition=models.Q(("data_bytes__gte", 0)), name="usage_record_not_negative"
                    ),
                ],
            },
        ),
    ]
