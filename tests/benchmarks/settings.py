"""The portal as in production, but for the sandbox and the simulated carrier, on a Redis database of its own."""

from portal.settings import *  # noqa: F403
from portal.settings import CACHES, DATABASES, LOGGING, REDIS_URL

CACHES["default"].update(LOCATION=f"{REDIS_URL}/5", KEY_PREFIX=DATABASES["default"]["NAME"])
CELERY_BROKER_URL = f"{REDIS_URL}/5"
LOGGING["root"]["level"] = "ERROR"
