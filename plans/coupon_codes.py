"""Making codes that nobody guesses."""

import secrets
from datetime import datetime

from plans.models import Coupon, CouponCode
from plans.models.coupons import code_key

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: without I, L, O and U, which are misread or spell words."""
LENGTH, GROUP = 16, 4
"""80 random bits, in groups that are read out one at a time."""


def random_code(prefix: str = "") -> str:
    letters = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    groups = [letters[start : start + GROUP] for start in range(0, LENGTH, GROUP)]
    return "-".join([prefix, *groups] if prefix else groups)


def make_codes(*, coupon: Coupon, count: int, prefix: str, batch: str, now: datetime) -> list[CouponCode]:
    """Make so many codes for one order each, all or none. `prefix` adds nothing to how hard they are to guess."""
    codes = (random_code(prefix) for _ in range(count))
    made = [
        CouponCode(coupon=coupon, code=code, key=code_key(code), batch=batch, max_uses=1, created_at=now)
        for code in codes
    ]
    return CouponCode.objects.bulk_create(made, batch_size=500)
