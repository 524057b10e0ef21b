"""What a letter's HTML makes more of than its text: see docs/letters.md."""

import re
from typing import Any

from django import template
from django.conf import settings
from django.template import Context
from django.template.defaultfilters import stringfilter
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from portal.lib import letter_marks

register = template.Library()

CHINESE_DATE = re.compile(r"(?:\d{4}年)?\d{1,2}月\d{1,2}日")


@register.simple_tag(takes_context=True)
def named_link(context: Context, label: object, route: str, *arguments: Any) -> str:
    """Write "label: address"."""
    address = f"{context['base_url']}{reverse(route, args=arguments)}"
    return gettext("%(label)s: %(value)s") % {"label": label, "value": address}


@register.simple_tag(takes_context=True)
def button(context: Context, label: object, route: str, *arguments: Any) -> str:
    """Write "label: address", which the HTML shows as the letter's button."""
    return named_link(context, label, route, *arguments) + letter_marks.deed("")


@register.filter(is_safe=True)
@stringfilter
def whole_dates(text: str) -> SafeString:
    """Escape a text and keep a Chinese date on one line; old mail programs draw a word joiner as a box."""
    return mark_safe(CHINESE_DATE.sub(r'<span style="white-space:nowrap">\g<0></span>', escape(text)))  # noqa: S308 - escaped


@register.filter
def ours(address: str) -> str:
    """Have an address that came with the letter's values shown as a link, where it leads to the portal."""
    return letter_marks.link(address) if address.startswith(f"{settings.PORTAL_BASE_URL}/") else address


@register.simple_tag
def deed(label: object = "") -> str:
    """Have the link before it shown as the letter's button, called so, or by the words that lead to it."""
    return letter_marks.deed(str(label))


@register.simple_tag
def figure(label: object, value: object) -> str:
    """Show a value with its label above the text, the first of them large; the text itself names it in a sentence."""
    return letter_marks.figure(str(label), str(value)) if value else ""
