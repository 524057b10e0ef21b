"""`Idempotency-Key`: asking again is answered as before, and does nothing again."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from django.http import HttpResponse
from django.utils import timezone
from ninja import Header
from ninja.responses import NinjaJSONEncoder
from pydantic import BaseModel

from accounts import api_calls
from accounts.api_calls import KeyReused, Told, UnderWay
from portal.api.door import ApiRequest
from portal.api.refusals import refused
from portal.lib.problems import Problem, answer

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,255}$",
        description="A name of your own for this request, such as a UUID. Ask again with the same one after a broken "
        "connection: within 24 hours you are answered as before.",
    ),
]


def once(request: ApiRequest, key: str, work: Callable[[], tuple[HTTPStatus, BaseModel]]) -> HttpResponse:
    """Do the work unless this very request was answered before; then answer the same again.

    A refusal is an answer as well. What failed half-way is left to whoever asks again.
    """
    fingerprint = api_calls.fingerprint(method=request.method or "", path=request.path, body=request.body)
    try:
        begun = api_calls.begin(token=request.token, key=key, fingerprint=fingerprint, now=timezone.now())
    except KeyReused:
        raise key_reused() from None
    except UnderWay:
        detail = "The same request is being worked on. Ask again in a moment."
        raise refused(HTTPStatus.CONFLICT, "under-way", detail, headers={"Retry-After": "1"}) from None
    if isinstance(begun, Told):
        return _answer(begun.status, begun.body, replayed=True)
    try:
        status, shape = work()
    except Problem as problem:
        api_calls.finish(begun, status=problem.status, body=json.loads(answer(problem).content))
        raise
    except Exception:
        api_calls.give_back(begun)
        raise
    body = json.loads(json.dumps(shape.model_dump(by_alias=True), cls=NinjaJSONEncoder))
    api_calls.finish(begun, status=status, body=body)
    return _answer(status, body, replayed=False)


def key_reused() -> Problem:
    detail = "This Idempotency-Key came with another request before. Take a new one."
    return refused(HTTPStatus.UNPROCESSABLE_ENTITY, "key-reused", detail)


def _answer(status: int, body: dict[str, object], *, replayed: bool) -> HttpResponse:
    is_refusal = status >= HTTPStatus.BAD_REQUEST
    response = HttpResponse(
        json.dumps(body),
        status=status,
        content_type="application/problem+json" if is_refusal else "application/json; charset=utf-8",
    )
    if status == HTTPStatus.CREATED and "href" in body:
        response.headers["Location"] = str(body["href"])
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response
