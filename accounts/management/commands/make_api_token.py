"""Make a key for a program, and print it once."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import api_tokens
from accounts.models import ApiToken


class Command(BaseCommand):
    help = "Makes an API token and prints it, once. It cannot be read again; revoke it on the staff site."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what it is for, such as 'mediation in Vienna'")
        parser.add_argument(
            "--scope", action="append", choices=sorted(api_tokens.SCOPES), help="default: usage:write; may be repeated"
        )
        parser.add_argument("--source", default="", help="whose usage records come with it, such as 'core'")
        parser.add_argument("--days", type=int, default=None, help="how long it is good; default: until it is revoked")

    def handle(self, *_args: Any, **options: Any) -> None:
        scopes = options["scope"] or [api_tokens.USAGE_WRITE]
        source = options["source"]
        if api_tokens.USAGE_WRITE in scopes and not source:
            raise CommandError("Say whose usage records come with it: --source NAME.")
        if len(source) > (ApiToken._meta.get_field("source").max_length or 0):  # noqa: SLF001 - documented
            raise CommandError("The name of a source has 20 characters at most.")
        now = timezone.now()
        days = options["days"]
        expires_at = now + timedelta(days=days) if days else None
        _token, secret = api_tokens.make(
            name=options["name"], scopes=scopes, source=source, expires_at=expires_at, actor=None, ip=None, now=now
        )
        self.stdout.write(secret)
        self.stderr.write("Keep it safe: it is not shown again.")
