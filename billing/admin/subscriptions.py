"""Auto-renewals, and stopping or resuming one for a subscriber."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.http import client_ip
from accounts.models import User
from billing import staff_pauses
from billing.agreements import NothingToContinue
from billing.models import Subscription
from portal.lib.staff import ReadOnlyAdmin, moment_column, money_column, state_column

SUBSCRIPTION_COLOURS = {"active": "success", "in_flight": "info", "past_due": "danger", "paused": "warning"}

agreed_price = money_column("agreed_price", _("agreed price"), ordering="consent_amount")
next_charge = moment_column("charge_due_at", _("next charge"))
subscription_state = state_column("state", _("state"), Subscription.State, SUBSCRIPTION_COLOURS)


class ReasonForm(BaseDialogForm):  # type: ignore[misc]
    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("The subscriber can read it."), widget=UnfoldAdminTextareaWidget
    )


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    list_display = ("line", "plan", "mode", subscription_state, agreed_price, next_charge, "declines", "reason")
    list_filter = ("state", "mode", "pay_from", "currency", "charge_due_at")
    list_select_related = ("line", "plan")
    search_fields = ("public_id", "line__msisdn", "line__public_id", "line__owner__email")
    ordering = ("-id",)
    shown_as = {"consent_amount": agreed_price}
    actions_detail = ("pause", "resume")

    def has_pause_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        return bool(request.user.has_perm("billing.change_subscription"))

    @action(  # type: ignore[untyped-decorator]
        description=_("Pause"),
        permissions=["pause"],
        url_path="pause",
        icon="pause",
        dialog={
            "title": _("Pause this auto-renewal?"),
            "description": _("Nothing is charged until it is resumed. The paid time goes on."),
            "form_class": ReasonForm,
            "form_submit_text": _("Pause"),
        },
    )
    def pause(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        done = staff_pauses.pause(**self._told(request, form, object_id))
        return self._answer(request, done=done)

    @action(  # type: ignore[untyped-decorator]
        description=_("Resume"),
        permissions=["pause"],
        url_path="resume",
        icon="play_arrow",
        dialog={
            "title": _("Resume this auto-renewal?"),
            "description": _("It goes on from the end of the time paid for, at the price agreed to."),
            "form_class": ReasonForm,
            "form_submit_text": _("Resume"),
        },
    )
    def resume(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        try:
            done = staff_pauses.resume(**self._told(request, form, object_id))
        except NothingToContinue as error:
            self.message_user(request, error.sentence, messages.ERROR)
            return HttpResponseClientRefresh()
        return self._answer(request, done=done)

    def _told(self, request: HttpRequest, form: ReasonForm, object_id: str) -> dict[str, Any]:
        standing = Subscription.objects.select_related("line__owner", "plan")
        return {
            "subscription": get_object_or_404(standing, pk=object_id),
            "reason": form.cleaned_data["reason"],
            "actor": request.user if isinstance(request.user, User) else None,
            "ip": client_ip(request),
            "now": timezone.now(),
        }

    def _answer(self, request: HttpRequest, *, done: bool) -> HttpResponse:
        if done:
            self.message_user(request, gettext("Done. The reason is in the audit trail."), messages.SUCCESS)
        else:
            self.message_user(request, gettext("Nothing was changed: its state does not allow it."), messages.WARNING)
        return HttpResponseClientRefresh()
