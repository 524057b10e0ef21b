"""The door for what carriers post to us: verify, count, answer."""

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from esim import carrier_news
from esim.carriers import esimgo_callbacks
from esim.carriers.esimgo_callbacks import Unreadable
from esim.carriers.esimgo_settings import ESIMGO
from portal.lib.bodies import BodyTooLarge, UnreadableBody, read_body
from portal.lib.http import BadSignature

logger = logging.getLogger(__name__)

LARGEST_BODY_BYTES = 64 * 1024


@csrf_exempt
@require_POST
def esimgo(request: HttpRequest) -> HttpResponse:
    """Take in a callback of eSIM Go; what is signed is answered with 200, or it would come again and again."""
    if settings.CARRIER != ESIMGO:
        return HttpResponse(status=404)
    try:
        body = read_body(request, most=LARGEST_BODY_BYTES)
        callback = esimgo_callbacks.read(body=body, headers=request.headers, key=settings.ESIMGO_API_KEY)
    except BodyTooLarge:
        return HttpResponse(status=413)
    except (UnreadableBody, BadSignature):
        return HttpResponse(status=400)
    except Unreadable as error:
        logger.warning("A callback of eSIM Go was left out: %s", error)
        return HttpResponse()
    carrier_news.take_in(callback, now=timezone.now())
    return HttpResponse()
