"""Addresses of the staff site's lists with some rows picked out."""

from typing import Any

from django.db.models import Model
from django.urls import reverse


def listed(model: type[Model], filters: dict[str, Any]) -> str:
    """Return the address of the admin's list with the same filters; a list of values is one of them."""
    meta = model._meta  # noqa: SLF001
    query = {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in filters.items()}
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist", query=query)
