"""The door for gateways: verify, store, answer. What a notice means is worked out later, in `gateway_events`."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing import gateways
from billing.gateways.base import BadSignature
from billing.models import GatewayEvent

LARGEST_BODY_BYTES = 256 * 1024


@csrf_exempt
@require_POST
def receive(request: HttpRequest, gateway: str) -> HttpResponse:
    """Store a verified notice once and say so; the same notice again is answered the same way."""
    now = timezone.now()
    if _announced_bytes(request) > LARGEST_BODY_BYTES:
        return HttpResponse(status=413)
    try:
        notice = gateways.named(gateway).read_event(body=request.body, headers=request.headers, now=now)
    except gateways.UnknownGateway:
        return HttpResponse(status=404)
    except BadSignature:
        return HttpResponse(status=400)
    GatewayEvent.objects.insert_once(
        gateway=gateway,
        event_id=notice.event_id,
        kind=notice.kind,
        about=notice.about,
        payment_id=notice.payment_id,
        payload=notice.payload,
        now=now,
    )
    return HttpResponse(status=202)


def _announced_bytes(request: HttpRequest) -> int:
    # Django reads no further than this header says, so looking at it before reading is enough.
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isascii() and length.isdigit() else 0
