"""Remembering in the database, for as long as Redis is away, what people could take advantage of if it were forgotten.

How often somebody tried or a program asked, and which one-time code was used. Names are kept as keyed hashes: they tell of addresses.
"""

from datetime import datetime, timedelta
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import HeldValue
from portal.lib.crypto import lookup_hash

LONGEST = timedelta(days=1)


class HeldValues(BaseCache):
    """A cache of small values that JSON can hold; `portal.lib.cache` turns to it while Redis does not answer."""

    def __init__(self, _location: str, params: dict[str, Any]) -> None:
        super().__init__(params)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        held = self._standing(key, version).first()
        return default if held is None else held.value

    def add(
        self, key: Any, value: Any, timeout: float | object | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        """Hold a value unless there is one; of many at once, one is told that it was first.

        Not by `get_or_create`: who was first may have let go again before it looks for their row.
        """
        name, now = self._name(key, version), timezone.now()
        same = HeldValue.objects.filter(name=name)
        same.filter(ends_at__lte=now).delete()
        if same.exists():
            return False
        try:
            with transaction.atomic():
                HeldValue.objects.create(name=name, value=value, ends_at=self._end(timeout, now=now))
        except IntegrityError:
            return False
        return True

    def set(
        self, key: Any, value: Any, timeout: float | object | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        defaults = {"value": value, "ends_at": self._end(timeout, now=timezone.now())}
        HeldValue.objects.update_or_create(name=self._name(key, version), defaults=defaults)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Count on, and let others who count the same wait for it; raises ValueError where nothing was counted yet."""
        with transaction.atomic():
            held = self._standing(key, version).select_for_update().first()
            if held is None:
                raise ValueError(f"Key {key!r} not found")
            held.value += delta
            held.save(update_fields=["value"])
        counted: int = held.value
        return counted

    def touch(self, key: Any, timeout: float | object | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        now = timezone.now()
        held = HeldValue.objects.filter(name=self._name(key, version), ends_at__gt=now)
        return held.update(ends_at=self._end(timeout, now=now)) == 1

    def delete(self, key: Any, version: int | None = None) -> bool:
        return HeldValue.objects.filter(name=self._name(key, version)).delete()[0] == 1

    def _standing(self, key: Any, version: int | None) -> QuerySet[HeldValue]:
        return HeldValue.objects.filter(name=self._name(key, version), ends_at__gt=timezone.now())

    def _name(self, key: Any, version: int | None) -> str:
        return lookup_hash(self.make_key(key, version=version), purpose="held while the cache is away")

    def _end(self, timeout: Any, *, now: datetime) -> datetime:
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return now + (LONGEST if seconds is None else min(timedelta(seconds=seconds), LONGEST))
