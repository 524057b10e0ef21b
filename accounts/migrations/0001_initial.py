import accounts.models.users
import datetime
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import portal.lib.markdown
import portal.lib.public_ids
import re
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="usr")),
                ("email", models.EmailField(max_length=254, unique=True, verbose_name="e-mail")),
                (
                    "phone",
                    models.CharField(
                        blank=True, help_text="E.164, such as +14155550101", max_length=16, verbose_name="mobile number"
                    ),
                ),
                ("phone_verified", models.BooleanField(default=False, verbose_name="mobile number verified")),
                ("full_name", models.CharField(blank=True, max_length=120, verbose_name="name")),
                (
                    "language",
                    models.CharField(
                        choices=[("en", "English"), ("zh-hans", "简体中文"), ("zh-hant", "繁體中文")],
                        default="en",
                        max_length=10,
                        verbose_name="language",
                    ),
                ),
                ("time_zone", models.CharField(default="UTC", max_length=64, verbose_name="time zone")),
                ("currency", models.CharField(default="USD", max_length=3, verbose_name="currency")),
                ("notify_by_email", models.BooleanField(default=True, verbose_name="notices by e-mail")),
                ("notify_by_sms", models.BooleanField(default=False, verbose_name="notices by SMS")),
                (
                    "quiet_from",
                    models.TimeField(blank=True, default=datetime.time(21, 0), null=True, verbose_name="quiet from"),
                ),
                (
                    "quiet_until",
                    models.TimeField(blank=True, default=datetime.time(8, 0), null=True, verbose_name="quiet until"),
                ),
                (
                    "calendar_version",
                    models.PositiveIntegerField(default=1, editable=False, verbose_name="version of the calendar link"),
                ),
                ("is_staff", models.BooleanField(default=False, verbose_name="staff")),
                (
                    "locked_at",
                    models.DateTimeField(
                        blank=True,
                        editable=False,
                        help_text="While it is locked no line changes hands, device or state, and no code is shown.",
                        null=True,
                        verbose_name="locked by the subscriber",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("phone_verified", True)),
                        fields=("phone",),
                        name="user_verified_phone_unique",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="user_email_in_lower_case",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("phone_verified", False), models.Q(("phone", ""), _negated=True), _connector="OR"
                        ),
                        name="user_verified_phone_present",
                    ),
                ],
                "indexes": [],
            },
            managers=[
                ("objects", accounts.models.users.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name="AccountClosing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="cls")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="closings",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("asked", "asked for"),
                            ("withdrawn", "withdrawn"),
                            ("ending", "being closed"),
                            ("closed", "closed"),
                        ],
                        default="asked",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("given_up", models.JSONField(blank=True, default=dict, verbose_name="given up")),
                (
                    "asked_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="asked for"),
                ),
                ("closes_at", models.DateTimeField(verbose_name="closes")),
                ("look_at", models.DateTimeField(editable=False, verbose_name="look again")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                (
                    "held_by",
                    models.CharField(
                        blank=True, help_text="What stands in the way.", max_length=40, verbose_name="held by"
                    ),
                ),
            ],
            options={
                "verbose_name": "closing of an account",
                "verbose_name_plural": "closings of accounts",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["asked", "ending"])),
                        fields=["look_at", "id"],
                        name="account_closing_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["asked", "ending"])),
                        fields=("user",),
                        name="account_closing_one_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state__in", ["asked", "ending"])),
                            models.Q(("ended_at__isnull", False), ("state__in", ["withdrawn", "closed"])),
                            _connector="OR",
                        ),
                        name="account_closing_end_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ApiToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="tok")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_tokens",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                ("prefix", models.CharField(max_length=16, verbose_name="begins with")),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                ("scopes", models.JSONField(default=list, verbose_name="scopes")),
                (
                    "source",
                    models.SlugField(
                        blank=True,
                        help_text="Whose usage records come with it; empty: none.",
                        max_length=20,
                        verbose_name="source",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="expires")),
                ("last_used_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last used")),
                ("revoked_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="revoked")),
            ],
            options={
                "verbose_name": "API token",
                "verbose_name_plural": "API tokens",
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="ApiCall",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "token",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="calls",
                        to="accounts.apitoken",
                    ),
                ),
                ("key", models.CharField(max_length=255, verbose_name="key")),
                ("fingerprint", models.CharField(max_length=64)),
                ("attempts", models.PositiveIntegerField(default=1)),
                ("lease_until", models.DateTimeField()),
                ("status", models.PositiveSmallIntegerField(null=True, verbose_name="status")),
                ("body", models.JSONField(null=True, verbose_name="answer")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="created")),
            ],
            options={
                "verbose_name": "API call",
                "verbose_name_plural": "API calls",
                "indexes": [models.Index(fields=["created_at"], name="api_call_by_age")],
                "constraints": [models.UniqueConstraint(fields=("token", "key"), name="api_call_once")],
            },
        ),
        migrations.CreateModel(
            name="Article",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "slug",
                    models.SlugField(
                        help_text="The last part of its address. It stays: other pages link to it.",
                        max_length=60,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                re.compile("^[-a-zA-Z0-9_]+\\Z"),
                                "Enter a valid “slug” consisting of letters, numbers, underscores or hyphens.",
                                "invalid",
                            )
                        ],
                        verbose_name="address",
                    ),
                ),
                (
                    "topic",
                    models.CharField(
                        choices=[
                            ("renewing", "Renewing"),
                            ("paying", "Paying"),
                            ("plans", "Plans and data"),
                            ("using", "Installing and using the eSIM"),
                            ("account", "Signing in and your account"),
                            ("card", "Physical SIM and outlets"),
                        ],
                        max_length=10,
                        verbose_name="topic",
                    ),
                ),
                ("position", models.PositiveIntegerField(db_index=True, default=0, verbose_name="position")),
                ("is_published", models.BooleanField(default=True, verbose_name="published")),
                ("title", models.CharField(max_length=120, verbose_name="title (English)")),
                (
                    "title_zh_hans",
                    models.CharField(blank=True, max_length=120, verbose_name="title (Simplified Chinese)"),
                ),
                (
                    "title_zh_hant",
                    models.CharField(blank=True, max_length=120, verbose_name="title (Traditional Chinese)"),
                ),
                (
                    "body",
                    models.TextField(validators=[portal.lib.markdown.validate_markdown], verbose_name="text (English)"),
                ),
                (
                    "body_zh_hans",
                    models.TextField(
                        blank=True,
                        validators=[portal.lib.markdown.validate_markdown],
                        verbose_name="text (Simplified Chinese)",
                    ),
                ),
                (
                    "body_zh_hant",
                    models.TextField(
                        blank=True,
                        validators=[portal.lib.markdown.validate_markdown],
                        verbose_name="text (Traditional Chinese)",
                    ),
                ),
                (
                    "keywords",
                    models.TextField(
                        blank=True,
                        help_text="What people type when they look for this, in any language, separated by blanks.",
                        verbose_name="other words for it",
                    ),
                ),
                ("shipped", models.CharField(blank=True, editable=False, max_length=64)),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="changed"),
                ),
            ],
            options={
                "verbose_name": "help article",
                "verbose_name_plural": "help articles",
                "ordering": ("position", "pk"),
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="ArticleFeedback",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="feedback",
                        to="accounts.article",
                        verbose_name="help article",
                    ),
                ),
                ("voter", models.CharField(editable=False, max_length=64)),
                ("is_useful", models.BooleanField(verbose_name="useful")),
                ("words", models.TextField(blank=True, max_length=500, verbose_name="in words")),
                ("language", models.CharField(max_length=8, verbose_name="language")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="at")),
            ],
            options={
                "verbose_name": "opinion about an article",
                "verbose_name_plural": "opinions about articles",
                "indexes": [models.Index(fields=["-at"], name="article_feedback_by_time")],
                "constraints": [
                    models.UniqueConstraint(fields=("article", "voter"), name="article_feedback_once"),
                    models.CheckConstraint(
                        condition=models.Q(("voter", ""), _negated=True), name="article_feedback_has_voter"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="at")),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="audit_events_caused",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="actor",
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="audit_events",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="account",
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        help_text="Such as line.activation_code_viewed", max_length=60, verbose_name="action"
                    ),
                ),
                ("target", models.CharField(blank=True, max_length=40, verbose_name="target")),
                ("detail", models.JSONField(blank=True, default=dict, verbose_name="detail")),
                ("ip_address", models.GenericIPAddressField(blank=True, null=True, verbose_name="IP address")),
            ],
            options={
                "verbose_name": "audit event",
                "verbose_name_plural": "audit trail",
                "indexes": [models.Index(fields=["subject", "-at"], name="audit_by_subject")],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="Business",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="business",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="account",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="since"),
                ),
            ],
            options={
                "verbose_name": "business account",
                "verbose_name_plural": "business accounts",
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="Document",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="doc")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="documents",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("identity", "identity document"),
                            ("licence", "business licence"),
                            ("ticket", "attachment of a request"),
                            ("export", "copy of one’s own data"),
                        ],
                        max_length=10,
                        verbose_name="what it is",
                    ),
                ),
                ("about", models.CharField(blank=True, db_index=True, max_length=40, verbose_name="about")),
                (
                    "form",
                    models.CharField(
                        choices=[("image/jpeg", "JPEG"), ("application/pdf", "PDF"), ("application/zip", "ZIP")],
                        max_length=16,
                        verbose_name="file type",
                    ),
                ),
                ("name_ciphertext", models.TextField(blank=True, editable=False)),
                ("size_bytes", models.PositiveIntegerField(verbose_name="size in bytes")),
                ("pages", models.PositiveSmallIntegerField(default=1, verbose_name="pages")),
                ("stored_as", models.CharField(editable=False, max_length=64, unique=True)),
                ("data_key_ciphertext", models.TextField(blank=True, editable=False)),
                (
                    "added_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="added"),
                ),
                ("erase_at", models.DateTimeField(blank=True, null=True, verbose_name="to be erased")),
                ("erased_at", models.DateTimeField(blank=True, null=True, verbose_name="erased")),
            ],
            options={
                "verbose_name": "document",
                "verbose_name_plural": "documents",
                "permissions": [("open_document", "Can open documents, saying why")],
                "indexes": [
                    models.Index(
                        condition=models.Q(("erased_at__isnull", True)),
                        fields=["erase_at", "id"],
                        name="document_to_erase",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("erased_at__isnull", True), models.Q(("data_key_ciphertext", ""), _negated=True)),
                            models.Q(
                                ("data_key_ciphertext", ""), ("erased_at__isnull", False), ("name_ciphertext", "")
                            ),
                            _connector="OR",
                        ),
                        name="document_erased_has_no_key",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DataExport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="exp")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="exports",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "document",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.document",
                        verbose_name="document",
                    ),
                ),
                (
                    "asked_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="asked for"),
                ),
                (
                    "lease_until",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="lease until"),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="attempts")),
            ],
            options={
                "verbose_name": "copy of somebody's data",
                "verbose_name_plural": "copies of people's data",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("document__isnull", True)),
                        fields=("user",),
                        name="data_export_one_at_a_time",
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="HistoricalArticle",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "slug",
                    models.SlugField(
                        help_text="The last part of its address. It stays: other pages link to it.",
                        max_length=60,
                        validators=[
                            django.core.validators.RegexValidator(
                                re.compile("^[-a-zA-Z0-9_]+\\Z"),
                                "Enter a valid “slug” consisting of letters, numbers, underscores or hyphens.",
                                "invalid",
                            )
                        ],
                        verbose_name="address",
                    ),
                ),
                (
                    "topic",
                    models.CharField(
                        choices=[
                            ("renewing", "Renewing"),
                            ("paying", "Paying"),
                            ("plans", "Plans and data"),
                            ("using", "Installing and using the eSIM"),
                            ("account", "Signing in and your account"),
                            ("card", "Physical SIM and outlets"),
                        ],
                        max_length=10,
                        verbose_name="topic",
                    ),
                ),
                ("position", models.PositiveIntegerField(db_index=True, default=0, verbose_name="position")),
                ("is_published", models.BooleanField(default=True, verbose_name="published")),
                ("title", models.CharField(max_length=120, verbose_name="title (English)")),
                (
                    "title_zh_hans",
                    models.CharField(blank=True, max_length=120, verbose_name="title (Simplified Chinese)"),
                ),
                (
                    "title_zh_hant",
                    models.CharField(blank=True, max_length=120, verbose_name="title (Traditional Chinese)"),
                ),
                (
                    "body",
                    models.TextField(validators=[portal.lib.markdown.validate_markdown], verbose_name="text (English)"),
                ),
                (
                    "body_zh_hans",
                    models.TextField(
                        blank=True,
                        validators=[portal.lib.markdown.validate_markdown],
                        verbose_name="text (Simplified Chinese)",
                    ),
                ),
                (
                    "body_zh_hant",
                    models.TextField(
                        blank=True,
                        validators=[portal.lib.markdown.validate_markdown],
                        verbose_name="text (Traditional Chinese)",
                    ),
                ),
                (
                    "keywords",
                    models.TextField(
                        blank=True,
                        help_text="What people type when they look for this, in any language, separated by blanks.",
                        verbose_name="other words for it",
                    ),
                ),
                ("shipped", models.CharField(blank=True, editable=False, max_length=64)),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="changed"),
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
                "verbose_name": "historical help article",
                "verbose_name_plural": "historical help articles",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [],
                "constraints": [],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalReplyTemplate",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "name",
                    models.CharField(db_index=True, help_text="For staff only.", max_length=80, verbose_name="name"),
                ),
                ("position", models.PositiveIntegerField(db_index=True, default=0, verbose_name="position")),
                ("is_active", models.BooleanField(default=True, verbose_name="offered")),
                (
                    "text",
                    models.TextField(
                        help_text="{name}, {ticket} and {brand} stand for the subscriber’s name, the ticket and ours.",
                        max_length=4000,
                        verbose_name="text (English)",
                    ),
                ),
                (
                    "text_zh_hans",
                    models.TextField(blank=True, max_length=4000, verbose_name="text (Simplified Chinese)"),
                ),
                (
                    "text_zh_hant",
                    models.TextField(blank=True, max_length=4000, verbose_name="text (Traditional Chinese)"),
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
                "verbose_name": "historical reply template",
                "verbose_name_plural": "historical reply templates",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [],
                "constraints": [],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalWebhookEndpoint",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(db_index=True, prefix="whe", unique=False)),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("url", models.URLField(max_length=500, verbose_name="address")),
                ("kinds", models.JSONField(default=list, verbose_name="events")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "turned_off_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="turned off"),
                ),
                (
                    "turned_off_because",
                    models.CharField(blank=True, editable=False, max_length=200, verbose_name="turned off because"),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
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
                "verbose_name": "historical webhook endpoint",
                "verbose_name_plural": "historical webhook endpoints",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [],
                "constraints": [],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="KnownDevice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                ("device", models.CharField(db_index=True, max_length=64, verbose_name="device")),
                (
                    "seen_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="first seen"),
                ),
            ],
            options={
                "verbose_name": "known device",
                "verbose_name_plural": "known devices",
                "constraints": [models.UniqueConstraint(fields=("owner", "device"), name="known_device_once")],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="ntf", unique=False)),
                ("key", models.CharField(max_length=160, unique=True, verbose_name="key")),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notifications",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "e-mail"), ("sms", "SMS")], max_length=8, verbose_name="channel"
                    ),
                ),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                (
                    "context",
                    models.JSONField(
                        default=dict, help_text="Plain values the template needs; no secrets.", verbose_name="context"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "queued"),
                            ("sending", "being sent"),
                            ("sent", "sent"),
                            ("failed", "failed"),
                            ("left_out", "left out"),
                        ],
                        default="queued",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("due_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="due")),
                ("lease_until", models.DateTimeField(blank=True, null=True, verbose_name="lease until")),
                ("subject", models.CharField(blank=True, max_length=200, verbose_name="subject")),
                ("body", models.TextField(blank=True, verbose_name="text")),
                ("error", models.CharField(blank=True, max_length=300, verbose_name="error")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent")),
            ],
            options={
                "verbose_name": "notification",
                "verbose_name_plural": "notifications",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["queued", "sending"])),
                        fields=["due_at", "id"],
                        name="notification_to_deliver",
                    ),
                    models.Index(fields=["user", "-created_at"], name="notification_by_user"),
                ],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="HeldValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=64, unique=True)),
                ("value", models.JSONField()),
                ("ends_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "verbose_name": "value held while the cache is away",
                "verbose_name_plural": "values held while the cache is away",
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="OutboxMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "e-mail"), ("sms", "SMS")], max_length=8, verbose_name="channel"
                    ),
                ),
                ("recipient", models.CharField(max_length=254, verbose_name="recipient")),
                ("subject", models.CharField(blank=True, max_length=300, verbose_name="subject")),
                ("body", models.TextField(verbose_name="text")),
                ("html", models.TextField(blank=True, verbose_name="HTML")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
            ],
            options={
                "verbose_name": "outbox message",
                "verbose_name_plural": "outbox messages",
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="OutboxAttachment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="att")),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attachments",
                        to="accounts.outboxmessage",
                        verbose_name="outbox message",
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="file name")),
                ("content_type", models.CharField(max_length=60, verbose_name="content type")),
                ("content", models.BinaryField(verbose_name="content")),
            ],
            options={
                "verbose_name": "attachment",
                "verbose_name_plural": "attachments",
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="Referral",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="rfl")),
                (
                    "referrer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="referrals",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="invited by",
                    ),
                ),
                (
                    "newcomer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="referral",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="newcomer",
                    ),
                ),
                ("mailbox", models.CharField(db_index=True, editable=False, max_length=64, verbose_name="mailbox")),
                ("device", models.CharField(blank=True, editable=False, max_length=64, verbose_name="device")),
                (
                    "joined_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="joined"),
                ),
            ],
            options={
                "verbose_name": "referral",
                "verbose_name_plural": "referrals",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("referrer", models.F("newcomer")), _negated=True),
                        name="referral_between_two_people",
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="ReferralCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "owner",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="referral_code",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                ("code", models.CharField(max_length=12, unique=True, verbose_name="code")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
            ],
            options={
                "verbose_name": "referral code",
                "verbose_name_plural": "referral codes",
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="ReplyTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "name",
                    models.CharField(help_text="For staff only.", max_length=80, unique=True, verbose_name="name"),
                ),
                ("position", models.PositiveIntegerField(db_index=True, default=0, verbose_name="position")),
                ("is_active", models.BooleanField(default=True, verbose_name="offered")),
                (
                    "text",
                    models.TextField(
                        help_text="{name}, {ticket} and {brand} stand for the subscriber’s name, the ticket and ours.",
                        max_length=4000,
                        verbose_name="text (English)",
                    ),
                ),
                (
                    "text_zh_hans",
                    models.TextField(blank=True, max_length=4000, verbose_name="text (Simplified Chinese)"),
                ),
                (
                    "text_zh_hant",
                    models.TextField(blank=True, max_length=4000, verbose_name="text (Traditional Chinese)"),
                ),
            ],
            options={
                "verbose_name": "reply template",
                "verbose_name_plural": "reply templates",
                "ordering": ("position", "pk"),
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="Ticket",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="tkt")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tickets",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("order_delayed", "an order that takes too long"),
                            ("replacement", "moving a line to another device"),
                            ("payment", "paying, refunds and receipts"),
                            ("renewal", "renewing and auto-renewal"),
                            ("service", "data, calls or installing"),
                            ("account", "signing in and the account"),
                            ("other", "something else"),
                        ],
                        max_length=20,
                        verbose_name="about what",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "waits for us"),
                            ("answered", "answered"),
                            ("waiting", "waits for us again"),
                            ("closed", "closed"),
                        ],
                        default="open",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "assignee",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="assigned to",
                    ),
                ),
                ("key", models.CharField(editable=False, max_length=120, unique=True, verbose_name="key")),
                (
                    "context",
                    models.JSONField(
                        blank=True, default=dict, help_text="Plain values its words need.", verbose_name="context"
                    ),
                ),
                (
                    "about",
                    models.JSONField(
                        blank=True, default=list, help_text="Public ids of what it is about.", verbose_name="about"
                    ),
                ),
                (
                    "references",
                    models.JSONField(blank=True, default=dict, help_text="For staff only.", verbose_name="references"),
                ),
                (
                    "opened_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="opened"),
                ),
                (
                    "moved_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="last message"
                    ),
                ),
                (
                    "told_up_to",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="staff told up to"),
                ),
                (
                    "first_answered_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="first answered"),
                ),
                ("closed_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="closed")),
            ],
            options={
                "verbose_name": "ticket",
                "verbose_name_plural": "tickets",
                "indexes": [
                    models.Index(fields=["owner", "-moved_at"], name="ticket_by_owner"),
                    models.Index(
                        condition=models.Q(("state__in", ["open", "waiting"])),
                        fields=["opened_at"],
                        name="ticket_for_staff",
                    ),
                    models.Index(
                        condition=models.Q(("kind", "order_delayed"), models.Q(("state", "closed"), _negated=True)),
                        fields=["id"],
                        name="ticket_of_delay_open",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at__isnull", False), ("state", "closed")),
                            models.Q(models.Q(("state", "closed"), _negated=True), ("closed_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="ticket_closed_has_time",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TicketMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="msg")),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="accounts.ticket",
                        verbose_name="ticket",
                    ),
                ),
                (
                    "author",
                    models.CharField(
                        choices=[("user", "subscriber"), ("staff", "support"), ("system", "the portal")],
                        max_length=6,
                        verbose_name="author",
                    ),
                ),
                (
                    "staff",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="member of staff",
                    ),
                ),
                ("key", models.CharField(editable=False, max_length=120, unique=True, verbose_name="key")),
                ("text", models.TextField(blank=True, max_length=4000, verbose_name="text")),
                ("kind", models.CharField(blank=True, max_length=40, verbose_name="kind")),
                ("context", models.JSONField(blank=True, default=dict, verbose_name="context")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="at")),
            ],
            options={
                "verbose_name": "message of a ticket",
                "verbose_name_plural": "messages of tickets",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("author", "system"), ("text", ""), models.Q(("kind", ""), _negated=True)),
                            models.Q(
                                models.Q(("author", "system"), _negated=True), models.Q(("text", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="ticket_message_says_something",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("author", "staff"), ("staff__isnull", False)),
                            models.Q(("author", "staff"), _negated=True),
                            _connector="OR",
                        ),
                        name="ticket_message_names_staff",
                    ),
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="TicketNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "ticket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notes",
                        to="accounts.ticket",
                        verbose_name="ticket",
                    ),
                ),
                (
                    "staff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="member of staff",
                    ),
                ),
                ("key", models.CharField(editable=False, max_length=120, unique=True)),
                ("text", models.TextField(max_length=4000, verbose_name="text")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="at")),
            ],
            options={
                "verbose_name": "internal note",
                "verbose_name_plural": "internal notes",
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="WebhookCursor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(max_length=40, unique=True, verbose_name="source")),
                ("marks", models.JSONField(default=list)),
            ],
            options={
                "verbose_name": "webhook cursor",
                "verbose_name_plural": "webhook cursors",
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="whe")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("url", models.URLField(max_length=500, verbose_name="address")),
                ("kinds", models.JSONField(default=list, verbose_name="events")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "failing_since",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="failing since"),
                ),
                (
                    "turned_off_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="turned off"),
                ),
                (
                    "turned_off_because",
                    models.CharField(blank=True, editable=False, max_length=200, verbose_name="turned off because"),
                ),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
            ],
            options={
                "verbose_name": "webhook endpoint",
                "verbose_name_plural": "webhook endpoints",
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="WebhookMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="evt")),
                ("key", models.CharField(max_length=120, unique=True, verbose_name="key")),
                ("kind", models.CharField(max_length=40, verbose_name="event")),
                ("data", models.JSONField(default=dict, verbose_name="what is told")),
                ("at", models.DateTimeField(verbose_name="happened")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
            ],
            options={
                "verbose_name": "webhook message",
                "verbose_name_plural": "webhook messages",
                "indexes": [models.Index(fields=["created_at"], name="webhook_message_by_age")],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="whd")),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="accounts.webhookmessage",
                        verbose_name="message",
                    ),
                ),
                (
                    "endpoint",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="accounts.webhookendpoint",
                        verbose_name="endpoint",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("sending", "being sent"),
                            ("delivered", "delivered"),
                            ("given_up", "given up"),
                        ],
                        default="waiting",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "attempts",
                    models.PositiveIntegerField(
                        default=0, help_text="Since it was last asked for.", verbose_name="attempts"
                    ),
                ),
                ("claims", models.PositiveIntegerField(default=0, editable=False)),
                ("due_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="next try")),
                ("status", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="last answer")),
                ("error", models.CharField(blank=True, max_length=300, verbose_name="what went wrong")),
                ("log", models.JSONField(default=list, verbose_name="attempts so far")),
                ("delivered_at", models.DateTimeField(blank=True, null=True, verbose_name="delivered")),
            ],
            options={
                "verbose_name": "webhook delivery",
                "verbose_name_plural": "webhook deliveries",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["waiting", "sending"])),
                        fields=["due_at", "id"],
                        name="webhook_to_deliver",
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("endpoint", "message"), name="webhook_delivery_once")],
            },
        ),
        migrations.CreateModel(
            name="WebhookSecret",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="whs")),
                (
                    "endpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="secrets",
                        to="accounts.webhookendpoint",
                        verbose_name="endpoint",
                    ),
                ),
                ("ciphertext", models.TextField(editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
            ],
            options={
                "verbose_name": "webhook secret",
                "verbose_name_plural": "webhook secrets",
                "indexes": [],
                "constraints": [],
            },
        ),
        migrations.CreateModel(
            name="AddressChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                ("refusal", models.CharField(blank=True, max_length=100, verbose_name="why it was refused")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided")),
                ("public_id", portal.lib.public_ids.PublicIdField(prefix="adc")),
                (
                    "kind",
                    models.CharField(
                        choices=[("email", "e-mail address"), ("phone", "mobile number")],
                        max_length=5,
                        verbose_name="what is changed",
                    ),
                ),
                ("address", models.CharField(blank=True, max_length=254, verbose_name="new address or number")),
                (
                    "removes_phone",
                    models.BooleanField(
                        default=False,
                        help_text="With a new e-mail address: the number is lost as well.",
                        verbose_name="takes the number off",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "waits for a second person"),
                            ("agreed", "waits for proof and for the time to object"),
                            ("done", "done"),
                            ("refused", "refused"),
                            ("stopped", "stopped"),
                            ("lapsed", "lapsed"),
                        ],
                        default="requested",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                (
                    "changes_at",
                    models.DateTimeField(
                        blank=True, help_text="Not before, and once proved.", null=True, verbose_name="changes"
                    ),
                ),
                ("proved_at", models.DateTimeField(blank=True, null=True, verbose_name="proved")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
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
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="address_changes",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "change of address by support",
                "verbose_name_plural": "changes of address by support",
                "permissions": [("approve_addresschange", "Can approve changes of address as others requested")],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "agreed")), fields=["changes_at", "id"], name="addresschange_due"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="addresschange_has_a_reason"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by__isnull", True),
                            models.Q(("decided_by", models.F("requested_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="addresschange_decided_by_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("state", "requested")),
                            models.Q(models.Q(("state", "requested"), _negated=True), ("decided_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="addresschange_decision_has_time",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["requested", "agreed"])),
                        fields=("user",),
                        name="addresschange_one_open_a_user",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "requested"),
                            ("changes_at__isnull", False),
                            ("state__in", ["refused", "stopped"]),
                            _connector="OR",
                        ),
                        name="addresschange_agreed_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            models.Q(("decided_by__isnull", False), ("proved_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="addresschange_done_is_proved",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state__in", ["requested", "agreed"])),
                            models.Q(
                                models.Q(("state__in", ["requested", "agreed"]), _negated=True),
                                ("ended_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="addresschange_end_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("decided_by", models.F("user")), _negated=True),
                        name="addresschange_not_ones_own",
                    ),
                ],
            },
        ),
    ]
