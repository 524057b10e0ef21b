from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.core.management.commands.makemessages import Command as MakeMessages

from portal.translations import EXTRACTION, LOCALES, compile_catalogues


class _MakeMessages(MakeMessages):
    # A guess marked fuzzy is not shown and easily kept for good: a new text starts empty.
    msgmerge_options = [*MakeMessages.msgmerge_options, "--no-fuzzy-matching"]


class Command(BaseCommand):
    help = "Bring locale/ in step with the texts in code and templates (needs gettext), then compile it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--compile-only", action="store_true", help="only write .mo from .po; needs no gettext")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not options["compile_only"]:
            call_command(_MakeMessages(), *EXTRACTION, *(f"--locale={locale}" for locale in LOCALES))
        compile_catalogues(settings.BASE_DIR / "locale")
