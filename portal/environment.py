"""What the environment says, read once and loudly.

Kept apart from `settings.py` so that the rules (what a fresh checkout is, which secrets the embedded
installation makes for itself) can be read and tested on their own.
"""

import base64
import contextlib
import os
import secrets
import tempfile
from collections.abc import Collection, Mapping
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from portal.lib.money import Money

DELIBERATE = ("DEBUG", "SECRET_KEY", "PAYMENT_GATEWAY", "CARRIER", "ALLOWED_HOSTS")
"""Naming any of these means somebody configures a deployment; then nothing defaults to the demo."""

LONGEST_SOCKET_PATH = 100
"""A unix socket's address has room for 107 bytes on Linux and 103 on macOS."""


def is_untouched(environ: Mapping[str, str]) -> bool:
    """Tell whether nobody configured this checkout, which makes it the demo."""
    return not any(name in environ for name in DELIBERATE)


def checked_flag(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    """Return a yes/no variable; raise ImproperlyConfigured for anything but 1/0, true/false, yes/no, on/off."""
    text = environ.get(name, "").strip().lower()
    if not text:
        return default
    if text in {"1", "true", "yes", "on"}:
        return True
    if text in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name}={environ[name]!r}: expected one of 1, 0, true, false, yes, no, on, off.")


def checked_choice(environ: Mapping[str, str], name: str, *, choices: tuple[str, ...], default: str) -> str:
    """Return a variable that must be one of `choices`; raise ImproperlyConfigured otherwise."""
    value = environ.get(name, "").strip() or default
    if value not in choices:
        raise ImproperlyConfigured(f"{name}={value!r}: expected one of {', '.join(choices)}.")
    return value


def checked_int(environ: Mapping[str, str], name: str, *, default: int, minimum: int, maximum: int) -> int:
    """Return a whole number within bounds; raise ImproperlyConfigured otherwise."""
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not minimum <= int(text) <= maximum:
        raise ImproperlyConfigured(f"{name}={text!r}: expected a whole number from {minimum} to {maximum}.")
    return int(text)


def checked_lists(environ: Mapping[str, str], name: str, *, choices: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return lists by name, written as "USD=card,alipay JPY=card"; raise ImproperlyConfigured for anything else."""
    lists = {}
    for entry in environ.get(name, "").split():
        key, equals, values = entry.partition("=")
        chosen = tuple(values.split(","))
        if not key or not equals or not set(chosen) <= set(choices):
            raise ImproperlyConfigured(f"{name}: {entry!r}: expected such as USD=card, of {', '.join(choices)}.")
        lists[key] = chosen
    return lists


def checked_networks(environ: Mapping[str, str], name: str, *, default: str) -> list[IPv4Network | IPv6Network]:
    """Return networks, written as "10.0.0.0/8 ::1/128"; raise ImproperlyConfigured for anything else."""
    try:
        return [ip_network(entry) for entry in environ.get(name, default).split()]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}: expected such as 10.0.0.0/8.") from error


def checked_amounts(environ: Mapping[str, str], name: str, *, default: str) -> dict[str, Money]:
    """Return amounts by currency, written as "USD=100 JPY=15000"; raise ImproperlyConfigured for anything else."""
    amounts = {}
    for entry in environ.get(name, default).split():
        currency, _equals, amount = entry.partition("=")
        try:
            amounts[currency] = Money.parse(amount, currency)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name}: {entry!r}: expected such as USD=100.") from error
    return amounts


def secret(environ: Mapping[str, str], name: str, *, kept_in: Path | None, required: bool = True) -> str:
    """Return a secret: the variable, the file named by `<name>_FILE`, or one made once and kept in `kept_in`.

    `kept_in` is given for the embedded installation only; without it a missing secret raises ImproperlyConfigured,
    or is empty if it isn't required.
    """
    if environ.get(name):
        return environ[name]
    if file_name := environ.get(f"{name}_FILE"):
        try:
            return Path(file_name).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE={file_name!r} cannot be read: {error.strerror}.") from error
    if kept_in is None:
        if not required:
            return ""
        raise ImproperlyConfigured(f"{name} (or {name}_FILE) must be set.")
    return _kept_secret(kept_in / name.lower())


def socket_path(data_dir: Path, name: str) -> Path:
    """Return where a unix socket goes: into `data_dir`, or a directory of its own where that is too long."""
    path = data_dir / name
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    return Path(tempfile.gettempdir()) / f"portal-{sha256(os.fsencode(data_dir)).hexdigest()[:16]}" / name


def _kept_secret(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(f"k1:{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}", encoding="ascii")
        # A link appears whole or not at all: of several processes starting at once, one makes the secret.
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    return path.read_text(encoding="ascii")
