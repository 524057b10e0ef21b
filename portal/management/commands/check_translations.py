from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.translations import out_of_date, problems


class Command(BaseCommand):
    help = "Fail unless every text is translated, in the words of the glossary, and compiled."
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        folder = settings.BASE_DIR / "locale"
        stale = out_of_date(folder, sources=settings.BASE_DIR)
        if stale is None:
            self.stderr.write("NOT CHECKED whether locale/ has every text of the code: xgettext is not installed.")
        if found := [*problems(folder), *(stale or [])]:
            raise CommandError("\n".join([*found, f"{len(found)} problems in locale/; see docs/translations.md."]))
        self.stdout.write("Translations are complete.")
