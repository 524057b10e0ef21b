"""The WSGI entry point."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from portal.checks import refuse_misconfiguration

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_wsgi_application()
refuse_misconfiguration()

# What start-up made stays for good, so the collector need not look through it; and a page makes thousands of objects,
# so looking after every 700 finds nothing.
gc.freeze()
gc.set_threshold(10_000, 20, 20)
