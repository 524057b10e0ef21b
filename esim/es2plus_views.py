"""The door for SM-DP+s: who calls is known from the TLS proxy, or from a secret in the path."""

import hmac
from http import HTTPStatus
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from esim import profile_news
from esim.carriers.es2plus_client import ADMIN_PROTOCOL
from esim.carriers.es2plus_settings import ES2PLUS
from esim.es2plus_notices import UnreadableNotice, read_notice
from portal.lib.bodies import BodyTooLarge, UnreadableBody, read_body

LARGEST_BODY_BYTES = 64 * 1024
DONE = {"header": {"functionExecutionStatus": {"status": "Executed-Success"}}}


@csrf_exempt
@require_POST
def handle_download_progress_info(request: HttpRequest, secret: str | None = None) -> HttpResponse:
    """Take what an SM-DP+ tells about a profile; the same again, and what is not ours, is answered alike."""
    if not (_came_by_proxy(request) if secret is None else _is_our_secret(secret)):
        return HttpResponse(status=HTTPStatus.NOT_FOUND if secret else HTTPStatus.FORBIDDEN)
    now = timezone.now()
    try:
        body = read_body(request, most=LARGEST_BODY_BYTES)
        news = read_notice(body, points=settings.ES2PLUS_NOTIFICATION_POINTS, now=now)
    except BodyTooLarge:
        return HttpResponse(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except (UnreadableBody, UnreadableNotice):
        return HttpResponse(status=HTTPStatus.BAD_REQUEST)
    profile_news.receive(carrier=ES2PLUS, news=news, now=now)
    return _taken()


def _taken() -> HttpResponse:
    """Say so as §5.3.5 does, without a body, or as some SM-DP+s want to hear it."""
    headers = {"X-Admin-Protocol": ADMIN_PROTOCOL}
    if settings.ES2PLUS_CALLBACK_ANSWER == "header":
        return JsonResponse(DONE, headers=headers)
    return HttpResponse(status=HTTPStatus.NO_CONTENT, headers=headers)


def _is_our_secret(given: str) -> bool:
    ours = settings.ES2PLUS_CALLBACK_SECRET
    return bool(ours) and hmac.compare_digest(given.encode(errors="replace"), ours.encode())


def _came_by_proxy(request: HttpRequest) -> bool:
    """Believe the header only from the proxy that sets it: anybody else may write what they like into it."""
    ours = settings.ES2PLUS_CALLBACK_IDENTITY
    shown = request.headers.get(settings.ES2PLUS_CALLBACK_HEADER, "")
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    is_proxy = any(address in network for network in settings.ES2PLUS_CALLBACK_PROXIES)
    return is_proxy and bool(ours) and hmac.compare_digest(shown.encode(errors="replace"), ours.encode())
