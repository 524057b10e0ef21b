"""The queue and the cache as they come out of the box, for a control: who asks a silent Redis waits for it."""

from tests.faults.figures.queue_settings import *  # noqa: F403
from tests.faults.figures.queue_settings import CACHES

CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, object] = {}
CELERY_TASK_PUBLISH_RETRY = True
CACHES["default"].update(BACKEND="django.core.cache.backends.redis.RedisCache", OPTIONS={})
