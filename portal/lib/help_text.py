"""What articles leave open, because the operator decides it."""

import re

from django.conf import settings

NAMES = re.compile(r"\{(brand|support_email|promise_minutes|refund_days)\}")


def filled_in(text: str) -> str:
    """Put in the operator's name and figures; braces with other words stay as they are."""
    values = {
        "brand": settings.PORTAL_BRAND_NAME,
        "support_email": settings.PORTAL_SUPPORT_EMAIL,
        "promise_minutes": str(int(settings.PORTAL_PROMISE.total_seconds() // 60)),
        "refund_days": str(settings.PORTAL_REFUND_WINDOW.days),
    }
    return NAMES.sub(lambda found: values[found[1]], text)
