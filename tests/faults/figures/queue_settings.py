"""The portal of the figures with its queue: tasks go through a broker to workers in processes of their own."""

import os

from tests.faults.figures.settings import *  # noqa: F403
from tests.faults.figures.settings import REDIS_URL

CELERY_TASK_ALWAYS_EAGER = False
CELERY_BROKER_URL = os.environ.get("FAULTS_BROKER_URL") or f"{REDIS_URL}/7"
