"""Names of plans that were copied as plain values, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils import translation

register = template.Library()


@register.filter
def plan_label(terms: Mapping[str, Any] | None) -> str:
    """Return the name in the active language; English where no translation was entered."""
    if not terms:
        return ""
    suffix = {"zh-hans": "_zh_hans", "zh-hant": "_zh_hant"}.get(translation.get_language() or "", "")
    return str(terms.get(f"name{suffix}") or terms.get("name", ""))
