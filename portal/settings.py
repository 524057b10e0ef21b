"""Settings of the portal, fed by the environment (every variable is listed in docs/operations.md)."""

import os
from datetime import timedelta
from pathlib import Path

import django_stubs_ext
import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from portal.admin_theme import admin_theme
from portal.environment import (
    checked_amounts,
    checked_choice,
    checked_flag,
    checked_int,
    checked_networks,
    is_untouched,
    secret,
    socket_path,
)
from portal.log_settings import FORMS, JSON, TEXT, logging_settings
from portal.partner_settings import *  # noqa: F403
from portal.retention_settings import *  # noqa: F403
from portal.sign_in_settings import *  # noqa: F403

# Lets classes say what they are about, as in ModelForm[Plan]; Django's own cannot yet.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("PORTAL_DATA_DIR", BASE_DIR / "var")).resolve()

DEBUG = checked_flag(os.environ, "DEBUG", default=False)
DEMO = checked_flag(os.environ, "PORTAL_DEMO", default=is_untouched(os.environ))
PLAYGROUND = DEBUG or DEMO
HTTPS = checked_flag(os.environ, "PORTAL_HTTPS", default=not PLAYGROUND)

SECRET_KEY = secret(os.environ, "SECRET_KEY", kept_in=DATA_DIR if PLAYGROUND else None)
SECRET_KEY_FALLBACKS = os.environ.get("SECRET_KEY_FALLBACKS", "").split()
PORTAL_ENCRYPTION_KEYS = secret(os.environ, "PORTAL_ENCRYPTION_KEYS", kept_in=DATA_DIR if PLAYGROUND else None).split()
PORTAL_LOOKUP_KEY = secret(os.environ, "PORTAL_LOOKUP_KEY", kept_in=None, required=False)

ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "").split(",") if os.environ.get("ALLOWED_HOSTS") else []
if not ALLOWED_HOSTS and PLAYGROUND:
    ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
PORTAL_BASE_URL = os.environ.get("PORTAL_BASE_URL", "http://localhost:8000" if PLAYGROUND else "").rstrip("/")
CSRF_TRUSTED_ORIGINS = [PORTAL_BASE_URL] if HTTPS and PORTAL_BASE_URL else []

# What the operator is called and how it looks.
PORTAL_BRAND_NAME = os.environ.get("PORTAL_BRAND_NAME", "LEB")
PORTAL_BRAND_HUE = checked_int(os.environ, "PORTAL_BRAND_HUE", default=262, minimum=0, maximum=360)
PORTAL_BRAND_LOGO = os.environ.get("PORTAL_BRAND_LOGO", "")
PORTAL_SUPPORT_EMAIL = os.environ.get("PORTAL_SUPPORT_EMAIL", "support@example.com")
# How to reach support, and how to tell it from those who pretend to be it; see docs/help.md. The numbers are from ranges
# that are nobody's.
PORTAL_SUPPORT_PHONE = os.environ.get("PORTAL_SUPPORT_PHONE", "+1 415 555 0100" if PLAYGROUND else "")
PORTAL_SUPPORT_HOURS = os.environ.get(
    "PORTAL_SUPPORT_HOURS", "Mon-Fri 08:00-22:00; Sat-Sun 09:00-18:00" if PLAYGROUND else ""
)
PORTAL_SUPPORT_HOLIDAYS = os.environ.get("PORTAL_SUPPORT_HOLIDAYS", "")
PORTAL_SUPPORT_TIME_ZONE = (
    os.environ.get("PORTAL_SUPPORT_TIME_ZONE") or os.environ.get("PORTAL_OPERATOR_TIME_ZONE") or "UTC"
)
PORTAL_SOCIAL_ACCOUNTS = os.environ.get(
    "PORTAL_SOCIAL_ACCOUNTS", "WeChat=example-esim; Weibo=https://weibo.example/esim" if PLAYGROUND else ""
)
PORTAL_SMS_SENDERS = os.environ.get("PORTAL_SMS_SENDERS", PORTAL_BRAND_NAME if PLAYGROUND else "")
PORTAL_EMAIL_SENDERS = os.environ.get("PORTAL_EMAIL_SENDERS", "").split()
PORTAL_OFFICIAL_DOMAINS = os.environ.get("PORTAL_OFFICIAL_DOMAINS", "").split()
PORTAL_CURRENCIES = os.environ.get("PORTAL_CURRENCIES", "USD EUR CNY TWD JPY").split()
PORTAL_DEFAULT_REGION = os.environ.get("PORTAL_DEFAULT_REGION", "US")

