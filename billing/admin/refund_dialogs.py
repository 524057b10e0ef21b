"""The dialogs in which staff give money back, on the page of an order and of a charge."""

from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh
from unfold.forms import BaseDialogForm
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from accounts.staff_dialogs import Dialog, dialog, done_by_staff, words
from billing import refund_requests
from billing.admin.amounts import amount_of
from billing.models import Charge, Order, Refund
from billing.refund_requests import Wish
from billing.refundable import parts_of
from billing.tasks import nudge, return_money
from portal.lib.money import Money

STAFF_REASONS = [choice for choice in Refund.Reason.choices if choice[0] not in Refund.Reason.BY_ITSELF]


class RefundForm(BaseDialogForm):  # type: ignore[misc]
    """How much of what paid goes back, where to, and why; everything that is left is offered."""

    amount = forms.CharField(label=_("Amount"), max_length=20, widget=UnfoldAdminTextInputWidget)
    goes_to = forms.ChoiceField(label=_("Goes to"), choices=Refund.Destination.choices, widget=UnfoldAdminSelectWidget)
    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=STAFF_REASONS,
        initial=Refund.Reason.COMPLAINT,
        help_text=_("What was not used is taken back only if the network agrees."),
        widget=UnfoldAdminSelectWidget,
    )
    note = words(_("Note"), help_text=_("The subscriber can read it."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order, self.charge = self.payment()
        left = _left(self.order, self.charge)
        self.fields["amount"].initial = f"{left.decimal:f}"
        self.fields["amount"].help_text = _("%(currency)s; at most what is left.") % {"currency": left.currency}

    def payment(self) -> tuple[Order, Charge | None]:
        """Return what the dialog is about."""
        raise NotImplementedError

    def clean_amount(self) -> Money:
        return amount_of(self.cleaned_data["amount"], self.order.currency)

    @property
    def wish(self) -> Wish:
        return Wish(
            order=self.order,
            charge=self.charge,
            money=self.cleaned_data["amount"],
            goes_to=Refund.Destination(self.cleaned_data["goes_to"]),
            reason=Refund.Reason(self.cleaned_data["reason"]),
            note=self.cleaned_data["note"],
            takes_back=self.cleaned_data.get("takes_back", False),
        )


class ChargeRefundForm(RefundForm):
    def payment(self) -> tuple[Order, Charge | None]:
        charge = get_object_or_404(Charge.objects.select_related("order__owner"), pk=self.object_id)
        return charge.order, charge


class OrderRefundForm(RefundForm):
    takes_back = forms.BooleanField(
        label=_("Take the plan back, too"),
        required=False,
        help_text=_("The whole amount goes back, and the subscriber has the plan no more."),
        widget=UnfoldBooleanWidget,
    )

    def payment(self) -> tuple[Order, Charge | None]:
        return get_object_or_404(Order.objects.select_related("owner"), pk=self.object_id), None


def refunding(form: type[RefundForm]) -> Dialog:
    """Return what makes a method the dialog that gives money back."""
    return dialog(
        _("Refund…"),
        permission="refund",
        path="refund",
        icon="undo",
        title=_("Give money back?"),
        description=_("Large amounts wait until somebody else has approved them."),
        form=form,
        submit=_("Refund"),
    )


class GivesBack:
    """What the pages of orders and charges have in common: whether there is something to give back, and doing it."""

    def has_refund_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.is_active and request.user.has_perm("billing.add_refund") and self._left(object_id))

    def _left(self, object_id: str | None) -> Money | None:
        raise NotImplementedError

    def _give_back(self, request: HttpRequest, form: RefundForm) -> HttpResponse:
        ask = partial(refund_requests.request, wish=form.wish, limits=settings.PORTAL_REFUND_APPROVAL_ABOVE)
        refunds = done_by_staff(self, request, ask)
        if refunds is None:
            return HttpResponseClientRefresh()
        waits = any(Refund.objects.filter(pk=one.pk, state=Refund.State.REQUESTED).exists() for one in refunds)
        transaction.on_commit(partial(nudge, return_money, order_id=form.order.pk))
        told = gettext("Somebody else has to approve it now.") if waits else gettext("The refund is on its way.")
        messages.success(request, told)
        return HttpResponseClientRefresh()


class ChargeGivesBack(GivesBack):
    def _left(self, object_id: str | None) -> Money | None:
        charge = Charge.objects.filter(pk=object_id or 0).select_related("order").first()
        return _left(charge.order, charge) if charge else None

    @refunding(ChargeRefundForm)
    def give_back(self, request: HttpRequest, form: RefundForm, object_id: str) -> HttpResponse:  # noqa: ARG002
        return self._give_back(request, form)


class OrderGivesBack(GivesBack):
    def _left(self, object_id: str | None) -> Money | None:
        order = Order.objects.filter(pk=object_id or 0).first()
        return _left(order, None) if order else None

    @refunding(OrderRefundForm)
    def give_back(self, request: HttpRequest, form: RefundForm, object_id: str) -> HttpResponse:  # noqa: ARG002
        return self._give_back(request, form)


def _left(order: Order, charge: Charge | None) -> Money:
    """Add up what can still be given back of an order, or of what one charge paid for it."""
    parts = [part for part in parts_of(order) if charge is None or part.charge == charge]
    return sum((part.money for part in parts), Money.zero(order.currency))
