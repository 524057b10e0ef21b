import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import portal.lib.public_ids
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Announcement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="ann")),
                ("title", models.CharField(max_length=100, verbose_name="title (English)")),
                (
                    "title_zh_hans",
                    models.CharField(blank=True, max_length=100, verbose_name="title (Simplified Chinese)"),
                ),
                (
                    "title_zh_hant",
                    models.CharField(blank=True, max_length=100, verbose_name="title (Traditional Chinese)"),
                ),
                ("text", models.TextField(blank=True, max_length=2000, verbose_name="text (English)")),
                (
                    "text_zh_hans",
                    models.TextField(blank=True, max_length=2000, verbose_name="text (Simplified Chinese)"),
                ),
                (
                    "text_zh_hant",
                    models.TextField(blank=True, max_length=2000, verbose_name="text (Traditional Chinese)"),
                ),
                (
                    "link",
                    models.CharField(
                        blank=True,
                        help_text="A page of this portal, such as /plans/, or an address that begins with https://.",
                        max_length=300,
                        verbose_name="link",
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[("info", "news"), ("warning", "warning")],
                        default="info",
                        max_length=10,
                        verbose_name="level",
                    ),
                ),
                (
                    "languages",
                    models.JSONField(
                        blank=True, default=list, help_text="None chosen: all of them.", verbose_name="languages"
                    ),
                ),
                (
                    "audience",
                    models.CharField(
                        choices=[("everybody", "everybody"), ("signed_in", "whoever is signed in")],
                        default="everybody",
                        max_length=10,
                        verbose_name="for whom",
                    ),
                ),
                (
                    "is_banner",
                    models.BooleanField(
                        default=False,
                        help_text="Stands on top of every page, not only among the announcements.",
                        verbose_name="banner",
                    ),
                ),
                (
                    "is_dismissible",
                    models.BooleanField(
                        default=True,
                        help_text="Whoever closes the banner does not see it again.",
                        verbose_name="can be closed",
                    ),
                ),
                ("shown_from", models.DateTimeField(default=django.utils.timezone.now, verbose_name="shown from")),
                (
                    "shown_until",
                    models.DateTimeField(
                        blank=True, help_text="Empty: until changed.", null=True, verbose_name="shown until"
                    ),
                ),
            ],
            options={
                "verbose_name": "announcement",
                "verbose_name_plural": "announcements",
                "indexes": [models.Index(fields=["shown_until"], name="announcement_by_end")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("shown_until__isnull", True), ("shown_until__gt", models.F("shown_from")), _connector="OR"
                        ),
                        name="announcement_ends_after_start",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AnnouncementDismissal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "announcement",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="dismissals",
                        to="plans.announcement",
                        verbose_name="announcement",
                    ),
                ),
                ("reader", models.CharField(max_length=32, verbose_name="reader")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="at")),
            ],
            options={
                "verbose_name": "closed banner",
                "verbose_name_plural": "closed banners",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("reader", "announcement"), name="announcement_dismissed_once_a_reader"
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Coupon",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "slug",
                    models.SlugField(
                        help_text="Stable name for imports and reports.",
                        max_length=60,
                        unique=True,
                        verbose_name="short name",
                    ),
                ),
                ("name", models.CharField(help_text="Buyers read it.", max_length=80, verbose_name="name (English)")),
                ("name_zh_hans", models.CharField(blank=True, max_length=80, verbose_name="name (Simplified Chinese)")),
                (
                    "name_zh_hant",
                    models.CharField(blank=True, max_length=80, verbose_name="name (Traditional Chinese)"),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="switched on")),
                ("active_from", models.DateTimeField(default=django.utils.timezone.now, verbose_name="from")),
                (
                    "active_until",
                    models.DateTimeField(blank=True, help_text="Empty: without end.", null=True, verbose_name="until"),
                ),
                (
                    "plan_codes",
                    models.JSONField(
                        blank=True, default=list, help_text="None chosen: every plan.", verbose_name="plans"
                    ),
                ),
                (
                    "regions",
                    models.JSONField(
                        blank=True, default=list, help_text="None chosen: everywhere.", verbose_name="regions"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("percent", "percent off"),
                            ("amount", "amount off"),
                            ("data", "more data"),
                            ("period", "free periods"),
                        ],
                        default="percent",
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                (
                    "percent",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="percent",
                    ),
                ),
                ("amounts", models.JSONField(blank=True, default=dict, verbose_name="amounts")),
                (
                    "bonus_bytes",
                    models.BigIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="more data (bytes)",
                    ),
                ),
                (
                    "free_periods",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="How many times the period of the plan, with its data, comes on top.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(12),
                        ],
                        verbose_name="free periods",
                    ),
                ),
                ("minimums", models.JSONField(blank=True, default=dict, verbose_name="minimum spend")),
                ("first_purchase_only", models.BooleanField(default=False, verbose_name="first purchase only")),
                (
                    "max_uses",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Empty: no limit.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="orders in all",
                    ),
                ),
                (
                    "max_per_user",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        default=1,
                        help_text="Empty: no limit.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="orders a person",
                    ),
                ),
                ("used", models.PositiveIntegerField(default=0, editable=False, verbose_name="used")),
            ],
            options={
                "verbose_name": "coupon",
                "verbose_name_plural": "coupons",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("max_uses", None), ("used__lte", models.F("max_uses")), _connector="OR"),
                        name="coupon_within_limit",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "percent"), ("percent__gte", 1), ("percent__lte", 100)),
                            ("kind", "amount"),
                            models.Q(("bonus_bytes__gte", 1), ("kind", "data")),
                            models.Q(("free_periods__gte", 1), ("kind", "period")),
                            _connector="OR",
                        ),
                        name="coupon_says_what_it_gives",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="CouponCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "coupon",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="codes",
                        to="plans.coupon",
                        verbose_name="coupon",
                    ),
                ),
                ("code", models.CharField(max_length=40, verbose_name="code")),
                ("key", models.CharField(blank=True, editable=False, max_length=40, unique=True)),
                ("batch", models.CharField(blank=True, db_index=True, max_length=60, verbose_name="batch")),
                (
                    "max_uses",
                    models.PositiveIntegerField(
                        blank=True,
                        default=1,
                        help_text="Empty: no limit.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="orders in all",
                    ),
                ),
                ("used", models.PositiveIntegerField(default=0, editable=False, verbose_name="used")),
                ("is_active", models.BooleanField(default=True, verbose_name="switched on")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
            ],
            options={
                "verbose_name": "coupon code",
                "verbose_name_plural": "coupon codes",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("max_uses", None), ("used__lte", models.F("max_uses")), _connector="OR"),
                        name="code_within_limit",
                    ),
                    models.CheckConstraint(condition=models.Q(("key", ""), _negated=True), name="code_not_empty"),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="HistoricalAnnouncement",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(db_index=True, prefix="ann", unique=False)),
                ("title", models.CharField(max_length=100, verbose_name="title (English)")),
                (
                    "title_zh_hans",
                    models.CharField(blank=True, max_length=100, verbose_name="title (Simplified Chinese)"),
                ),
                (
                    "title_zh_hant",
                    models.CharField(blank=True, max_length=100, verbose_name="title (Traditional Chinese)"),
                ),
                ("text", models.TextField(blank=True, max_length=2000, verbose_name="text (English)")),
                (
                    "text_zh_hans",
                    models.TextField(blank=True, max_length=2000, verbose_name="text (Simplified Chinese)"),
                ),
                (
                    "text_zh_hant",
                    models.TextField(blank=True, max_length=2000, verbose_name="text (Traditional Chinese)"),
                ),
                (
                    "link",
                    models.CharField(
                        blank=True,
                        help_text="A page of this portal, such as /plans/, or an address that begins with https://.",
                        max_length=300,
                        verbose_name="link",
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[("info", "news"), ("warning", "warning")],
                        default="info",
                        max_length=10,
                        verbose_name="level",
                    ),
                ),
                (
                    "languages",
                    models.JSONField(
                        blank=True, default=list, help_text="None chosen: all of them.", verbose_name="languages"
                    ),
                ),
                (
                    "audience",
                    models.CharField(
                        choices=[("everybody", "everybody"), ("signed_in", "whoever is signed in")],
                        default="everybody",
                        max_length=10,
                        verbose_name="for whom",
                    ),
                ),
                (
                    "is_banner",
                    models.BooleanField(
                        default=False,
                        help_text="Stands on top of every page, not only among the announcements.",
                        verbose_name="banner",
                    ),
                ),
                (
                    "is_dismissible",
                    models.BooleanField(
                        default=True,
                        help_text="Whoever closes the banner does not see it again.",
                        verbose_name="can be closed",
                    ),
                ),
                ("shown_from", models.DateTimeField(default=django.utils.timezone.now, verbose_name="shown from")),
                (
                    "shown_until",
                    models.DateTimeField(
                        blank=True, help_text="Empty: until changed.", null=True, verbose_name="shown until"
                    ),
                ),
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
                "verbose_name": "historical announcement",
                "verbose_name_plural": "historical announcements",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [],
                "constraints": [],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalCoupon",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "slug",
                    models.SlugField(
                        help_text="Stable name for imports and reports.", max_length=60, verbose_name="short name"
                    ),
                ),
                ("name", models.CharField(help_text="Buyers read it.", max_length=80, verbose_name="name (English)")),
                ("name_zh_hans", models.CharField(blank=True, max_length=80, verbose_name="name (Simplified Chinese)")),
                (
                    "name_zh_hant",
                    models.CharField(blank=True, max_length=80, verbose_name="name (Traditional Chinese)"),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="switched on")),
                ("active_from", models.DateTimeField(default=django.utils.timezone.now, verbose_name="from")),
                (
                    "active_until",
                    models.DateTimeField(blank=True, help_text="Empty: without end.", null=True, verbose_name="until"),
                ),
                (
                    "plan_codes",
                    models.JSONField(
                        blank=True, default=list, help_text="None chosen: every plan.", verbose_name="plans"
                    ),
                ),
                (
                    "regions",
                    models.JSONField(
                        blank=True, default=list, help_text="None chosen: everywhere.", verbose_name="regions"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("percent", "percent off"),
                            ("amount", "amount off"),
                            ("data", "more data"),
                            ("period", "free periods"),
                        ],
                        default="percent",
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                (
                    "percent",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="percent",
                    ),
                ),
                ("amounts", models.JSONField(blank=True, default=dict, verbose_name="amounts")),
                (
                    "bonus_bytes",
                    models.BigIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="more data (bytes)",
                    ),
                ),
                (
                    "free_periods",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="How many times the period of the plan, with its data, comes on top.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(12),
                        ],
                        verbose_name="free periods",
                    ),
                ),
                ("minimums", models.JSONField(blank=True, default=dict, verbose_name="minimum spend")),
                ("first_purchase_only", models.BooleanField(default=False, verbose_name="first purchase only")),
                (
                    "max_uses",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Empty: no limit.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="orders in all",
                    ),
                ),
                (
                    "max_per_user",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        default=1,
                        help_text="Empty: no limit.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="orders a person",
                    ),
                ),
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
                "verbose_name": "historical coupon",
                "verbose_name_plural": "historical coupons",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [],
                "constraints": [],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalPlan",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(db_index=True, prefix="pln", unique=False)),
                (
                    "code",
                    models.SlugField(
                        help_text="Stable name for imports and reports.", max_length=60, verbose_name="code"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("plan", "plan"), ("data_pack", "data pack")],
                        default="plan",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("name", models.CharField(max_length=80, verbose_name="name (English)")),
                ("name_zh_hans", models.CharField(blank=True, max_length=80, verbose_name="name (Simplified Chinese)")),
                (
                    "name_zh_hant",
                    models.CharField(blank=True, max_length=80, verbose_name="name (Traditional Chinese)"),
                ),
                (
                    "region",
                    models.CharField(
                        choices=[
                            ("europe", "Europe"),
                            ("east-asia", "East Asia"),
                            ("south-east-asia", "South-East Asia"),
                            ("north-america", "North America"),
                            ("latin-america", "Latin America"),
                            ("middle-east-africa", "Middle East and Africa"),
                            ("oceania", "Oceania"),
                            ("global", "Worldwide"),
                        ],
                        max_length=20,
                        verbose_name="region",
                    ),
                ),
                (
                    "countries",
                    models.JSONField(default=list, help_text="ISO 3166 codes, such as FR.", verbose_name="countries"),
                ),
                (
                    "data_bytes",
                    models.BigIntegerField(
                        blank=True,
                        help_text="Empty: unlimited.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="data (bytes)",
                    ),
                ),
                (
                    "daily_cap_bytes",
                    models.BigIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="daily high-speed cap (bytes)",
                    ),
                ),
                (
                    "throttled_kbps",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="speed after the cap (kbit/s)"),
                ),
                ("voice_minutes", models.PositiveIntegerField(default=0, verbose_name="call minutes")),
                ("sms_count", models.PositiveIntegerField(default=0, verbose_name="SMS")),
                (
                    "period_unit",
                    models.CharField(
                        choices=[("day", "Day"), ("month", "Month"), ("year", "Year")],
                        default="day",
                        max_length=5,
                        verbose_name="period unit",
                    ),
                ),
                (
                    "period_count",
                    models.PositiveSmallIntegerField(
                        default=30, validators=[django.core.validators.MinValueValidator(1)], verbose_name="periods"
                    ),
                ),
                ("fair_use", models.TextField(blank=True, verbose_name="fair-use terms (English)")),
                ("fair_use_zh_hans", models.TextField(blank=True, verbose_name="fair-use terms (Simplified Chinese)")),
                ("fair_use_zh_hant", models.TextField(blank=True, verbose_name="fair-use terms (Traditional Chinese)")),
                ("is_active", models.BooleanField(default=True, verbose_name="on sale")),
                ("active_from", models.DateTimeField(default=django.utils.timezone.now, verbose_name="on sale from")),
                ("active_until", models.DateTimeField(blank=True, null=True, verbose_name="on sale until")),
                ("position", models.PositiveIntegerField(db_index=True, default=0, verbose_name="position")),
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
                "verbose_name": "historical plan",
                "verbose_name_plural": "historical plans",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [],
                "constraints": [],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Plan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="pln")),
                (
                    "code",
                    models.SlugField(
                        help_text="Stable name for imports and reports.",
                        max_length=60,
                        unique=True,
                        verbose_name="code",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("plan", "plan"), ("data_pack", "data pack")],
                        default="plan",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("name", models.CharField(max_length=80, verbose_name="name (English)")),
                ("name_zh_hans", models.CharField(blank=True, max_length=80, verbose_name="name (Simplified Chinese)")),
                (
                    "name_zh_hant",
                    models.CharField(blank=True, max_length=80, verbose_name="name (Traditional Chinese)"),
                ),
                (
                    "region",
                    models.CharField(
                        choices=[
                            ("europe", "Europe"),
                            ("east-asia", "East Asia"),
                            ("south-east-asia", "South-East Asia"),
                            ("north-america", "North America"),
                            ("latin-america", "Latin America"),
                            ("middle-east-africa", "Middle East and Africa"),
                            ("oceania", "Oceania"),
                            ("global", "Worldwide"),
                        ],
                        max_length=20,
                        verbose_name="region",
                    ),
                ),
                (
                    "countries",
                    models.JSONField(default=list, help_text="ISO 3166 codes, such as FR.", verbose_name="countries"),
                ),
                (
                    "data_bytes",
                    models.BigIntegerField(
                        blank=True,
                        help_text="Empty: unlimited.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="data (bytes)",
                    ),
                ),
                (
                    "daily_cap_bytes",
                    models.BigIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="daily high-speed cap (bytes)",
                    ),
                ),
                (
                    "throttled_kbps",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="speed after the cap (kbit/s)"),
                ),
                ("voice_minutes", models.PositiveIntegerField(default=0, verbose_name="call minutes")),
                ("sms_count", models.PositiveIntegerField(default=0, verbose_name="SMS")),
                (
                    "period_unit",
                    models.CharField(
                        choices=[("day", "Day"), ("month", "Month"), ("year", "Year")],
                        default="day",
                        max_length=5,
                        verbose_name="period unit",
                    ),
                ),
                (
                    "period_count",
                    models.PositiveSmallIntegerField(
                        default=30, validators=[django.core.validators.MinValueValidator(1)], verbose_name="periods"
                    ),
                ),
                ("fair_use", models.TextField(blank=True, verbose_name="fair-use terms (English)")),
                ("fair_use_zh_hans", models.TextField(blank=True, verbose_name="fair-use terms (Simplified Chinese)")),
                ("fair_use_zh_hant", models.TextField(blank=True, verbose_name="fair-use terms (Traditional Chinese)")),
                ("is_active", models.BooleanField(default=True, verbose_name="on sale")),
                ("active_from", models.DateTimeField(default=django.utils.timezone.now, verbose_name="on sale from")),
                ("active_until", models.DateTimeField(blank=True, null=True, verbose_name="on sale until")),
                ("position", models.PositiveIntegerField(db_index=True, default=0, verbose_name="position")),
            ],
            options={
                "verbose_name": "plan",
                "verbose_name_plural": "plans",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("period_count__gte", 1)), name="plan_period_count_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("data_bytes__isnull", True), ("data_bytes__gte", 0), _connector="OR"),
                        name="plan_data_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("data_bytes__isnull", False),
                            models.Q(("daily_cap_bytes__isnull", False), ("throttled_kbps__isnull", False)),
                            _connector="OR",
                        ),
                        name="plan_unlimited_names_cap",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="HistoricalPlanPrice",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                (
                    "amount",
                    models.BigIntegerField(
                        help_text="In the smallest unit: 1490 is US$14.90.",
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="amount",
                    ),
                ),
                ("valid_from", models.DateTimeField(default=django.utils.timezone.now, verbose_name="valid from")),
                (
                    "plan",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="plans.plan",
                        verbose_name="plan",
                    ),
                ),
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
                "verbose_name": "historical price",
                "verbose_name_plural": "historical prices",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [],
                "constraints": [],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalPromotion",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "slug",
                    models.SlugField(
                        help_text="Stable name for imports and reports.", max_length=60, verbose_name="short name"
                    ),
                ),
                ("name", models.CharField(help_text="Buyers read it.", max_length=80, verbose_name="name (English)")),
                ("name_zh_hans", models.CharField(blank=True, max_length=80, verbose_name="name (Simplified Chinese)")),
                (
                    "name_zh_hant",
                    models.CharField(blank=True, max_length=80, verbose_name="name (Traditional Chinese)"),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="switched on")),
                ("active_from", models.DateTimeField(default=django.utils.timezone.now, verbose_name="from")),
                (
                    "active_until",
                    models.DateTimeField(blank=True, help_text="Empty: without end.", null=True, verbose_name="until"),
                ),
                (
                    "plan_codes",
                    models.JSONField(
                        blank=True, default=list, help_text="None chosen: every plan.", verbose_name="plans"
                    ),
                ),
                (
                    "regions",
                    models.JSONField(
                        blank=True, default=list, help_text="None chosen: everywhere.", verbose_name="regions"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("percent", "percent off"),
                            ("price", "special prices"),
                            ("buy_get", "buy some, get some free"),
                            ("longer", "longer is cheaper"),
                        ],
                        default="percent",
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                (
                    "percent",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="percent",
                    ),
                ),
                ("prices", models.JSONField(blank=True, default=dict, verbose_name="special prices")),
                (
                    "buy_count",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="buy",
                    ),
                ),
                (
                    "free_count",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="At most as many as are bought.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="get free",
                    ),
                ),
                (
                    "period_unit",
                    models.CharField(
                        blank=True,
                        choices=[("day", "Day"), ("month", "Month"), ("year", "Year")],
                        default="month",
                        max_length=5,
                        verbose_name="counted in",
                    ),
                ),
                ("steps", models.JSONField(blank=True, default=list, verbose_name="steps")),
                ("position", models.PositiveIntegerField(db_index=True, default=0, verbose_name="position")),
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
                "verbose_name": "historical promotion",
                "verbose_name_plural": "historical promotions",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [],
                "constraints": [],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="PlanPrice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="prices",
                        to="plans.plan",
                        verbose_name="plan",
                    ),
                ),
                ("currency", models.CharField(max_length=3, verbose_name="currency")),
                (
                    "amount",
                    models.BigIntegerField(
                        help_text="In the smallest unit: 1490 is US$14.90.",
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="amount",
                    ),
                ),
                ("valid_from", models.DateTimeField(default=django.utils.timezone.now, verbose_name="valid from")),
            ],
            options={
                "verbose_name": "price",
                "verbose_name_plural": "prices",
                "constraints": [
                    models.UniqueConstraint(fields=("plan", "currency", "valid_from"), name="price_once_a_moment"),
                    models.CheckConstraint(condition=models.Q(("amount__gte", 0)), name="price_not_negative"),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Promotion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "slug",
                    models.SlugField(
                        help_text="Stable name for imports and reports.",
                        max_length=60,
                        unique=True,
                        verbose_name="short name",
                    ),
                ),
                ("name", models.CharField(help_text="Buyers read it.", max_length=80, verbose_name="name (English)")),
                ("name_zh_hans", models.CharField(blank=True, max_length=80, verbose_name="name (Simplified Chinese)")),
                (
                    "name_zh_hant",
                    models.CharField(blank=True, max_length=80, verbose_name="name (Traditional Chinese)"),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="switched on")),
                ("active_from", models.DateTimeField(default=django.utils.timezone.now, verbose_name="from")),
                (
                    "active_until",
                    models.DateTimeField(blank=True, help_text="Empty: without end.", null=True, verbose_name="until"),
                ),
                (
                    "plan_codes",
                    models.JSONField(
                        blank=True, default=list, help_text="None chosen: every plan.", verbose_name="plans"
                    ),
                ),
                (
                    "regions",
                    models.JSONField(
                        blank=True, default=list, help_text="None chosen: everywhere.", verbose_name="regions"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("percent", "percent off"),
                            ("price", "special prices"),
                            ("buy_get", "buy some, get some free"),
                            ("longer", "longer is cheaper"),
                        ],
                        default="percent",
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                (
                    "percent",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(100),
                        ],
                        verbose_name="percent",
                    ),
                ),
                ("prices", models.JSONField(blank=True, default=dict, verbose_name="special prices")),
                (
                    "buy_count",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="buy",
                    ),
                ),
                (
                    "free_count",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="At most as many as are bought.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="get free",
                    ),
                ),
                (
                    "period_unit",
                    models.CharField(
                        blank=True,
                        choices=[("day", "Day"), ("month", "Month"), ("year", "Year")],
                        default="month",
                        max_length=5,
                        verbose_name="counted in",
                    ),
                ),
                ("steps", models.JSONField(blank=True, default=list, verbose_name="steps")),
                ("position", models.PositiveIntegerField(db_index=True, default=0, verbose_name="position")),
            ],
            options={
                "verbose_name": "promotion",
                "verbose_name_plural": "promotions",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "percent"), ("percent__gte", 1), ("percent__lte", 100)),
                            ("kind__in", ["price", "longer"]),
                            models.Q(
                                ("buy_count__gte", 1),
                                ("free_count__gte", 1),
                                ("free_count__lte", models.F("buy_count")),
                                ("kind", "buy_get"),
                                ("period_unit__in", ["day", "month", "year"]),
                            ),
                            _connector="OR",
                        ),
                        name="promotion_says_what_it_gives",
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="SoldTerms",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("plan", "plan"), ("data_pack", "data pack")],
                        default="plan",
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("name", models.CharField(max_length=80, verbose_name="name (English)")),
                ("name_zh_hans", models.CharField(blank=True, max_length=80, verbose_name="name (Simplified Chinese)")),
                (
                    "name_zh_hant",
                    models.CharField(blank=True, max_length=80, verbose_name="name (Traditional Chinese)"),
                ),
                (
                    "region",
                    models.CharField(
                        choices=[
                            ("europe", "Europe"),
                            ("east-asia", "East Asia"),
                            ("south-east-asia", "South-East Asia"),
                            ("north-america", "North America"),
                            ("latin-america", "Latin America"),
                            ("middle-east-africa", "Middle East and Africa"),
                            ("oceania", "Oceania"),
                            ("global", "Worldwide"),
                        ],
                        max_length=20,
                        verbose_name="region",
                    ),
                ),
                (
                    "countries",
                    models.JSONField(default=list, help_text="ISO 3166 codes, such as FR.", verbose_name="countries"),
                ),
                (
                    "data_bytes",
                    models.BigIntegerField(
                        blank=True,
                        help_text="Empty: unlimited.",
                        null=True,
                        validators=[django.core.validators.MinValueValidator(0)],
                        verbose_name="data (bytes)",
                    ),
                ),
                (
                    "daily_cap_bytes",
                    models.BigIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="daily high-speed cap (bytes)",
                    ),
                ),
                (
                    "throttled_kbps",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="speed after the cap (kbit/s)"),
                ),
                ("voice_minutes", models.PositiveIntegerField(default=0, verbose_name="call minutes")),
                ("sms_count", models.PositiveIntegerField(default=0, verbose_name="SMS")),
                (
                    "period_unit",
                    models.CharField(
                        choices=[("day", "Day"), ("month", "Month"), ("year", "Year")],
                        default="day",
                        max_length=5,
                        verbose_name="period unit",
                    ),
                ),
                (
                    "digest",
                    models.CharField(editable=False, max_length=64, unique=True, verbose_name="digest"),
                ),
                ("code", models.SlugField(db_index=False, max_length=60, verbose_name="code")),
                ("period_count", models.PositiveIntegerField(verbose_name="periods")),
            ],
            options={
                "verbose_name": "terms as sold",
                "verbose_name_plural": "terms as sold",
                "indexes": [],
                "constraints": [],
            },
        ),
    ]
