"""Balances that closed accounts left behind: clearing one, and the second person's decision."""

from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget

from accounts.staff_dialogs import Deciding, WhyForm, approving, dialog, done_by_staff, offers, refusing, words
from billing import leftovers
from billing.admin.columns import amount, created, decided, owner_of_account
from billing.left_behind import left_behind
from billing.models import LedgerAccount, Leftover
from portal.lib.money import format_money
from portal.lib.staff import ReadOnlyAdmin, person, state_column

LEFTOVER_COLOURS = {"requested": "warning", "cleared": "success", "refused": "danger"}

leftover_state = state_column("state", _("state"), Leftover.State, LEFTOVER_COLOURS)


class ClearForm(BaseDialogForm):  # type: ignore[misc]
    """What becomes of all that the balance holds, and why."""

    way = forms.ChoiceField(label=_("What becomes of it"), choices=Leftover.Way.choices, widget=UnfoldAdminSelectWidget)
    reason = words(_("Reason"), help_text=_("Of what was paid out: to whom, when, and the bank's reference."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        wallet = get_object_or_404(LedgerAccount, pk=self.object_id)
        held = format_money(wallet.money, get_language() or "en")
        self.fields["way"].help_text = gettext("All of it: %(balance)s.") % {"balance": held}


class ClearsLeftovers:
    """The dialog on the page of a balance that a closed account left behind."""

    message_user: Any

    def has_clear_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        found = left_behind().filter(pk=object_id or 0)
        return bool(request.user.has_perm("billing.add_leftover") and offers(request, found))

    @dialog(
        _("Clear…"),
        permission="clear",
        path="clear",
        icon="savings",
        title=_("Clear the balance of this closed account?"),
        description=_(
            "For what no card takes back. Paying out is done at your bank: here it is only written down."
            " Large amounts wait until somebody else has approved them."
        ),
        form=ClearForm,
        submit=_("Clear"),
    )
    def clear(self, request: HttpRequest, form: ClearForm, object_id: str) -> HttpResponse:
        ask = partial(
            leftovers.request,
            wallet=get_object_or_404(LedgerAccount, pk=object_id),
            way=Leftover.Way(form.cleaned_data["way"]),
            reason=form.cleaned_data["reason"],
            limits=settings.PORTAL_REFUND_APPROVAL_ABOVE,
        )
        leftover = done_by_staff(self, request, ask)
        if leftover is None:
            return HttpResponseClientRefresh()
        waits = Leftover.objects.waiting().filter(pk=leftover.pk).exists()
        done = gettext("Done. The reason is in the audit trail.")
        self.message_user(request, gettext("Somebody else has to approve it now.") if waits else done, messages.SUCCESS)
        return HttpResponseClientRefresh()


@admin.register(Leftover)
class LeftoverAdmin(Deciding, ReadOnlyAdmin):
    list_display = (
        "public_id",
        owner_of_account,
        leftover_state,
        amount,
        "way",
        "requested_by",
        "decided_by",
        created,
        decided,
    )
    list_filter = ("state", "way", "currency", "created_at")
    list_select_related = ("account__owner", "requested_by", "decided_by")
    search_fields = ("public_id", *person("account__owner"), "reason")
    ordering = ("-id",)
    shown_as = {"amount": amount}
    whose, takes = "account__owner", "leftover"
    actions_detail = ("approve", "refuse")

    @approving(title=_("Approve clearing this balance?"), description=_("It leaves the balance at once, for good."))
    def approve(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:  # noqa: ARG002
        return self.decide(request, leftovers.approve, object_id)

    @refusing(
        title=_("Refuse clearing this balance?"),
        description=_("The money stays where it is. Whoever asked for it can ask again."),
    )
    def refuse(self, request: HttpRequest, form: WhyForm, object_id: str) -> HttpResponse:
        return self.decide(request, partial(leftovers.refuse, why=form.cleaned_data["why"]), object_id)