# The company behind the brand, as invoices name it.
PORTAL_OPERATOR_NAME = os.environ.get("PORTAL_OPERATOR_NAME") or PORTAL_BRAND_NAME
PORTAL_OPERATOR_ADDRESS = os.environ.get("PORTAL_OPERATOR_ADDRESS", "")
PORTAL_OPERATOR_COUNTRY = os.environ.get("PORTAL_OPERATOR_COUNTRY") or PORTAL_DEFAULT_REGION
PORTAL_OPERATOR_TAX_ID = os.environ.get("PORTAL_OPERATOR_TAX_ID", "")
PORTAL_OPERATOR_REGISTRATION = os.environ.get("PORTAL_OPERATOR_REGISTRATION", "")
PORTAL_OPERATOR_EMAIL = os.environ.get("PORTAL_OPERATOR_EMAIL") or PORTAL_SUPPORT_EMAIL
PORTAL_OPERATOR_TIME_ZONE = os.environ.get("PORTAL_OPERATOR_TIME_ZONE") or "UTC"

# From here on a saved card or the balance pays only after a fresh proof of who it is: about 50 US dollars. In a currency
# that is not named every such payment asks.
PORTAL_CONFIRM_ABOVE = checked_amounts(
    os.environ,
    "PORTAL_CONFIRM_ABOVE",
    default="AUD=75 CAD=70 CHF=45 CNY=350 EUR=45 GBP=40 HKD=390 JPY=7500 KRW=70000 SGD=65 THB=1700 TWD=1600 USD=50",
)

# How long nobody can move a line to another device after the account's e-mail, number or second step was changed.
PORTAL_COOL_OFF = timedelta(hours=checked_int(os.environ, "PORTAL_COOL_OFF_HOURS", default=24, minimum=0, maximum=720))

# Each gateway knows the least it charges. An account settled in another currency than it charges in may take only more.
PORTAL_SMALLEST_CARD_PAYMENTS = checked_amounts(os.environ, "PORTAL_SMALLEST_CARD_PAYMENTS", default="")

PAYMENT_GATEWAY = checked_choice(os.environ, "PAYMENT_GATEWAY", choices=("sandbox", "stripe"), default="sandbox")
RENEWAL_BATCH = checked_int(os.environ, "RENEWAL_BATCH", default=500, minimum=1, maximum=5000)
RENEWALS_IN_A_COMMIT = checked_int(os.environ, "RENEWALS_IN_A_COMMIT", default=100, minimum=1, maximum=1000)
RENEWAL_CALLS_AT_ONCE = checked_int(os.environ, "RENEWAL_CALLS_AT_ONCE", default=64, minimum=1, maximum=500)
CARRIER = checked_choice(os.environ, "CARRIER", choices=("simulated", "esimgo", "es2plus"), default="simulated")
ESIM_LOW_STOCK = checked_int(os.environ, "ESIM_LOW_STOCK", default=20, minimum=0, maximum=1_000_000)
# After how many days without use the network gives a line up; 0 where it never does.
ESIM_LAPSES_AFTER_DAYS = checked_int(os.environ, "ESIM_LAPSES_AFTER_DAYS", default=90, minimum=0, maximum=1000)

# How long after delivery a buyer may give back what was not used, and from which amount on a refund that staff give
# takes a second person; in a currency that is not named, every one does.
PORTAL_REFUND_WINDOW = timedelta(days=checked_int(os.environ, "PORTAL_REFUND_DAYS", default=14, minimum=0, maximum=365))
PORTAL_REFUND_APPROVAL_ABOVE = checked_amounts(
    os.environ, "PORTAL_REFUND_APPROVAL_ABOVE", default="USD=100 EUR=100 CNY=700 TWD=3000 JPY=15000"
)
# How long a line whose renewal stays unpaid goes on after its paid time, or after the last attempt to charge it.
RENEWAL_GRACE = timedelta(days=checked_int(os.environ, "RENEWAL_GRACE_DAYS", default=3, minimum=0, maximum=90))
# What is paid is promised to be delivered within minutes: then a ticket is opened by itself. An order for which the
# network has no answer much later is shown to staff on their front page.
PORTAL_PROMISE = timedelta(
    minutes=checked_int(os.environ, "PORTAL_PROMISE_MINUTES", default=30, minimum=5, maximum=1440)
)
PORTAL_STUCK_AFTER = timedelta(hours=checked_int(os.environ, "PORTAL_STUCK_HOURS", default=24, minimum=1, maximum=720))
# How many coupon codes that do not exist people who never paid may type in an hour, all together.
PORTAL_CODE_MISSES = checked_int(os.environ, "PORTAL_CODE_MISSES", default=50, minimum=10, maximum=100_000)
SANDBOX_WEBHOOK_SECRETS = [SECRET_KEY, *SECRET_KEY_FALLBACKS]

