"""Refusals that programs read: application/problem+json (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from django.http import JsonResponse


class Problem(Exception):
    """A refusal; `detail` is a sentence for whoever reads the sender's log, `more` are members besides."""

    def __init__(self, status: HTTPStatus, detail: str, *, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.more = more


def answer(problem: Problem) -> JsonResponse:
    body = {"title": problem.status.phrase, "status": problem.status, "detail": problem.detail, **problem.more}
    return JsonResponse(body, status=problem.status, content_type="application/problem+json", headers=problem.headers)
