"""Balances that closed accounts left behind: clearing one, and the second person's decision."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget

from accounts.http import client_ip
from accounts.models import User
from billing import leftovers
from billing.admin.columns import amount, created, decided
from billing.admin.dialogs import Deciding, WhyForm, words
from billing.left_behind import left_behind
from billing.leftovers import CannotClear
from billing.models import LedgerAccount, Leftover
from portal.lib.money import format_money
from portal.lib.staff import ReadOnlyAdmin, person, state_column

LEFTOVER_COLOURS = {"requested": "warning", "cleared": "success", "refused": "danger"}

leftover_state = state_column("state", _("state"), Leftover.State, LEFTOVER_COLOURS)


@display(description=_("owner"), ordering="account__owner")  # type: ignore[untyped-decorator]
def owner(leftover: Leftover) -> str:
    return str(leftover.account.owner)


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
        return bool(request.user.has_perm("billing.add_leftover") and found.exists())

    @action(  # type: ignore[untyped-decorator]
        description=_("Clear…"),
        permissions=["clear"],
        url_path="clear",
        icon="savings",
        dialog={
            "title": _("Clear the balance of this closed account?"),
            "description": _(
                "For what no card takes back. Paying out is done at your bank: here it is only written down."
                " Large amounts wait until somebody else has approved them."
            ),
            "form_class": ClearForm,
            "form_submit_text": _("Clear"),
        },
    )
    def clear(self, request: HttpRequest, form: ClearForm, object_id: str) -> HttpResponse:
        if not isinstance(request.user, User):
            return HttpResponseClientRefresh()
        try:
            leftover = leftovers.request(
                wallet=get_object_or_404(LedgerAccount, pk=object_id),
                way=Leftover.Way(form.cleaned_data["way"]),
                reason=form.cleaned_data["reason"],
                actor=request.user,
                ip=client_ip(request),
                limits=settings.PORTAL_REFUND_APPROVAL_ABOVE,
                now=timezone.now(),
            )
        except CannotClear as problem:
            self.message_user(request, str(problem.sentence), messages.ERROR)
            return HttpResponseClientRefresh()
        waits = Leftover.objects.waiting().filter(pk=leftover.pk).exists()
        done = gettext("Done. The reason is in the audit trail.")
        self.message_user(request, gettext("Somebody else has to approve it now.") if waits else done, messages.SUCCESS)
        return HttpResponseClientRefresh()


@admin.register(Leftover)
class LeftoverAdmin(Deciding, ReadOnlyAdmin):
    list_display = ("public_id", owner, leftover_state, amount, "way", "requested_by", "decided_by", created, decided)
    list_filter = ("state", "way", "currency", "created_at")
    list_select_related = ("account__owner", "requested_by", "decided_by")
    search_fields = ("public_id", *person("account__owner"), "reason")
    ordering = ("-id",)
    shown_as = {"amount": amount}
    actions_detail = ("approve", "refuse")

    def has_decide_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Whoever may approve, for what somebody else asked."""
        waiting = Leftover.objects.waiting().filter(pk=object_id or 0).exclude(requested_by=request.user.pk)
        return bool(request.user.has_perm("billing.approve_leftover") and waiting.exists())

    @action(  # type: ignore[untyped-decorator]
        description=_("Approve"),
        permissions=["decide"],
        url_path="approve",
        icon="check",
        dialog={
            "title": _("Approve clearing this balance?"),
            "description": _("It leaves the balance at once, for good."),
            "form_class": BaseDialogForm,
            "form_submit_text": _("Approve"),
        },
    )
    def approve(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:  # noqa: ARG002
        return self._decide(request, leftovers.approve, object_id)

    @action(  # type: ignore[untyped-decorator]
        description=_("Refuse"),
        permissions=["decide"],
        url_path="refuse",
        icon="block",
        dialog={
            "title": _("Refuse clearing this balance?"),
            "description": _("The money stays where it is. Whoever asked for it can ask again."),
            "form_class": WhyForm,
            "form_submit_text": _("Refuse"),
        },
    )
    def refuse(self, request: HttpRequest, form: WhyForm, object_id: str) -> HttpResponse:
        return self._decide(request, partial(leftovers.refuse, why=form.cleaned_data["why"]), object_id)

    def _decide(self, request: HttpRequest, deed: Callable[..., bool], object_id: str) -> HttpResponse:
        leftover = get_object_or_404(Leftover.objects.select_related("account__owner"), pk=object_id)
        return self.decide(request, partial(deed, leftover=leftover))
