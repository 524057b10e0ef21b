"""How Unfold presents the staff site."""

from typing import Any

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Portal",
    "SITE_HEADER": "Portal",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": True,
}
