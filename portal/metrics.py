"""The page that monitoring reads; see docs/operations.md for what to alert on."""

import hmac
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, HttpResponseNotFound
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest

from accounts.forwarding import is_cut_short
from accounts.http import client_ip
from portal.metric_families import RowsCollector


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures counted from rows as they are now; whichever process answers says the same."""
    if not settings.METRICS_TOKEN and not settings.METRICS_NETWORKS:
        return HttpResponseNotFound("", content_type="text/plain")
    if not (_brings_the_token(request) or _is_near(request)):
        return HttpResponseForbidden("", content_type="text/plain")
    registry = CollectorRegistry()
    registry.register(RowsCollector(now=timezone.now()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _brings_the_token(request: HttpRequest) -> bool:
    scheme, _blank, token = request.headers.get("Authorization", "").partition(" ")
    expected = settings.METRICS_TOKEN.encode()
    return scheme.lower() == "bearer" and bool(expected) and hmac.compare_digest(token.strip().encode(), expected)


def _is_near(request: HttpRequest) -> bool:
    """Where proxies are miscounted, the address is that of a proxy, which stands near whoever asks."""
    address = None if is_cut_short(request) else client_ip(request)
    return address is not None and any(ip_address(address) in network for network in settings.METRICS_NETWORKS)
