"""What runs here."""

import platform
import tomllib
from functools import cache

import django
from django.conf import settings


@cache
def build_facts() -> dict[str, str]:
    """Return the version of the portal, what the operator calls this build, and what it runs on."""
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {
        "version": project["version"],
        "build": settings.PORTAL_BUILD,
        "python": platform.python_version(),
        "django": django.get_version(),
    }
