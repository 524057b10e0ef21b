"""The dialogs in which staff change an address for somebody who lost theirs, and in which a second person decides."""

from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from accounts import address_changes
from accounts.account_dialogs import may_change_person
from accounts.address_changes import Wish
from accounts.mailable import validate_mailable
from accounts.models import AddressChange, User
from accounts.models.address_changes import ADDRESS_LENGTH
from accounts.phones import PhoneField
from accounts.staff_dialogs import Deciding, WhyForm, approving, dialog, done_by_staff, offers, refusing, words
from portal.lib.staff import ReadOnlyAdmin, moment_column, person, state_column

if TYPE_CHECKING:
    from django.db.models import QuerySet

COLOURS = {"requested": "warning", "agreed": "info", "done": "success", "refused": "danger", "stopped": "danger"}
Kind = AddressChange.Kind


class ChangeAddressForm(BaseDialogForm):  # type: ignore[misc]
    kind = forms.ChoiceField(label=_("What is changed"), choices=Kind.choices, widget=UnfoldAdminSelectWidget)
    address = forms.CharField(
        label=_("New address or number"), max_length=ADDRESS_LENGTH, widget=UnfoldAdminTextInputWidget
    )
    removes_phone = forms.BooleanField(
        label=_("Take the number off"),
        required=False,
        help_text=_("With a new e-mail address: the number is lost as well, and somebody else may have it."),
        widget=UnfoldBooleanWidget,
    )
    reason = words(_("Reason"), help_text=_("The subscriber can read it. How did you make sure who it is?"))

    def clean(self) -> dict[str, Any]:
        """Write the address as accounts have it."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "kind" in cleaned and "address" in cleaned:
            is_email = cleaned["kind"] == Kind.EMAIL
            try:
                cleaned["address"] = _email(cleaned["address"]) if is_email else PhoneField().clean(cleaned["address"])
            except ValidationError as error:
                self.add_error("address", error)
        return cleaned

    @property
    def wish(self) -> Wish:
        return Wish(
            kind=Kind(self.cleaned_data["kind"]),
            address=self.cleaned_data["address"],
            removes_phone=self.cleaned_data["removes_phone"],
        )


class ChangesAddresses:
    """The dialog on the page of a person."""

    message_user: Any

    def has_change_address_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Whoever may ask for it, for anybody but themselves; for a colleague, a superuser."""
        others = User.objects.filter(pk=object_id or 0, is_active=True).exclude(pk=request.user.pk or 0)
        free: QuerySet[User] = others.exclude(address_changes__in=AddressChange.objects.open())
        may_ask = request.user.has_perm("accounts.add_addresschange") and may_change_person(request, object_id)
        return bool(may_ask and offers(request, free))

    @dialog(
        _("Change the address…"),
        permission="change_address",
        path="change-address",
        icon="contact_mail",
        title=_("Change the address of somebody who lost theirs?"),
        description=_(
            "For who has neither the mailbox nor the number. Somebody else has to approve it. Then the new address is"
            " proved by a link, every old one gets a link that stops it, and it takes the waiting time."
        ),
        form=ChangeAddressForm,
        submit=_("Ask for it"),
    )
    def change_address(self, request: HttpRequest, form: ChangeAddressForm, object_id: str) -> HttpResponse:
        user = get_object_or_404(User, pk=object_id)
        ask = partial(address_changes.request, user=user, wish=form.wish, reason=form.cleaned_data["reason"])
        if done_by_staff(self, request, ask) is not None:
            self.message_user(request, gettext("Somebody else has to approve it now."), messages.SUCCESS)
        return HttpResponseClientRefresh()


class AddressChangeAdmin(Deciding, ReadOnlyAdmin):
    list_display = (
        "public_id",
        "user",
        "kind",
        state_column("state", _("state"), AddressChange.State, COLOURS),
        "requested_by",
        "decided_by",
        moment_column("created_at", _("created")),
        moment_column("changes_at", _("changes")),
        moment_column("proved_at", _("proved")),
        moment_column("ended_at", _("ended")),
    )
    list_filter = ("state", "kind", "created_at")
    list_select_related = ("user", "requested_by", "decided_by")
    search_fields = ("public_id", *person("user"), "address", "reason")
    ordering = ("-id",)
    whose, takes = "user", "change"
    actions_detail = ("approve", "refuse", "stop")

    def has_stop_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Whoever may ask or approve: to stop it takes one person."""
        powers = ("accounts.add_addresschange", "accounts.approve_addresschange")
        may_stop = any(request.user.has_perm(power) for power in powers)
        return may_stop and offers(request, AddressChange.objects.open().filter(pk=object_id or 0))

    @approving(
        title=_("Approve this change of address?"),
        description=_(
            "Look at how it was made sure who asks. Links go out at once: to the new address, which has to be proved,"
            " and to every old one, to stop it."
        ),
    )
    def approve(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:  # noqa: ARG002
        return self.decide(request, address_changes.approve, object_id)

    @refusing(
        title=_("Refuse this change of address?"),
        description=_("The address stays as it is. Whoever asked for it can ask again."),
    )
    def refuse(self, request: HttpRequest, form: WhyForm, object_id: str) -> HttpResponse:
        return self.decide(request, partial(address_changes.refuse, why=form.cleaned_data["why"]), object_id)

    @dialog(
        _("Stop"),
        permission="stop",
        path="stop",
        icon="front_hand",
        title=_("Stop this change of address?"),
        description=_("The address stays as it is, and the links open nothing any more."),
    )
    def stop(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:  # noqa: ARG002
        return self.decide(request, address_changes.stop, object_id)


def _email(text: str) -> str:
    validate_mailable(text.strip())
    return text.strip().lower()
