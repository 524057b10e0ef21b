"""The project package: composition of the apps, and what none of them owns."""

from portal.celery import app as celery_app

# Loaded with Django, so that `shared_task` finds our broker in the web processes too.
__all__ = ["celery_app"]
