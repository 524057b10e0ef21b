"""What was sent to people, and sending again what failed."""

import json

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from accounts.models import Notification
from portal.lib.redaction import redacted
from portal.lib.staff import ReadOnlyAdmin, moment_column, person, state_column

created = moment_column("created_at", _("created"))
due = moment_column("due_at", _("due"))
sent = moment_column("sent_at", _("sent"))


@display(description=Notification._meta.get_field("context").verbose_name)  # type: ignore[untyped-decorator]  # noqa: SLF001
def facts(notice: Notification) -> str:
    return redacted(json.dumps(notice.context, ensure_ascii=False))


@display(description=Notification._meta.get_field("body").verbose_name)  # type: ignore[untyped-decorator]  # noqa: SLF001
def words(notice: Notification) -> str:
    return redacted(notice.body)


class NotificationAdmin(ReadOnlyAdmin):
    # A link that answers for its reader is for the reader alone.
    shown_as = {"context": facts, "body": words}
    redacted = tuple(shown_as)
    list_display = (
        "kind",
        "user",
        "channel",
        state_column(
            "state", _("state"), Notification.State, {"sent": "success", "failed": "danger", "sending": "info"}
        ),
        due,
        sent,
        "error",
    )
    list_filter = ("state", "channel", "kind", "created_at")
    list_select_related = ("user",)
    search_fields = ("key", *person("user"), "public_id")
    ordering = ("-id",)
    actions = ("send_again",)

    @admin.action(description=_("Send again"), permissions=["resend"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        """Put failed ones back into the queue; what was sent is not sent twice."""
        sent_again = queryset.filter(state=Notification.State.FAILED).update(
            state=Notification.State.QUEUED, attempts=0, error="", due_at=timezone.now(), lease_until=None
        )
        told = gettext("Queued again: %(count)d. What was not failed stays as it is.") % {"count": sent_again}
        self.message_user(request, told, messages.SUCCESS)

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("accounts.change_notification"))


class OutboxMessageAdmin(ReadOnlyAdmin):
    """What the demo would have sent; elsewhere there is none, and one-time codes are nobody's to read."""

    list_display = (created, "channel", "recipient", "subject")
    list_filter = ("channel",)
    search_fields = ("recipient", "subject")
    ordering = ("-id",)
