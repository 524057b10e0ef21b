"""Disputes: what the bank asks about, and until when it wants an answer; the answer is given at the gateway."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from billing.admin.columns import amount
from billing.models import Dispute
from portal.lib.staff import ReadOnlyAdmin, moment_column, money_column, person, state_column

DISPUTE_COLOURS = {"open": "warning", "won": "success", "lost": "danger"}

credited = money_column("credited", _("became balance"), ordering="credited_amount")
frozen = money_column("frozen", _("frozen balance"), ordering="frozen_amount")
answer_by = moment_column("respond_by", _("answer by"))
opened = moment_column("created_at", _("opened"))
dispute_state = state_column("state", _("state"), Dispute.State, DISPUTE_COLOURS)


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    list_display = ("public_id", "charge", dispute_state, amount, "reason", answer_by, "is_withdrawn", frozen, opened)
    list_filter = ("state", "is_withdrawn", "gateway", "currency", "created_at")
    list_select_related = ("charge",)
    search_fields = ("public_id", "gateway_dispute_id", "charge__public_id", *person("charge__order__owner"))
    ordering = ("state", "respond_by")
    shown_as = {"amount": amount, "credited_amount": credited, "frozen_amount": frozen}
