"""Codes by which SIM cards are picked up: 50 random bits that people read out to one another."""

import secrets

from portal.lib.crypto import lookup_hash
from portal.lib.public_ids import ALPHABET

LENGTH = 10
PURPOSE = "picking up a SIM card"
MISREAD = str.maketrans("oil", "011")


def new_code() -> str:
    """Return 50 random bits in two groups, in letters that are not mistaken for one another."""
    letters = "".join(secrets.choice(ALPHABET) for _place in range(LENGTH)).upper()
    return f"{letters[: LENGTH // 2]}-{letters[LENGTH // 2 :]}"


def hash_of(code: str) -> str:
    """Return what a code is found by, however it was typed."""
    plain = "".join(letter for letter in code.lower().translate(MISREAD) if letter in ALPHABET)
    return lookup_hash(plain, purpose=PURPOSE)
