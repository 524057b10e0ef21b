"""The real settings, made quick and silent for tests."""

import os
import tempfile
from zlib import crc32

os.environ.setdefault("PORTAL_DEMO", "1")
os.environ.setdefault("PORTAL_DATA_DIR", tempfile.mkdtemp(prefix="portal-tests-"))
os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "0" * 50)
os.environ.setdefault("PORTAL_ENCRYPTION_KEYS", "t1:" + "A" * 43 + "=")

from portal.settings import *  # noqa: F403
from portal.settings import BASE_DIR, CACHES, DATABASES, INSTALLED_APPS, REDIS_URL

INSTALLED_APPS = [*INSTALLED_APPS, "django_migration_linter"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
if REDIS_URL:
    # Tests empty the cache, which flushes a whole Redis database: of the last eight, none of them the portal's, each
    # checkout takes two, one for each of its processes.
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 2
    database = 8 + 2 * (crc32(str(BASE_DIR).encode()) % 4) + process
    CACHES["default"].update(LOCATION=f"{REDIS_URL}/{database}", KEY_PREFIX="portal-tests")
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
