"""`manage.py seed_demo`: people, plans and lines to try the portal with."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from portal.demo.story import tell


class Command(BaseCommand):
    help = "Make the demo's people, plans and lines; running it again changes nothing."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.PLAYGROUND:
            raise CommandError("Demo users have a known password. Set PORTAL_DEMO=1 if this is a demo.")
        with transaction.atomic():
            tell(now=timezone.now())
        self.stdout.write("The demo data is there.")
