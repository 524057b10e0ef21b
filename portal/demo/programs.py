"""Programs of the demo: Ada's home server with a token nobody knows, and a system of the operator's that is not asked yet."""

from datetime import datetime, timedelta

from accounts import api_tokens, webhooks
from accounts.models import User, WebhookDelivery, WebhookEndpoint
from billing.models import Order
from billing.operator_events import order_fulfilled

HOME_SERVER = "Home server"
LASTS = timedelta(days=90)


def let_programs_in(*, owner: User, now: datetime) -> None:
    """Make a token whose secret is thrown away: to try the API, its owner makes another on the page."""
    if owner.api_tokens.exists():
        return
    scopes = [api_tokens.LINES_READ, api_tokens.USAGE_READ]
    api_tokens.make(name=HOME_SERVER, scopes=scopes, user=owner, expires_at=now + LASTS, actor=owner, ip=None, now=now)


def tell_a_system(*, now: datetime) -> None:
    """Show staff an endpoint, what it would be told, and how that went; it is off, and nothing leaves the demo."""
    if WebhookEndpoint.objects.exists():
        return
    endpoint = WebhookEndpoint.objects.create(
        name="Data warehouse",
        url="https://hooks.example.com/esim-portal",
        kinds=["order.fulfilled", "order.undeliverable", "charge.failed"],
        created_at=now,
    )
    webhooks.new_secret(endpoint, actor=None, ip=None, now=now)
    delivered = Order.objects.filter(state=Order.State.FULFILLED).select_related("line", "plan", "owner")
    webhooks.tell([order_fulfilled(order) for order in delivered.order_by("-pk")[:3]], now=now)
    WebhookDelivery.objects.filter(endpoint=endpoint).update(
        state=WebhookDelivery.State.DELIVERED,
        attempts=1,
        status=204,
        delivered_at=now,
        log=[{"at": now.isoformat(), "status": 204, "error": "", "ms": 48}],
    )
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(is_active=False)