INSTALLED_APPS = [
    # Before the admin, whose templates it replaces; its basic configuration leaves our own site in place.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "unfold.contrib.simple_history",
    "portal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "import_export",
    # So that the page of the API is served from here, and not from somebody's CDN.
    "ninja",
    "simple_history",
    "portal",
    "accounts",
    "plans",
    "esim",
    "billing",
]

MIDDLEWARE = [
    "portal.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.middleware.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.KeptOnDeviceMiddleware",
    "accounts.middleware.SubscriberPreferencesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.LoadedAnewMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.RateLimitedMiddleware",
    "accounts.middleware.AccountLockedMiddleware",
    "portal.middleware.NoStoreMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.brand",
                "portal.context.banners",
            ],
        },
    },
]

# Data. SQLite is safe under concurrency only like this: without IMMEDIATE, read-then-write
# transactions of several processes fail with "database is locked" instead of waiting.
if os.environ.get("DATABASE_URL"):
    DATABASES = {"default": environ.Env.db_url_config(os.environ["DATABASE_URL"])}
    if DATABASES["default"].get("ENGINE") != "django.db.backends.postgresql":
        raise ImproperlyConfigured("DATABASE_URL must be a postgres:// address; leave it out for SQLite.")
    DATABASES["default"]["ENGINE"] = "portal.lib.postgresql"
    DATABASES["default"]["CONN_MAX_AGE"] = None
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    prepares = checked_flag(os.environ, "PORTAL_PREPARED_STATEMENTS", default=True)
    DATABASES["default"].setdefault("OPTIONS", {})["prepare_threshold"] = 5 if prepares else None
else:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "portal.sqlite3",
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # recursive_triggers: otherwise INSERT OR REPLACE deletes a ledger row past its trigger.
                "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;"
                "PRAGMA foreign_keys=ON;PRAGMA recursive_triggers=ON;",
            },
        }
    }

VALKEY_SOCKET = socket_path(DATA_DIR, "valkey.sock")
REDIS_URL = os.environ.get("REDIS_URL", "").rstrip("/")
if REDIS_URL and not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    raise ImproperlyConfigured(f"REDIS_URL={REDIS_URL!r}: expected redis://, rediss:// or unix://.")
CACHE_URL = f"{REDIS_URL}/0" if REDIS_URL else f"unix://{VALKEY_SOCKET}?db=0"
# Where all processes count their calls to others, so that together they keep to a rate.
PACING_REDIS_URL = CACHE_URL
CACHES = {
    "default": {
        "BACKEND": "portal.lib.cache.ForgivingRedisCache",
        "LOCATION": CACHE_URL,
        "KEY_PREFIX": "portal",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
        # In the database while Redis is away: what is counted against guessing, and of programs; codes that were used; and
        # who is paying.
        "HELD": {"elsewhere": "held", "prefixes": ("allauth:rl:", "allauth.mfa.totp.used", "api:", "paying:")},
    },
    "held": {"BACKEND": "accounts.held_values.HeldValues", "KEY_PREFIX": "portal"},
}
SESSION_ENGINE = "portal.lib.sessions"

# Celery: the row is the truth and the queue a hint, so results are not kept and a lost message is harmless.
BROKER_URL = os.environ.get("BROKER_URL", "")
if BROKER_URL and not BROKER_URL.startswith(("redis://", "rediss://", "amqp://", "amqps://")):
    raise ImproperlyConfigured("BROKER_URL: expected redis://, rediss://, amqp:// or amqps://.")
