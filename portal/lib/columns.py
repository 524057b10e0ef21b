"""Which columns of a model are ours to write."""

from typing import Any

from django.db.models import Model


def written_fields(model: type[Model]) -> list[Any]:
    """Return the fields of a model with a column, but its id and what the database works out by itself."""
    fields = model._meta.concrete_fields  # noqa: SLF001 - the documented way to ask for fields
    return [field for field in fields if not field.primary_key and not field.generated]
