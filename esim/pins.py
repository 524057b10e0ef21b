"""Card PINs: kept as a slow hash under the installation's key, so that neither alone tells one.

A PIN has four to eight digits. Whoever had only the table and a hash, however slow, would find every one by trying.
"""

import re
import secrets
from datetime import datetime

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from esim.models import SimCard

PIN = re.compile(r"[0-9]{4,8}", re.ASCII)
NEW_PIN_DIGITS = 8
# A sheet of thousands is hashed while staff wait. The key is what protects; this slows down whoever stole it as well.
ITERATIONS = 10_000
HASHER = PBKDF2PasswordHasher()


def is_pin(text: str) -> bool:
    return PIN.fullmatch(text) is not None


def new_pin() -> str:
    return f"{secrets.randbelow(10**NEW_PIN_DIGITS):0{NEW_PIN_DIGITS}}"


def set_pin(card: SimCard, *, pin: str, now: datetime) -> None:
    """Let this PIN bind the card once, and no older one; the caller saves the row."""
    card.pin_hash = HASHER.encode(pin, HASHER.salt(), iterations=ITERATIONS)
    card.pin_issued_at = now
    card.pin_used_at = None


def matches(card: SimCard | None, pin: str) -> bool:
    """Tell whether the PIN is the card's; takes as long where there is no card, or none with a PIN."""
    kept = card.pin_hash if card is not None else ""
    same = HASHER.verify(pin, kept or _nobodys())
    return same and bool(kept)


def _nobodys() -> str:
    return f"{HASHER.algorithm}${ITERATIONS}$nobody${'0' * 44}"
