"""One indexed query and a template; and a webhook that verifies, stores and does nothing else."""

import hmac
import json
from hashlib import sha256

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from tests.benchmarks.plain.models import Plan

INSERT = (
    "INSERT INTO billing_gatewayevent (gateway, event_id, kind, about, payment_id, payload, state, attempts, error,"
    " by_webhook, received_at, due_at) VALUES ('plain', %s, %s, 'payment', '', %s, 'received', 0, '', true, %s, %s)"
    " ON CONFLICT DO NOTHING"
)


def plan(request: HttpRequest, public_id: str) -> HttpResponse:
    return render(request, "plan.html", {"plan": get_object_or_404(Plan, public_id=public_id)})


@csrf_exempt
def event(request: HttpRequest) -> HttpResponse:
    expected = hmac.new(settings.SECRET_KEY.encode(), request.body, sha256).hexdigest()
    if not hmac.compare_digest(expected, request.headers["Signature"]):
        return HttpResponse(status=400)
    notice, now = json.loads(request.body), timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [notice["id"], notice["kind"], request.body.decode(), now, now])
    return HttpResponse(status=202)
