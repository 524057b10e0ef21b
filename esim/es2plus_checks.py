"""What must be set, and readable, before an SM-DP+ is asked for anything."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's word for it

from esim.carriers.es2plus_settings import BY_TYPE, ES2PLUS, OPERATIONS

SEE = "See docs/es2plus.md."
OID = re.compile(r"\d+(\.\d+)+")
HOST = re.compile(r"(?=.{4,253}$)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
SHORTEST_SECRET = 32
FILES = (
    "ES2PLUS_CA",
    "ES2PLUS_CLIENT_CERT",
    "ES2PLUS_CLIENT_KEY",
    "ES2PLUS_NETWORK_CA",
    "ES2PLUS_NETWORK_CLIENT_CERT",
    "ES2PLUS_NETWORK_CLIENT_KEY",
)


def es2plus_settings(**_: Any) -> list[CheckMessage]:
    """Refuse settings with which no profile could be ordered, or nobody could use what he paid for."""
    return [*_smdp(), *_files(), *_network(), *_callbacks()] if settings.CARRIER == ES2PLUS else []


def _smdp() -> Iterator[CheckMessage]:
    if not _is_safe(settings.ES2PLUS_URL):
        yield Error("ES2PLUS_URL: expected such as https://smdp.example.com:8443.", hint=SEE, id="es2plus.E001")
    if not OID.fullmatch(settings.ES2PLUS_REQUESTER_ID):
        text = "ES2PLUS_REQUESTER_ID: expected the OID agreed with the SM-DP+, such as 1.3.6.1.4.1.99999.1."
        yield Error(text, hint=SEE, id="es2plus.E002")
    if not HOST.fullmatch(settings.ES2PLUS_SMDP_ADDRESS):
        text = "ES2PLUS_SMDP_ADDRESS: expected the host that devices download from, such as rsp.example.com."
        yield Error(text, hint=SEE, id="es2plus.E003")
    if settings.ES2PLUS_ORDER_BY == BY_TYPE and not settings.ES2PLUS_PROFILE_TYPE:
        yield Error("ES2PLUS_ORDER_BY=profile_type without ES2PLUS_PROFILE_TYPE.", hint=SEE, id="es2plus.E004")


def _files() -> Iterator[CheckMessage]:
    required = {name for name in FILES[:3] if not settings.PLAYGROUND}
    for name in FILES:
        path = getattr(settings, name)
        if path and not _is_readable(path):
            yield Error(f"{name}={path!r} cannot be read.", hint="A file in PEM.", id="es2plus.E005")
        elif not path and name in required:
            text = f"{name} is empty: ES2+ wants certificates of both sides (SGP.22 §6.1)."
            yield Error(text, hint=SEE, id="es2plus.E006")


def _network() -> Iterator[CheckMessage]:
    if unknown := set(settings.ES2PLUS_NETWORK_CAN) - set(OPERATIONS):
        text = f"ES2PLUS_NETWORK_CAN: {', '.join(sorted(unknown))}: expected some of {' '.join(OPERATIONS)}."
        yield Error(text, id="es2plus.E007")
    if settings.PLAYGROUND:
        return
    if not _is_safe(settings.ES2PLUS_NETWORK_URL) or "grant" not in settings.ES2PLUS_NETWORK_CAN:
        text = "ES2PLUS_NETWORK_URL: without the network behind the SM-DP+ nobody could use what he paid for."
        yield Error(text, hint="See docs/operator-network.md.", id="es2plus.E008")
    if not (settings.ES2PLUS_NETWORK_TOKEN or settings.ES2PLUS_NETWORK_CLIENT_CERT):
        text = "The network is asked without ES2PLUS_NETWORK_TOKEN and ES2PLUS_NETWORK_CLIENT_CERT."
        yield Error(text, hint="See docs/operator-network.md.", id="es2plus.E009")


def _callbacks() -> Iterator[CheckMessage]:
    by_proxy = settings.ES2PLUS_CALLBACK_PROXIES and settings.ES2PLUS_CALLBACK_IDENTITY
    if not by_proxy and not settings.ES2PLUS_CALLBACK_SECRET:
        text = "The SM-DP+ cannot tell what becomes of a profile: neither proxy nor secret path is set."
        yield Warning(text, hint=SEE, id="es2plus.W001")
    if 0 < len(settings.ES2PLUS_CALLBACK_SECRET) < SHORTEST_SECRET:
        text = f"ES2PLUS_CALLBACK_SECRET has fewer than {SHORTEST_SECRET} characters."
        yield Error(text, hint="Take what `openssl rand -hex 32` prints.", id="es2plus.E010")


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.hostname) and (parts.scheme == "https" or (settings.PLAYGROUND and parts.scheme == "http"))


def _is_readable(path: str) -> bool:
    try:
        return b"-----BEGIN" in Path(path).read_bytes()
    except OSError:
        return False
