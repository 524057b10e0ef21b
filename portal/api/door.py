"""Who may come in, how often, and what every answer carries."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import Any

from allauth.core import ratelimit
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja.security import HttpBearer

from accounts import api_tokens
from accounts.http import client_ip
from accounts.models import ApiToken, User
from portal.api.refusals import refused
from portal.lib.problems import Problem, answer

WINDOW_SECONDS = 60
READS_A_WINDOW = 300
WRITES_A_WINDOW = 30
SAFE = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Turn:
    """Where a token stands in the present minute."""

    limit: int
    left: int
    seconds: int

    @property
    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(0, self.left)),
            "RateLimit-Reset": str(self.seconds),
        }


class ApiRequest(HttpRequest):
    """A request of a program that somebody lets act for them."""

    owner: User
    token: ApiToken
    turn: Turn


class Needs(HttpBearer):
    """Lets in whoever has a token of a subscriber that allows `scope`; empty: any token."""

    def __init__(self, scope: str = "") -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Any:
        # Ninja would answer a missing header by itself, and not as a problem.
        return self.authenticate(request, request.headers.get("Authorization", ""))

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken:
        found = _token_of(request, token, scope=self.scope)
        if found.user is None:
            raise refused(HTTPStatus.FORBIDDEN, "not-personal", "This token belongs to no subscriber.")
        request.token, request.owner = found, found.user  # type: ignore[attr-defined]
        # Days and times in sentences are those of the owner's clock; instants stay what they are.
        timezone.activate(found.user.zone)
        return found


def _token_of(request: HttpRequest, authorization: str, *, scope: str) -> ApiToken:
    try:
        token = api_tokens.bearer(authorization, scope=scope, now=timezone.now())
    except api_tokens.TokenRefused:
        if not _may_guess(request):
            raise _too_many(WINDOW_SECONDS) from None
        headers = {"WWW-Authenticate": 'Bearer realm="api"'}
        detail = "Send a token that is valid: Authorization: Bearer …"
        raise refused(HTTPStatus.UNAUTHORIZED, "token-refused", detail, headers=headers) from None
    except api_tokens.TokenShut as shut:
        _count(request, shut.token)
        raise _why_shut(shut, scope=scope) from None
    _count(request, token)
    return token


def _why_shut(shut: api_tokens.TokenShut, *, scope: str) -> Problem:
    if isinstance(shut, api_tokens.OwnerLocked):
        detail = "The account is locked. Its owner can unlock it in the account settings."
        return refused(HTTPStatus.FORBIDDEN, "account-locked", detail)
    return refused(HTTPStatus.FORBIDDEN, "scope-missing", f"This token is not for this: {scope}.")


def _count(request: HttpRequest, token: ApiToken) -> None:
    """Count a request of a token, whatever comes of it; raises Problem where it was one too many."""
    request.turn = turn = _take_turn(request, token)  # type: ignore[attr-defined]
    if turn.left < 0:
        raise _too_many(turn.seconds)


def _may_guess(request: HttpRequest) -> bool:
    """Count who comes without a token that is one; where nobody can tell from where, there is nothing to count."""
    return client_ip(request) is None or bool(ratelimit.consume(request, action="api_unknown"))


def _take_turn(request: HttpRequest, token: ApiToken) -> Turn:
    """Count a request in the present minute of its token; reading and changing are counted apart."""
    minute, second = divmod(int(timezone.now().timestamp()), WINDOW_SECONDS)
    what, limit = ("read", READS_A_WINDOW) if request.method in SAFE else ("write", WRITES_A_WINDOW)
    key = f"api:{what}:{token.public_id}:{minute}"
    cache.add(key, 0, timeout=2 * WINDOW_SECONDS)
    try:
        used = cache.incr(key)
    except ValueError:  # forgotten between the two
        used = 1
    return Turn(limit=limit, left=limit - used, seconds=WINDOW_SECONDS - second)


def _not_here(allowed: str) -> Problem:
    return refused(HTTPStatus.METHOD_NOT_ALLOWED, "method-not-allowed", "Not here.", headers={"Allow": allowed})


def _unknown(names: set[str]) -> Problem:
    errors = [{"location": ["query", name], "detail": "Not known here.", "type": "unknown"} for name in sorted(names)]
    detail = "The request is not as it should be; `errors` says where."
    return refused(HTTPStatus.UNPROCESSABLE_ENTITY, "malformed", detail, errors=errors)


def _too_many(seconds: int) -> Problem:
    return refused(
        HTTPStatus.TOO_MANY_REQUESTS, "too-many-requests", "Too many requests.", headers={"Retry-After": str(seconds)}
    )


View = Callable[..., HttpResponse]


def for_programs(view: View, *, names: Callable[[HttpRequest], set[str]]) -> View:
    """Have a view of the API answer as programs expect: limits told, nothing kept, and refusals as problems.

    `names` says what may be asked for behind the question mark: a misspelt wish is not taken for none.
    """

    @wraps(view)
    def answering(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        asked = request.method
        # What may be read may be asked for without its body; whoever serves us leaves that away.
        request.method = "GET" if asked == "HEAD" else asked
        with timezone.override(None):  # undoes what the door sets
            response = view(request, *args, **kwargs)
        if response.status_code < HTTPStatus.BAD_REQUEST and (unknown := set(request.GET) - names(request)):
            response = answer(_unknown(unknown)) if request.method in SAFE else response
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            response = answer(_not_here(response.headers.get("Allow", "")))
        request.method = asked
        turn: Turn | None = getattr(request, "turn", None)
        for name, value in (turn.headers if turn else {}).items():
            response.headers[name] = value
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    # Where Django looks for it is the function itself.
    answering.csrf_exempt = True  # type: ignore[attr-defined]
    return answering
