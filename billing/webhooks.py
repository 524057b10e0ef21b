"""The door for gateways: verify, store, answer. What a notice means is worked out later, in `gateway_events`."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing import gateway_events, gateways
from billing.gateways.base import BadSignature
from portal.lib.bodies import BodyTooLarge, UnreadableBody, read_body

LARGEST_BODY_BYTES = 256 * 1024


@csrf_exempt
@require_POST
def receive(request: HttpRequest, gateway: str) -> HttpResponse:
    """Store a verified notice once and say so; the same notice again is answered the same way."""
    now = timezone.now()
    sender = gateways.by_name().get(gateway)
    if sender is None:
        return HttpResponse(status=404)
    try:
        body = read_body(request, most=LARGEST_BODY_BYTES)
        notice = sender.read_event(body=body, headers=request.headers, now=now)
    except BodyTooLarge:
        return HttpResponse(status=413)
    except (BadSignature, UnreadableBody):
        return HttpResponse(status=400)
    gateway_events.store(gateway_name=gateway, notice=notice, by_webhook=True, now=now)
    return HttpResponse(status=202)
