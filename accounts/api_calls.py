"""Answering a program that asks again under the same `Idempotency-Key` with what it was answered first.

Money does not hang on it: an order made by a program has a form key that follows from the same two things, so that
it is one order even where this row is gone.
"""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.models import ApiCall, ApiToken

LEASE = timedelta(minutes=1)
"""Longer than a request may take; then whoever asks again goes on with it."""
KEPT = timedelta(hours=24)
DELETED_AT_ONCE = 5000


class KeyReused(Exception):
    """The key came with another request before."""


class UnderWay(Exception):
    """The same request is being worked on."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was answered before."""

    status: int
    body: Any


def fingerprint(*, method: str, path: str, body: bytes) -> str:
    return hashlib.sha256(b"\n".join([method.encode(), path.encode(), body])).hexdigest()


def form_key(*, token: ApiToken, key: str) -> uuid.UUID:
    """Return what stands for the form that a page would have minted: the same key is the same form."""
    digest = hashlib.sha256(f"{token.public_id}\n{key}".encode()).digest()
    return uuid.UUID(bytes=digest[:16])


def begin(*, token: ApiToken, key: str, fingerprint: str, now: datetime) -> ApiCall | Told:
    """Write down that a request is being worked on, or return what it was answered.

    Raises KeyReused for another request under the key, and UnderWay while somebody works on this one.
    """
    call = ApiCall(token=token, key=key, fingerprint=fingerprint, lease_until=now + LEASE, created_at=now)
    try:
        with transaction.atomic():
            call.save(force_insert=True)
    except IntegrityError:
        return _again(ApiCall.objects.get(token=token, key=key), fingerprint=fingerprint, now=now)
    return call


def finish(call: ApiCall, *, status: int, body: Any) -> None:
    """Keep the answer, unless somebody took the request over meanwhile."""
    _ours(call).update(status=status, body=body)


def give_back(call: ApiCall) -> None:
    """Leave a request that failed to whoever asks again."""
    _ours(call).update(lease_until=F("created_at"))


def delete_old(*, now: datetime) -> int:
    """Forget what was asked long ago, and return how many were."""
    old = ApiCall.objects.made_before(now - KEPT).order_by("created_at").values_list("pk", flat=True)
    deleted = 0
    while ids := list(old[:DELETED_AT_ONCE]):
        deleted += ApiCall.objects.filter(pk__in=ids).delete()[0]
    return deleted


def _again(call: ApiCall, *, fingerprint: str, now: datetime) -> ApiCall | Told:
    if call.fingerprint != fingerprint:
        raise KeyReused
    if call.status is not None:
        return Told(call.status, call.body)
    left = ApiCall.objects.filter(pk=call.pk, status=None, attempts=call.attempts, lease_until__lte=now)
    if not left.update(attempts=F("attempts") + 1, lease_until=now + LEASE):
        raise UnderWay
    call.attempts += 1
    return call


def _ours(call: ApiCall) -> Any:
    return ApiCall.objects.filter(pk=call.pk, status=None, attempts=call.attempts)
