"""The real settings, made quick and silent for tests."""

import os
import tempfile
from zlib import crc32

os.environ.setdefault("PORTAL_DEMO", "1")
os.environ.setdefault("PORTAL_DATA_DIR", tempfile.mkdtemp(prefix="portal-tests-"))
os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "0" * 50)
os.environ.setdefault("PORTAL_ENCRYPTION_KEYS", "t1:" + "A" * 43 + "=")

from portal.settings import *  # noqa: F403
from portal.settings import BASE_DIR, CACHES, DATA_DIR, DATABASES, INSTALLED_APPS, REDIS_URL

INSTALLED_APPS = [*INSTALLED_APPS, "django_migration_linter"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
if REDIS_URL:
    # Of the last eight Redis databases, none of them the portal's, each checkout takes two, one for each of its
    # processes. Two checkouts may meet in one: what they keep has names of its own, also for being emptied.
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    checkout = crc32(str(BASE_DIR).encode())
    database = 8 + 2 * (checkout % 4) + int(worker.removeprefix("gw")) % 2
    CACHES["default"].update(
        BACKEND="tests.own_cache.OwnCache",
        LOCATION=f"{REDIS_URL}/{database}",
        KEY_PREFIX=f"tests-{checkout:08x}-{worker}",
    )
    PACING_REDIS_URL = CACHES["default"]["LOCATION"]
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    PACING_REDIS_URL = ""
WHITENOISE_AUTOREFRESH = True
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
DATABASES["default"]["CONN_MAX_AGE"] = 0
if DATABASES["default"]["ENGINE"].endswith("postgresql"):
    # Two checkouts may test on one server.
    DATABASES["default"]["TEST"] = {"NAME": f"test_portal_{crc32(str(BASE_DIR).encode()):08x}"}
    # What a test wrote need not survive a power cut.
    DATABASES["default"]["OPTIONS"]["options"] = "-c synchronous_commit=off"
elif os.environ.get("PORTAL_TESTS_ON_DISK"):
    # In memory, visitors who come at once would share one connection, and each other's transactions.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "tests.sqlite3")}
