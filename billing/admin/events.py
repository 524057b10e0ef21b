"""What gateways told us, and running it again."""

from functools import partial

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh
from unfold.forms import BaseDialogForm

from accounts.http import client_ip
from accounts.models import User
from accounts.staff_dialogs import dialog, offers
from billing import event_reruns
from billing.models import EventsCursor, GatewayEvent
from billing.tasks import apply_gateway_events, nudge
from portal.lib.staff import ReadOnlyAdmin, moment_column, state_column

EVENT_COLOURS = {"received": "info", "done": "success", "failed": "danger", "not_ours": "warning"}

received = moment_column("received_at", _("received"))
done = moment_column("done_at", _("done"))
due = moment_column("due_at", _("next try"))
read = moment_column("read_at", _("read"))
event_state = state_column("state", _("state"), GatewayEvent.State, EVENT_COLOURS)


@admin.register(GatewayEvent)
class GatewayEventAdmin(ReadOnlyAdmin):
    list_display = (received, "gateway", "kind", event_state, "payment_id", "attempts", "error", due, done)
    list_filter = ("state", "gateway", "about", "by_webhook", "kind", "received_at")
    search_fields = ("event_id", "payment_id")
    ordering = ("-id",)
    actions = ("run_again",)
    actions_detail = ("run_this_again",)

    def has_rerun_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Whoever may change events; on the page of one, where it is not done."""
        may_rerun = bool(request.user.has_perm("billing.change_gatewayevent"))
        if object_id is None:
            return may_rerun
        undone = GatewayEvent.objects.filter(pk=object_id).exclude(state=GatewayEvent.State.DONE)
        return may_rerun and offers(request, undone)

    @admin.action(description=_("Run again"), permissions=["rerun"])
    def run_again(self, request: HttpRequest, queryset: QuerySet[GatewayEvent]) -> None:
        self._run_again(request, queryset)

    @dialog(
        _("Run again"),
        permission="rerun",
        path="run-again",
        icon="replay",
        title=_("Run this event again?"),
        description=_("What it is about is looked up at the gateway. What is recorded already stays as it is."),
    )
    def run_this_again(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:  # noqa: ARG002
        self._run_again(request, GatewayEvent.objects.filter(pk=object_id))
        return HttpResponseClientRefresh()

    def _run_again(self, request: HttpRequest, events: QuerySet[GatewayEvent]) -> None:
        if not isinstance(request.user, User):
            return
        count = event_reruns.run_again(events=events, actor=request.user, ip=client_ip(request), now=timezone.now())
        transaction.on_commit(partial(nudge, apply_gateway_events))
        told = gettext("To be run again: %(count)d. What is done stays done.") % {"count": count}
        self.message_user(request, told, messages.SUCCESS if count else messages.WARNING)


@admin.register(EventsCursor)
class EventsCursorAdmin(ReadOnlyAdmin):
    list_display = ("gateway", "cursor", read)
    search_fields = ("gateway",)
    ordering = ("gateway",)
