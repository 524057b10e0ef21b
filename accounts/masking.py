"""Addresses and numbers for those who know them: enough to recognise one, too little to learn it."""

SHOWN_DIGITS = 4


def masked_address(email: str) -> str:
    """Return as much of an address as tells its owner that it is theirs."""
    name, _, host = email.partition("@")
    return f"{name[:1]}•••@{host}"


def masked_number(phone: str) -> str:
    """Return as much of a number as tells its owner that it is theirs."""
    return f"•••{phone[-SHOWN_DIGITS:]}"
