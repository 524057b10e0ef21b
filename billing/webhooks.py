"""The door for gateways: verify, store, answer. What a notice means is worked out later, in `gateway_events`."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing import gateway_events, gateways
from billing.gateways.base import BadSignature

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
        body = _read_body(request)
        if len(body) > LARGEST_BODY_BYTES:
            return HttpResponse(status=413)
        notice = sender.read_event(body=body, headers=request.headers, now=now)
    except BadSignature:
        return HttpResponse(status=400)
    gateway_events.store(gateway_name=gateway, notice=notice, by_webhook=True, now=now)
    return HttpResponse(status=202)


def _read_body(request: HttpRequest) -> bytes:
    """Read one byte more than is allowed at most, whatever length the sender announced.

    Raises BadSignature for a body that breaks off.
    """
    # Django takes a body sent in chunks for an empty one; where the server says that it ends, it can be read.
    in_chunks = not request.META.get("CONTENT_LENGTH") and request.META.get("wsgi.input_terminated")
    source = request.META["wsgi.input"] if in_chunks else request
    try:
        body: bytes = source.read(LARGEST_BODY_BYTES + 1)
    except Exception as error:  # every server has its own word for chunks that are none
        raise BadSignature("The body could not be read.") from error
    return body
