"""The WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

from portal.checks import refuse_misconfiguration
from portal.lib.long_lived import spare_the_collector

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

application = get_wsgi_application()
refuse_misconfiguration()
spare_the_collector()
