"""Rules that buy what runs low, and stopping or resuming one for a subscriber."""

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _

from accounts.staff_dialogs import ReasonForm
from billing import top_up_rules
from billing.admin.columns import decided, why
from billing.admin.pausing import Pausable, pausing, resuming
from billing.models import TopUpRule
from portal.lib.staff import ReadOnlyAdmin, moment_column, money_column, person, state_column

RULE_COLOURS = {"active": "success", "in_flight": "info", "paused": "warning"}

agreed_price = money_column("agreed_price", _("agreed price"), ordering="consent_amount")
most_a_month = money_column("most_a_month", _("at most so much a month"), ordering="max_amount")
not_before = moment_column("wait_until", _("not before"))
rule_state = state_column("state", _("state"), TopUpRule.State, RULE_COLOURS)


@admin.register(TopUpRule)
class TopUpRuleAdmin(Pausable, ReadOnlyAdmin):
    list_display = ("owner", "kind", "line", "plan", "is_on", rule_state, agreed_price, not_before, why, decided)
    list_filter = ("kind", "is_on", "state", "pay_from", "currency")
    list_select_related = ("owner", "line", "plan")
    search_fields = ("public_id", "line__msisdn", "line__public_id", *person("owner"))
    ordering = ("-id",)
    shown_as = {"consent_amount": agreed_price, "max_amount": most_a_month, "reason": why}
    actions_detail = ("pause", "resume")
    can_pause = Q(is_on=True, state=TopUpRule.State.ACTIVE)
    can_resume = Q(is_on=True, state=TopUpRule.State.PAUSED)

    @pausing(title=_("Pause this rule?"), description=_("Nothing is bought by it until it is resumed."))
    def pause(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self.answer(request, done=top_up_rules.pause(rule=_rule(object_id), **self.told(request, form)))

    @resuming(
        title=_("Resume this rule?"),
        description=_("It buys again when it runs low, at the price agreed to and within its limits."),
    )
    def resume(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self.answer(request, done=top_up_rules.resume(rule=_rule(object_id), **self.told(request, form)))


def _rule(object_id: str) -> TopUpRule:
    return get_object_or_404(TopUpRule.objects.select_related("owner", "line", "plan"), pk=object_id)
