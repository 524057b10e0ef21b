"""Refunds: the second person's decision, and what to do about those that failed."""

from functools import partial

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.forms import BaseDialogForm

from accounts.staff_dialogs import Deciding, WhyForm, approving, dialog, offers, refusing
from billing import refund_requests
from billing.admin.columns import amount, created
from billing.models import Refund
from billing.tasks import nudge, return_money
from portal.lib.staff import ReadOnlyAdmin, person, state_column

REFUND_COLOURS = {
    "requested": "warning",
    "taking_back": "info",
    "created": "info",
    "pending": "info",
    "unknown": "warning",
    "succeeded": "success",
    "failed": "danger",
}
Destination = Refund.Destination
refund_state = state_column("state", _("state"), Refund.State, REFUND_COLOURS)


@admin.register(Refund)
class RefundAdmin(Deciding, ReadOnlyAdmin):
    list_display = ("public_id", "order", refund_state, amount, "reason", "requested_by", created)
    list_filter = ("state", "goes_to", "reason", "takes_back", "currency", "created_at")
    list_select_related = ("order", "requested_by")
    search_fields = ("public_id", "gateway_refund_id", "order__public_id", "charge__public_id", *person("order__owner"))
    ordering = ("-id",)
    shown_as = {"amount": amount}
    whose, takes = "order__owner", "refund"
    actions_detail = ("approve", "refuse", "try_again", "give_as_balance")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow what the front page counts: failed ones that nobody has tried again."""
        allowed = super().lookup_allowed(lookup, value, request)
        return bool(lookup == "tried_again__isnull" or allowed)

    def has_retry_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        failed = Refund.objects.unsolved().filter(pk=object_id or 0)
        return bool(request.user.has_perm("billing.add_refund") and offers(request, failed))

    def has_to_balance_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        elsewhere = Refund.objects.filter(pk=object_id or 0).exclude(taken_from=Refund.Source.WALLET)
        return self.has_retry_permission(request, object_id) and elsewhere.exists()

    @approving(
        title=_("Approve this refund?"),
        description=_("It begins at once. Where the plan is taken back, the network is asked first."),
    )
    def approve(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:  # noqa: ARG002
        return self.decide(request, refund_requests.approve, object_id)

    @refusing(
        title=_("Refuse this refund?"),
        description=_("Nothing is given back. Whoever asked for it can ask again."),
    )
    def refuse(self, request: HttpRequest, form: WhyForm, object_id: str) -> HttpResponse:
        return self.decide(request, partial(refund_requests.refuse, why=form.cleaned_data["why"]), object_id)

    @dialog(
        _("Try again"),
        permission="retry",
        path="try-again",
        icon="replay",
        title=_("Try this refund again?"),
        description=_("The gateway is asked for a refund of its own, the way it was paid."),
    )
    def try_again(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:  # noqa: ARG002
        return self.decide(request, partial(refund_requests.try_again, goes_to=Destination.PAYER), object_id)

    @dialog(
        _("Give as balance instead"),
        permission="to_balance",
        path="give-as-balance",
        icon="account_balance_wallet",
        title=_("Give the money as balance instead?"),
        description=_("It is in the subscriber's balance at once, and they are told."),
        submit=_("Give as balance"),
    )
    def give_as_balance(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:  # noqa: ARG002
        return self.decide(request, partial(refund_requests.try_again, goes_to=Destination.BALANCE), object_id)

    def go_on(self, row: Refund) -> None:
        transaction.on_commit(partial(nudge, return_money, order_id=row.order_id))
