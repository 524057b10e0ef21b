"""Taking secrets out of text that is about to be kept where many can read it.

The last line of defence: code does not log secrets. Patterns err on the side of hiding too much.
"""

import re

HIDDEN = "[hidden]"

_NAMES = (
    r"pass(?:word|wd|phrase)\w*|secret\w*|\w*token|csrf\w*|(?:set-)?cookie|(?:__host-)?session(?:id|_key)?|api_?key"
    r"|authorization|x-api-key|signature|activation_code|matching_id|pin|puk\d?|cvc2?|cvv2?|otp|one_time_code|seed"
)
_VALUE = r"\\*\"[^\"]*\"|\\*'[^']*'|(?:bearer|basic|token)\s+\S+|[^\s,;&}\])]+"

_NAMED = re.compile(rf"(?i)(?<![a-z])((?:{_NAMES})\\*[\"']?\s*(?:[=:]|=>)\s*)(?:{_VALUE})")
_WHOLE = re.compile(
    r"(?i:LPA:)?\b1\$[^\s$\"']+\$[^\s\"',)\]}]*"  # an activation code, as a QR code has it
    r"|(?i:\b(?:bearer|basic))\s+[A-Za-z0-9+/=._~-]{8,}"
    r"|\b(?:sk|rk|pk)_(?:live|test)_\w+|\bwhsec_\w+|\b\w+_secret_\w+"  # Stripe's keys and client secrets
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]*"  # a JSON web token
    r"|\b[\w-]{8,}:[\w-]{5,}:[\w-]{27,}"  # what django.core.signing signed
    r"|\b(?=[a-z0-9]*[g-z])(?=[a-z0-9]*\d)[a-z0-9]{32}\b"  # a session's key; request ids are hexadecimal
    r"|\b(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{32,}"  # any other long random word
    r"|(?<=/webhooks/es2plus/)(?!gsma/)[^\s/]+"  # the path by which an SM-DP+ is known
    r"|(?<=/password/reset/key/)[^\s/]+"  # the key to a new password
    # Links that are keys: to pay, to answer before a renewal, to share or take a line, to a calendar, about an address.
    r"|(?:(?<=/pay/)|(?<=/renewals/)|(?<=/join/)|(?<=/take/)|(?<=/calendar/)|(?<=/address/prove/)|(?<=/address/stop/))"
    r"[^\s/\"'\\]{16,}"
    r"|(?<=://)[^\s/@:]+:[^\s/@]+(?=@)"  # name and password in an address
)
_CODE_FIRST = re.compile(r"(?i)\b\d{4,8}(?=[^\d\n]{1,30}\bcode\b)")
_CODE = re.compile(r"(?i)(\bcode\b[^\d\n]{0,20}|\bcodes?=|验证码\D{0,8}|驗證碼\D{0,8}|一次性代码\D{0,8})\d{4,8}\b")
_CARD = re.compile(r"(?<![\w.])[2-6](?:[ -]?\d){12,18}(?![\w.])")
# A card number: its last digits are enough to find it.
_ICCID = re.compile(r"(?<!\d)89\d{13,14}(\d{4})[Ff]?(?!\d)")


def redacted(text: str) -> str:
    """Return the text without tokens, passwords, codes, numbers of bank and SIM cards, and keys of sessions."""
    text = _NAMED.sub(rf"\1{HIDDEN}", text)
    text = _WHOLE.sub(HIDDEN, text)
    text = _CODE_FIRST.sub(HIDDEN, _CODE.sub(rf"\1{HIDDEN}", text))
    text = _ICCID.sub(r"…\1", text)
    return _CARD.sub(lambda found: HIDDEN if _is_card_number(found[0]) else found[0], text)


def _is_card_number(text: str) -> bool:
    """Check the last digit as ISO/IEC 7812 says, so that other long numbers stay readable."""
    digits = [int(digit) for digit in reversed(text) if digit.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
