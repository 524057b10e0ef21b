"""What stops automatic charging: what was found broken, with an answer for going on, and what staff said."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh
from unfold.decorators import display
from unfold.forms import BaseDialogForm

from accounts.http import client_ip
from accounts.models import User
from accounts.staff_dialogs import dialog, offers, words
from billing import invariant_watch
from billing.models import ChargingStop, InvariantReport
from portal.lib.staff import ReadOnlyAdmin, moment_column

found = moment_column("found_at", _("found"))
seen = moment_column("seen_at", _("last seen"))
over = moment_column("over_at", _("over"))
acknowledged = moment_column("acknowledged_at", _("acknowledged"))
stopped = moment_column("stopped_at", _("stopped"))
lifted = moment_column("lifted_at", _("allowed again"))


@display(description=_("what is broken"))  # type: ignore[untyped-decorator]
def sentences(report: InvariantReport) -> Any:
    return format_html_join("", "<div>{}</div>", ([sentence] for sentence in report.sentences))


class GoOnForm(BaseDialogForm):  # type: ignore[misc]
    note = words(_("Note"), help_text=_("What it was, and why charging may go on."))


@admin.register(InvariantReport)
class InvariantReportAdmin(ReadOnlyAdmin):
    list_display = (found, "__str__", "stops_money", seen, over, acknowledged, "acknowledged_by")
    list_filter = (
        ("over_at", admin.EmptyFieldListFilter),
        ("acknowledged_at", admin.EmptyFieldListFilter),
        "stops_money",
    )
    list_select_related = ("acknowledged_by",)
    ordering = ("-id",)
    shown_as = {"broken": sentences}
    actions_detail = ("acknowledge",)

    def has_acknowledge_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        unseen = InvariantReport.objects.filter(pk=object_id or 0, over_at=None, acknowledged_at=None)
        return bool(request.user.has_perm("billing.change_invariantreport") and offers(request, unseen))

    @dialog(
        _("Acknowledge"),
        permission="acknowledge",
        path="acknowledge",
        icon="task_alt",
        title=_("Go on although this is broken?"),
        description=_(
            "Automatic charges begin again. What is named here will not stop them any more; anything else will."
        ),
        form=GoOnForm,
    )
    def acknowledge(self, request: HttpRequest, form: GoOnForm, object_id: str) -> HttpResponse:
        if isinstance(request.user, User) and invariant_watch.acknowledge(
            report=get_object_or_404(InvariantReport, pk=object_id),
            note=form.cleaned_data["note"],
            actor=request.user,
            ip=client_ip(request),
            now=timezone.now(),
        ):
            self.message_user(request, gettext("Acknowledged. The note is in the audit trail."), messages.SUCCESS)
        else:
            self.message_user(
                request, gettext("Nothing was changed: it is over, or was acknowledged."), messages.WARNING
            )
        return HttpResponseClientRefresh()


@admin.register(ChargingStop)
class ChargingStopAdmin(ReadOnlyAdmin):
    """Charging is stopped and let go on from the board of renewals."""

    list_display = (stopped, "stopped_by", "reason", lifted, "lifted_by", "lift_reason")
    list_filter = (("lifted_at", admin.EmptyFieldListFilter),)
    list_select_related = ("stopped_by", "lifted_by")
    ordering = ("-id",)
