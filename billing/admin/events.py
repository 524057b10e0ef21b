"""What gateways told us, and running it again."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.models import GatewayEvent
from portal.lib.staff import ReadOnlyAdmin, moment_column, state_column

EVENT_COLOURS = {"received": "info", "done": "success", "failed": "danger"}

received = moment_column("received_at", _("received"))
done = moment_column("done_at", _("done"))
event_state = state_column("state", _("state"), GatewayEvent.State, EVENT_COLOURS)


@admin.register(GatewayEvent)
class GatewayEventAdmin(ReadOnlyAdmin):
    list_display = (received, "gateway", "kind", event_state, "payment_id", "attempts", "error", done)
    list_filter = ("state", "gateway", "kind", "received_at")
    search_fields = ("event_id", "payment_id")
    ordering = ("-id",)
    actions = ("run_again",)

    def has_rerun_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("billing.change_gatewayevent"))

    @admin.action(description=_("Run again"), permissions=["rerun"])
    def run_again(self, request: HttpRequest, queryset: QuerySet[GatewayEvent]) -> None:
        """Put events that are not done back to the start of the queue; applying one twice changes nothing."""
        state = GatewayEvent.State
        count = queryset.exclude(state=state.DONE).update(
            state=state.RECEIVED, attempts=0, error="", due_at=timezone.now()
        )
        told = gettext("To be run again: %(count)d. What is done stays done.") % {"count": count}
        self.message_user(request, told, messages.SUCCESS)