CELERY_BROKER_URL = BROKER_URL or (f"{REDIS_URL}/1" if REDIS_URL else f"redis+socket://{VALKEY_SOCKET}?virtual_host=1")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# RabbitMQ, where the options of Redis' sockets mean nothing: a request waits no longer for one that keeps silent.
CELERY_BROKER_CONNECTION_TIMEOUT = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_timeout": 1,
    "socket_connect_timeout": 1,
    # A request that nudges a worker waits for a silent broker once; pauses and retries made that four seconds.
    "max_retries": 0,
    "interval_start": 0,
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# Beat remembers nothing on disk: the longest interval is shorter than finding out why a half-written file stops it.
CELERY_BEAT_SCHEDULER = "celery.beat.Scheduler"

# Language and time.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文"), ("zh-hant", "繁體中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = "portal.formats"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
MEDIA_ROOT = DATA_DIR / "media"

# What people upload: encrypted, and under no address. All web and worker processes need the same folder.
PORTAL_DOCUMENTS_DIR = Path(os.environ.get("PORTAL_DOCUMENTS_DIR") or DATA_DIR / "documents").resolve()
# Whether approving an application for a SIM card takes two people.
PORTAL_APPLICATION_TWO_PEOPLE = checked_flag(os.environ, "PORTAL_APPLICATION_TWO_PEOPLE", default=False)
FILE_UPLOAD_HANDLERS = [
    "portal.lib.upload_handlers.BoundedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# Messages to people.
EMAIL_BACKEND = os.environ.get(
    "EMAIL_BACKEND",
    "accounts.outbox.OutboxEmailBackend" if PLAYGROUND else "django.core.mail.backends.smtp.EmailBackend",
)
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = checked_int(os.environ, "EMAIL_PORT", default=25, minimum=1, maximum=65535)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = checked_flag(os.environ, "EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 20
# What a provider's back end of Anymail asks for: ANYMAIL_POSTMARK_SERVER_TOKEN is its POSTMARK_SERVER_TOKEN.
ANYMAIL = {name.removeprefix("ANYMAIL_"): value for name, value in os.environ.items() if name.startswith("ANYMAIL_")}
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", f"{PORTAL_BRAND_NAME} <no-reply@example.com>")
SMS_BACKEND = os.environ.get("SMS_BACKEND", "outbox" if PLAYGROUND else "")
LETTER_ENCLOSURES = "billing.invoice_mail.enclosures"
LETTER_SECRETS = "billing.claim_codes.secrets_of"
NOTICES_ANEW = "billing.notices_anew.facts_now"
PLANS_DELIVERABLE = "portal.offering.deliverable"

# Lets webhooks go to private addresses and by plain HTTP: for trying them out, never where strangers may be staff.
WEBHOOKS_TO_ANYWHERE = checked_flag(os.environ, "WEBHOOKS_TO_ANYWHERE", default=False)

# Signing in: what the operator does not choose is in its own file.
# Behind a proxy the client's address comes from it; on a unix socket there is no other.
if proxies := checked_int(os.environ, "TRUSTED_PROXY_COUNT", default=0, minimum=0, maximum=9):
    ALLAUTH_TRUSTED_PROXY_COUNT = proxies
MFA_TOTP_ISSUER = PORTAL_BRAND_NAME
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = PLAYGROUND

# What the browser may do. `/admin/` has its own policy, see portal/middleware.py.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 30 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
if HTTPS:
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    SECURE_SSL_REDIRECT = checked_flag(os.environ, "SECURE_SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Probes and monitoring ask by plain HTTP from inside.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]

LOGGING = logging_settings(
    level=os.environ.get("LOG_LEVEL", "INFO").upper(),
    form=checked_choice(os.environ, "LOG_FORMAT", choices=FORMS, default=TEXT if PLAYGROUND else JSON),
)

# What the operator calls this build, such as the commit; /metrics tells it.
PORTAL_BUILD = os.environ.get("PORTAL_BUILD", "")
# Who may read /metrics: with the token, or from one of these networks; nobody else.
METRICS_TOKEN = secret(os.environ, "METRICS_TOKEN", kept_in=None, required=False)
METRICS_NETWORKS = checked_networks(os.environ, "METRICS_NETWORKS", default="127.0.0.0/8 ::1/128" if PLAYGROUND else "")

# A spreadsheet would run a name that begins with "=".
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True
UNFOLD = admin_theme(brand=PORTAL_BRAND_NAME, hue=PORTAL_BRAND_HUE, demo=DEMO)
