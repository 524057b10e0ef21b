"""Whole pages kept as HTML: what drawing them again would cost most, minus what belongs to one request.

A page is drawn with a mark where the CSRF token goes, kept, and given each request's own token on the way out.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string

CSRF_MARK = "csrf-token-of-this-request"

# A third of a page. No page that is kept has preformatted text, where it would count.
INDENTATION = re.compile(r"\n\s+")


def may_be_kept(request: HttpRequest) -> bool:
    """Tell whether the page is not for this request only: a message is shown once."""
    return not get_messages(request)


def key_of(prefix: str, *told_apart: object) -> str:
    """Name a page by everything that it depends on."""
    return f"{prefix}:{sha256(repr(told_apart).encode()).hexdigest()}"


def draw(request: HttpRequest, template: str, context: Mapping[str, Any]) -> bytes:
    """Return the page as it may be kept; `for_request` makes it one that may be sent."""
    page = render_to_string(template, {**context, "csrf_token": CSRF_MARK}, request)
    return INDENTATION.sub("\n", page).encode()


def for_request(request: HttpRequest, page: bytes) -> bytes:
    return page.replace(CSRF_MARK.encode(), get_token(request).encode())
