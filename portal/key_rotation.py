"""Bringing every secret at rest under the ring's first key, so that an old key can be dropped.

Rows that are under it already are not touched: interrupted, it goes on where it was.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.conf import settings
from django.db import models, transaction

from accounts.second_factors import context_of
from portal.lib.crypto import VERSION, DecryptionFailed, Key, Sealed, rotate

AUTHENTICATOR_SECRETS = ("secret", "seed", "migrated_codes")


@dataclass(slots=True)
class Report:
    """What was done to one kind of secret, and which rows could not be read."""

    label: str
    rotated: int = 0
    unreadable: list[int] = field(default_factory=list)


def rotate_everything(*, batch: int = 500) -> list[Report]:
    """Re-encrypt what is not under the first key yet; safe to run beside the portal, and again."""
    reports = [rotate_column(model, sealed, batch=batch) for model, sealed in sealed_attributes()]
    return [*reports, rotate_authenticators()]


def sealed_attributes() -> list[tuple[type[models.Model], Sealed]]:
    """Return every encrypted attribute of every model."""
    return [
        (model, attribute)
        for model in apps.get_models()
        for attribute in vars(model).values()
        if isinstance(attribute, Sealed)
    ]


def rotate_column(model: type[models.Model], sealed: Sealed, *, batch: int) -> Report:
    report = Report(f"{model._meta.label}.{sealed.name}")  # noqa: SLF001 - Django's public API for models
    for row in _rows_under_old_keys(model, sealed.column, batch):
        token = getattr(row, sealed.column)
        try:
            fresh = rotate(token, sealed.context(row))
        except DecryptionFailed:
            report.unreadable.append(row.pk)
            continue
        # A value written meanwhile is under the first key by itself, and is newer than ours.
        unchanged = model._default_manager.filter(pk=row.pk, **{sealed.column: token})  # noqa: SLF001
        report.rotated += unchanged.update(**{sealed.column: fresh})
    return report


def rotate_authenticators() -> Report:
    """Re-encrypt TOTP seeds and recovery codes, which allauth keeps inside JSON."""
    report = Report("mfa.Authenticator")
    for pk in Authenticator.objects.order_by("pk").values_list("pk", flat=True):
        try:
            report.rotated += _rotate_authenticator(pk)
        except DecryptionFailed:
            report.unreadable.append(pk)
    return report


@transaction.atomic
def _rotate_authenticator(pk: int) -> bool:
    row = Authenticator.objects.select_for_update(of=["self"]).select_related("user").filter(pk=pk).first()
    if row is None:
        return False
    old = {name: row.data[name] for name in AUTHENTICATOR_SECRETS if name in row.data}
    fresh = {name: _rotated(value, context_of(row.user)) for name, value in old.items()}
    if fresh == old:
        return False
    row.data = {**row.data, **fresh}
    row.save(update_fields=["data"])
    return True


def _rotated(value: str | list[str], context: str) -> str | list[str]:
    return [rotate(token, context) for token in value] if isinstance(value, list) else rotate(value, context)


def _rows_under_old_keys(model: type[models.Model], column: str, batch: int) -> Iterator[models.Model]:
    current = f"{VERSION}.{_first_key()}."
    old = model._default_manager.exclude(**{column: ""}).exclude(**{f"{column}__startswith": current})  # noqa: SLF001
    last = 0
    while rows := list(old.filter(pk__gt=last).only("pk", "public_id", column).order_by("pk")[:batch]):
        yield from rows
        last = rows[-1].pk


def _first_key() -> str:
    return Key.parse(settings.PORTAL_ENCRYPTION_KEYS[0]).id
