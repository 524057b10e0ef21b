"""Every refusal of the API as a problem that programs can read."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, RequestDataTooBig, SuspiciousOperation
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from pydantic.alias_generators import to_camel

from accounts.locks import AccountLocked
from portal.lib.problems import Problem, answer

logger = logging.getLogger(__name__)

KIND = "urn:esim-portal:problem:"


def refused(
    status: HTTPStatus, kind: str, detail: object, *, headers: dict[str, str] | None = None, **more: Any
) -> Problem:
    """Return a refusal of a kind that docs/api.md lists; `detail` is a sentence for people."""
    return Problem(status, str(detail), headers=headers, type=f"{KIND}{kind}", **more)


def refused_form(form: BaseForm, kind: str, *, named: Mapping[str, str] | None = None) -> Problem:
    """Return the refusal of what a form of the pages refuses; `errors` says it field by field.

    `named` says what we call a field where the form calls it something else.
    """
    names = {NON_FIELD_ERRORS: [], **{name: [to_camel(name)] for name in form.fields}}
    names |= {name: [ours] for name, ours in (named or {}).items()}
    errors = [
        {"location": ["body", *names[name]], "detail": str(sentence), "type": "refused"}
        for name, sentences in form.errors.items()
        for sentence in sentences
    ]
    return refused(HTTPStatus.CONFLICT, kind, errors[0]["detail"], errors=errors)


def not_found() -> Problem:
    return refused(HTTPStatus.NOT_FOUND, "not-found", "There is no such thing, or it is not yours.")


def register(api: NinjaAPI) -> None:
    """Have the API answer what its operations raise."""
    handlers: dict[type[Exception], Any] = {
        Problem: lambda _request, problem: answer(problem),
        ValidationError: _malformed,
        HttpError: _refused_by_ninja,
        Http404: lambda _request, _error: answer(not_found()),
        AccountLocked: _locked,
        SuspiciousOperation: _suspicious,
        Exception: _failed,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def no_such_address(_request: HttpRequest, **_kwargs: Any) -> HttpResponse:
    return answer(refused(HTTPStatus.NOT_FOUND, "not-found", "There is no such address. See /api/v1/docs."))


def _malformed(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    # What was sent is not repeated: it may be a secret in the wrong field.
    errors = [
        {"location": [str(part) for part in one["loc"]], "detail": one["msg"], "type": one["type"]}
        for one in error.errors
    ]
    detail = "The request is not as it should be; `errors` says where."
    return answer(refused(HTTPStatus.UNPROCESSABLE_ENTITY, "malformed", detail, errors=errors))


def _refused_by_ninja(_request: HttpRequest, error: HttpError) -> HttpResponse:
    return answer(refused(HTTPStatus(error.status_code), "unreadable", "The body is not JSON that can be read."))


def _locked(_request: HttpRequest, error: AccountLocked) -> HttpResponse:
    return answer(refused(HTTPStatus.FORBIDDEN, "account-locked", error.sentence))


def _suspicious(_request: HttpRequest, error: SuspiciousOperation) -> HttpResponse:
    too_big = isinstance(error, RequestDataTooBig)
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE if too_big else HTTPStatus.BAD_REQUEST
    return answer(refused(status, "unreadable", "The request is too large." if too_big else "That can't be read."))


def _failed(_request: HttpRequest, error: Exception) -> HttpResponse:
    logger.error("A request to the API failed", exc_info=error)
    detail = "Something went wrong here. Ask again with the same Idempotency-Key: nothing is done twice."
    return answer(refused(HTTPStatus.INTERNAL_SERVER_ERROR, "failed", detail))
