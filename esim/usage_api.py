"""POST /api/v1/usage/: the door for systems that send usage records.

A stream is read as it comes, a batch at a time; what was taken before it broke off stays, and sending all of it again
counts nothing twice.
"""

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from allauth.core import ratelimit
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from accounts import api_tokens
from accounts.models import ApiToken
from esim.intake import Counts, batches, take_in_batch
from esim.intake_checks import RawRecord
from esim.intake_formats import (
    BrokenOff,
    TooMuch,
    Unreadable,
    from_json,
    from_ndjson,
    gunzipped,
    limited,
    lines,
    pieces,
)
from portal.lib.bodies import UnreadableBody, reader_of
from portal.lib.problems import Problem, answer

logger = logging.getLogger(__name__)

LARGEST_DOCUMENT_BYTES = 8 * 1024 * 1024
LARGEST_STREAM_BYTES = 128 * 1024 * 1024
MOST_IN_A_DOCUMENT = 10_000
MOST_IN_A_STREAM = 200_000
STREAMS = {"application/x-ndjson", "application/ndjson"}
RETRY = {"Retry-After": "60"}


@csrf_exempt
def usage(request: HttpRequest) -> HttpResponse:
    """Take records in, and answer what became of them."""
    if request.method != "POST":
        return answer(Problem(HTTPStatus.METHOD_NOT_ALLOWED, "Records are sent by POST.", headers={"Allow": "POST"}))
    try:
        token = _token(request)
        counts = _take(_records(request), source=token.source)
    except Problem as problem:
        return answer(problem)
    except DatabaseError:
        logger.exception("Usage records could not be written")
        return answer(Problem(HTTPStatus.SERVICE_UNAVAILABLE, "Not now. Send everything again later.", headers=RETRY))
    return JsonResponse(_told(counts))


def _token(request: HttpRequest) -> ApiToken:
    try:
        token = api_tokens.bearer(
            request.headers.get("Authorization", ""), scope=api_tokens.USAGE_WRITE, now=timezone.now()
        )
    except api_tokens.TokenRefused:
        if not ratelimit.consume(request, action="api_unknown"):
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "Too many tries.", headers=RETRY) from None
        headers = {"WWW-Authenticate": 'Bearer realm="usage"'}
        detail = "Send a token that is valid: Authorization: Bearer …"
        raise Problem(HTTPStatus.UNAUTHORIZED, detail, headers=headers) from None
    except api_tokens.TokenShut as shut:
        _count(request, shut.token)
        raise Problem(HTTPStatus.FORBIDDEN, "This token may not send usage records.") from None
    if not token.source:
        raise Problem(HTTPStatus.FORBIDDEN, "This token names no source, so its records could not be told apart.")
    _count(request, token)
    return token


def _count(request: HttpRequest, token: ApiToken) -> None:
    """Count a request of a token, whatever comes of it; raises Problem where it was one too many."""
    if not ratelimit.consume(request, action="usage_api", key=token.public_id):
        raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests. Send more records in each.", headers=RETRY)


def _records(request: HttpRequest) -> Iterable[RawRecord]:
    """Return the records of the body, read as they are asked for."""
    chunks = pieces(reader_of(request))
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "gzip":
        chunks = gunzipped(chunks)
    elif encoding != "identity":
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send the body plain or with Content-Encoding: gzip.")
    if request.content_type in STREAMS:
        return from_ndjson(lines(limited(chunks, most=LARGEST_STREAM_BYTES)))
    if request.content_type == "application/json":
        return _document(chunks)
    raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send application/json or application/x-ndjson.")


def _document(chunks: Iterable[bytes]) -> Iterable[RawRecord]:
    yield from from_json(b"".join(limited(chunks, most=LARGEST_DOCUMENT_BYTES)), most=MOST_IN_A_DOCUMENT)


def _take(records: Iterable[RawRecord], *, source: str) -> Counts:
    """Write down batch by batch; a Problem on the way says what became of the records before it."""
    counts = Counts()
    try:
        for batch in batches(records):
            if counts.read + len(batch) > MOST_IN_A_STREAM:
                raise TooMuch  # noqa: TRY301 - the same as too many bytes
            counts += take_in_batch(batch, source=source, first=counts.read + 1, now=timezone.now())
    except TooMuch:
        detail = "That is more than is taken at a time. What was taken stays; send the rest in further requests."
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, **_told(counts)) from None
    except (BrokenOff, UnreadableBody):
        detail = "The body ends in the middle. What was taken stays; send everything again."
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, **_told(counts)) from None
    except Unreadable as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), **_told(counts)) from None
    return counts


def _told(counts: Counts) -> dict[str, Any]:
    problems = [
        {"position": one.position, "record_id": one.record_id, "reason": one.reason.value, "detail": one.reason.label}
        for one in counts.problems
    ]
    return {
        "new": counts.new,
        "repeated": counts.repeated,
        "put_aside": counts.put_aside,
        "problems": problems,
        "more_problems": counts.put_aside - len(problems),
    }
