"""`manage.py seed_demo`: people, plans and lines to try the portal with."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from billing.gateways import chosen as chosen_gateway
from esim.carriers import chosen as chosen_carrier
from portal.demo.shopping import Shop
from portal.demo.story import tell


class Command(BaseCommand):
    help = "Make the demo's people, plans and lines; running it again changes nothing."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.PLAYGROUND:
            raise CommandError("Demo users have a known password. Set PORTAL_DEMO=1 if this is a demo.")
        shop = Shop(gateway=chosen_gateway(), carrier=chosen_carrier())
        # The sandbox and the simulated network live in the same database, so all of it or nothing.
        with transaction.atomic():
            tell(shop=shop, now=timezone.now())
        self.stdout.write("The demo data is there.")
