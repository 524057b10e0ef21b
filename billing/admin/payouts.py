"""Paying a balance out to somebody who keeps the account: asking for it, the second person, and the transfer."""

from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.models import AccountClosing
from accounts.staff_dialogs import Deciding, WhyForm, approving, dialog, done_by_staff, offers, refusing, words
from billing import payouts
from billing.admin.amounts import amount_of
from billing.admin.columns import amount, created, decided, owner_of_account
from billing.models import LedgerAccount, Payout
from billing.tasks import nudge, return_money
from portal.lib.money import Money, format_money
from portal.lib.staff import ReadOnlyAdmin, money_column, person, state_column

COLOURS = {
    "requested": "warning",
    "to_transfer": "warning",
    "done": "success",
    "refused": "danger",
    "returned": "danger",
}

by_hand = money_column("by_hand", _("by hand"), ordering="by_hand_amount")
payout_state = state_column("state", _("state"), Payout.State, COLOURS)


class PayOutForm(BaseDialogForm):  # type: ignore[misc]
    """How much of the balance, and why; all of it is offered."""

    amount = forms.CharField(label=_("Amount"), max_length=20, widget=UnfoldAdminTextInputWidget)
    reason = words(_("Reason"), help_text=_("The subscriber can read it. Where is what no card takes to go?"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wallet = get_object_or_404(LedgerAccount, pk=self.object_id)
        held = format_money(self.wallet.money, get_language() or "en")
        self.fields["amount"].initial = f"{self.wallet.money.decimal:f}"
        self.fields["amount"].help_text = gettext("At most all of it: %(balance)s.") % {"balance": held}

    def clean_amount(self) -> Money:
        return amount_of(self.cleaned_data["amount"], self.wallet.currency)


class TransferForm(BaseDialogForm):  # type: ignore[misc]
    reference = forms.CharField(
        label=_("Reference of the bank"),
        max_length=100,
        help_text=_("The subscriber is told."),
        widget=UnfoldAdminTextInputWidget,
    )


class PaysOut:
    """The dialog on the page of a balance whose owner stays."""

    message_user: Any

    def has_pay_out_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        wallets = LedgerAccount.objects.filter(pk=object_id or 0, kind=LedgerAccount.Kind.WALLET, balance__gt=0)
        stay = wallets.exclude(owner__closings__in=AccountClosing.objects.gone())
        return bool(request.user.has_perm("billing.add_payout") and offers(request, stay))

    @dialog(
        _("Pay out…"),
        permission="pay_out",
        path="pay-out",
        icon="payments",
        title=_("Pay this balance out?"),
        description=_(
            "It goes back to the cards that had paid it in. What these do not take you transfer at your bank, and write"
            " down its reference. Large amounts wait until somebody else has approved them."
        ),
        form=PayOutForm,
        submit=_("Pay out"),
    )
    def pay_out(self, request: HttpRequest, form: PayOutForm, object_id: str) -> HttpResponse:  # noqa: ARG002
        ask = partial(
            payouts.request,
            wallet=form.wallet,
            money=form.cleaned_data["amount"],
            reason=form.cleaned_data["reason"],
            limits=settings.PORTAL_REFUND_APPROVAL_ABOVE,
        )
        payout = done_by_staff(self, request, ask)
        if payout is None:
            return HttpResponseClientRefresh()
        _send_to_cards(payout)
        self.message_user(request, _what_is_next(payout), messages.SUCCESS)
        return HttpResponseClientRefresh()


@admin.register(Payout)
class PayoutAdmin(Deciding, ReadOnlyAdmin):
    list_display = (
        "public_id",
        owner_of_account,
        payout_state,
        amount,
        by_hand,
        "reference",
        "requested_by",
        "decided_by",
        created,
        decided,
    )
    list_filter = ("state", "currency", "created_at")
    list_select_related = ("account__owner", "requested_by", "decided_by")
    search_fields = ("public_id", *person("account__owner"), "reason", "reference")
    ordering = ("-id",)
    shown_as = {"amount": amount, "by_hand_amount": by_hand}
    whose, takes = "account__owner", "payout"
    actions_detail = ("approve", "refuse", "note_transfer", "put_back")

    def has_transfer_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        waiting = Payout.objects.filter(pk=object_id or 0, state=Payout.State.TO_TRANSFER)
        return bool(request.user.has_perm("billing.add_payout") and offers(request, waiting))

    def has_put_back_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        sent = Payout.objects.filter(pk=object_id or 0, state__in=Payout.State.TRANSFERRED, by_hand_amount__gt=0)
        return bool(request.user.has_perm("billing.add_payout") and offers(request, sent))

    @approving(
        title=_("Approve this payout?"),
        description=_("It leaves the balance at once. What no card takes then waits for a transfer at your bank."),
    )
    def approve(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:  # noqa: ARG002
        return self.decide(request, payouts.approve, object_id)

    @refusing(
        title=_("Refuse this payout?"),
        description=_("The money stays in the balance. Whoever asked for it can ask again."),
    )
    def refuse(self, request: HttpRequest, form: WhyForm, object_id: str) -> HttpResponse:
        return self.decide(request, partial(payouts.refuse, why=form.cleaned_data["why"]), object_id)

    @dialog(
        _("Write down the transfer…"),
        permission="transfer",
        path="transfer",
        icon="account_balance",
        title=_("Was the part by hand transferred?"),
        description=_("Do that at your bank first. Here its reference goes on record, and to the subscriber."),
        form=TransferForm,
        submit=_("Write down"),
    )
    def note_transfer(self, request: HttpRequest, form: TransferForm, object_id: str) -> HttpResponse:
        reference = form.cleaned_data["reference"]
        return self.decide(request, partial(payouts.note_transfer, reference=reference), object_id)

    @dialog(
        _("Put back…"),
        permission="put_back",
        path="put-back",
        icon="undo",
        title=_("Put the part by hand back into the balance?"),
        description=_("For a transfer that cannot be made, or came back. The subscriber is told."),
        form=WhyForm,
        submit=_("Put back"),
    )
    def put_back(self, request: HttpRequest, form: WhyForm, object_id: str) -> HttpResponse:
        return self.decide(request, partial(payouts.put_back, why=form.cleaned_data["why"]), object_id)

    def go_on(self, row: Payout) -> None:
        _send_to_cards(row)


def _send_to_cards(payout: Payout) -> None:
    """Have a worker ask the gateways at once."""
    for order_id in payout.refunds.values_list("order_id", flat=True).distinct():
        transaction.on_commit(partial(nudge, return_money, order_id=order_id))


def _what_is_next(payout: Payout) -> str:
    payout.refresh_from_db()
    match payout.state:
        case Payout.State.REQUESTED:
            return gettext("Somebody else has to approve it now.")
        case Payout.State.TO_TRANSFER:
            money = format_money(payout.by_hand, get_language() or "en")
            told = gettext(
                "Now transfer %(money)s at your bank, and write down its reference on the page of the payout."
            )
            return told % {"money": money}
    return gettext("It is on its way to the cards that had paid it in.")
