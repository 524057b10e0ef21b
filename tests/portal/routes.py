"""Every route of the portal, and an address for each: built from the URL map, so that none is forgotten."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

PUBLIC = {
    "api:api-root",
    "api:openapi-json",
    "api:openapi-view",
    "account_confirm_login_code",
    "account_email_verification_sent",
    "account_inactive",
    "account_login",
    "account_request_login_code",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_signup",
    "account_verify_phone",
    "accounts:new_password",
    "accounts:prove_address",
    "accounts:reset_link_sent",
    "accounts:reset_password",
    "accounts:stop_address_change",
    "billing:pay_for",
    "billing:invited",
    "billing:question",
    "billing:sandbox_confirm",
    "billing:sandbox_pay",
    "billing:webhook",
    "brand_css",
    "calendar",
    "esim:devices",
    "esim:es2plus_progress",
    "esim:es2plus_progress_by_secret",
    "esim:esimgo_webhook",
    "esim:outlet",
    "esim:outlets",
    "esim:join",
    "esim:take",
    "esim:usage_api",
    "healthz",
    "article_opinion",
    "help",
    "manifest",
    "offline",
    "help_article",
    "metrics",
    "mfa_authenticate",
    "mfa_login_webauthn",
    "mfa_trust",
    "plans:announcement",
    "plans:announcements",
    "official_channels",
    "plans:catalogue",
    "plans:close_announcement",
    "plans:plan",
    "plans:trip",
    "readyz",
    "set_language",
    "worker",
}
"""For everybody; a payment page is for whoever has its address, as at any payment service."""

DEMO_ONLY = {"accounts:outbox", "accounts:outbox_attachment", "accounts:outbox_letter", "style"}
"""For everybody in the demo, for nobody outside."""

SHARED = {"billing:buy"}
"""For everybody who is signed in: what it names belongs to nobody."""

STAFF = "admin:"
PROGRAMS = "api:"
"""For whoever has a token; a session opens nothing there. tests/api/ walks through these."""


@dataclass(frozen=True, slots=True)
class Route:
    name: str
    pattern: str
    arguments: tuple[str, ...]

    def address(self, values: dict[str, Any]) -> str:
        return reverse(self.name, kwargs={name: values[name] for name in self.arguments})

    @property
    def is_for_staff(self) -> bool:
        return self.name.startswith(STAFF)

    @property
    def is_for_programs(self) -> bool:
        return self.name.startswith(PROGRAMS) and self.name not in PUBLIC

    @property
    def is_owned(self) -> bool:
        """Whether it names a row that belongs to somebody."""
        return "public_id" in self.arguments and self.name not in PUBLIC | SHARED | DEMO_ONLY


def routes() -> list[Route]:
    return list(_walk(get_resolver()))


def _walk(
    resolver: URLResolver, namespace: str = "", prefix: str = "", arguments: tuple[str, ...] = ()
) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        pattern = f"{prefix}{entry.pattern}"
        groups = entry.pattern.regex.groupindex or range(entry.pattern.regex.groups)
        named = (*arguments, *map(str, groups))
        if isinstance(entry, URLResolver):
            below = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from _walk(entry, below, pattern, named)
        elif isinstance(entry, URLPattern) and entry.name:
            yield Route(f"{namespace}{entry.name}", pattern, named)
