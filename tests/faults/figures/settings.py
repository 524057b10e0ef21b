"""The portal as in production, but for the simulated carrier, with tasks run where they are sent, on a Redis of its own."""

import os

from portal.settings import *  # noqa: F403
from portal.settings import CACHES, DATABASES, LOGGING, REDIS_URL

CACHES["default"].update(LOCATION=f"{REDIS_URL}/6", KEY_PREFIX=DATABASES["default"]["NAME"])
PACING_REDIS_URL = CACHES["default"]["LOCATION"]
# In the thread of the request, so that a crowd of requests is a crowd of workers as well.
CELERY_TASK_ALWAYS_EAGER = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Lost answers are what is asked for here; the figures say what came of them.
LOGGING["handlers"]["console"]["level"] = os.environ.get("FAULTS_LOG_LEVEL", "CRITICAL")
