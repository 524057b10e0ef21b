"""`manage.py load_help_articles`: the help articles, and the replies to begin with, that come with the portal."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.shipped_articles import load, load_replies


class Command(BaseCommand):
    help = "Brings in the help articles that are missing or that nobody has edited, and first replies."

    def handle(self, *_args: Any, **_options: Any) -> None:
        loaded = load(now=timezone.now())
        load_replies()
        self.stdout.write(
            f"{loaded.made} made, {loaded.renewed} brought up to date, {loaded.kept} left as staff edited them."
        )
