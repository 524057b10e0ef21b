"""Auto-renewals, and stopping or resuming one for a subscriber."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh

from accounts.staff_dialogs import ReasonForm
from billing import staff_pauses
from billing.admin.columns import decided, why
from billing.admin.pausing import Pausable, pausing, resuming
from billing.admin.renewing_now import RenewNow
from billing.agreements import NothingToContinue
from billing.models import RenewalQuestion, Subscription
from billing.renewal_figures import written_by_staff
from portal.lib.staff import ReadOnlyAdmin, ReadOnlyInline, moment_column, money_column, person, state_column

SUBSCRIPTION_COLOURS = {"active": "success", "in_flight": "info", "past_due": "danger", "paused": "warning"}

agreed_price = money_column("agreed_price", _("agreed price"), ordering="consent_amount")
next_charge = moment_column("charge_due_at", _("next charge"))
subscription_state = state_column("state", _("state"), Subscription.State, SUBSCRIPTION_COLOURS)
asked_price = money_column("price", _("price asked about"))


class PausedByFilter(admin.SimpleListFilter):
    title = _("paused by")
    parameter_name = "paused_by"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        return [("staff", _("staff")), ("scheduler", _("the scheduler"))]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Subscription]) -> QuerySet[Subscription]:
        whose = {"staff": written_by_staff(), "scheduler": ~written_by_staff()}.get(self.value() or "")
        return queryset if whose is None else queryset.filter(whose, state=Subscription.State.PAUSED)


class PutOffFilter(admin.SimpleListFilter):
    """Which of those due wait for something else than a worker, as the board of renewals counts them."""

    title = _("put off")
    parameter_name = "put_off"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("until something else is over")), ("no", _("no"))]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Subscription]) -> QuerySet[Subscription]:
        put_off = Q(pk__in=Subscription.objects.put_off(timezone.now()).order_by().values("pk"))
        which = {"yes": put_off, "no": ~put_off}.get(self.value() or "")
        return queryset if which is None else queryset.filter(which)


class QuestionInline(ReadOnlyInline):
    model = RenewalQuestion
    fields = ("period_index", asked_price, "asked_at", "ends_at", "answer", "answered_at")


@admin.register(Subscription)
class SubscriptionAdmin(RenewNow, Pausable, ReadOnlyAdmin):
    list_display = ("line", "plan", "mode", subscription_state, agreed_price, next_charge, "declines", why, decided)
    list_filter = ("state", PausedByFilter, PutOffFilter, "mode", "pay_from", "currency", "charge_due_at")
    list_select_related = ("line", "plan")
    search_fields = ("public_id", "line__msisdn", "line__public_id", *person("line__owner"))
    ordering = ("-id",)
    shown_as = {"consent_amount": agreed_price, "reason": why}
    inlines = (QuestionInline,)
    actions_detail = ("renew_now", "pause", "resume")
    can_pause = Q(mode__in=Subscription.Mode.ON, state__in=Subscription.State.PAUSABLE)
    can_resume = Q(mode__in=Subscription.Mode.ON, state=Subscription.State.PAUSED)

    @pausing(
        title=_("Pause this auto-renewal?"),
        description=_("Nothing is charged until it is resumed. The paid time goes on."),
    )
    def pause(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        done = staff_pauses.pause(subscription=_subscription(object_id), **self.told(request, form))
        return self.answer(request, done=done)

    @resuming(
        title=_("Resume this auto-renewal?"),
        description=_("It goes on from the end of the time paid for, at the price agreed to."),
    )
    def resume(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        try:
            done = staff_pauses.resume(subscription=_subscription(object_id), **self.told(request, form))
        except NothingToContinue as error:
            self.message_user(request, error.sentence, messages.ERROR)
            return HttpResponseClientRefresh()
        return self.answer(request, done=done)


def _subscription(object_id: str) -> Subscription:
    return get_object_or_404(Subscription.objects.select_related("line__owner", "plan"), pk=object_id)
