"""`manage.py load_help_articles`: the articles of the help centre that come with the portal."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.shipped_articles import load


class Command(BaseCommand):
    help = "Brings in the help articles that are missing or that nobody has edited; what staff changed stays."

    def handle(self, *_args: Any, **_options: Any) -> None:
        loaded = load(now=timezone.now())
        self.stdout.write(
            f"{loaded.made} made, {loaded.renewed} brought up to date, {loaded.kept} left as staff edited them."
        )
