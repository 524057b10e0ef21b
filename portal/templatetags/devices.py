"""What a subscriber calls the thing they signed in with."""

from django import template
from django.utils.translation import gettext

from accounts.session_views import handle

register = template.Library()

# The first match wins: every browser names the ones it descends from.
BROWSERS = (
    ("MicroMessenger", "WeChat"),
    ("Line/", "LINE"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("FxiOS", "Firefox"),
    ("Firefox", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


register.filter("session_handle", handle)


@register.filter
def device_name(user_agent: str) -> str:
    """Say "Safari on iPhone" for a User-Agent header, as far as it tells."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    if browser and system:
        return gettext("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or gettext("Unknown device")
