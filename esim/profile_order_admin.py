"""Where staff see what was asked of an SM-DP+ and what it told, and settle what is in doubt."""

import json
from typing import TYPE_CHECKING, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh
from unfold.decorators import display
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.http import client_ip
from accounts.staff_dialogs import dialog, offers
from esim import profile_doubts
from esim.models import CarrierEvent, ProfileOrder, SimProfile
from esim.profile_doubts import CannotBeThatProfile, NotInDoubt
from esim.status_sentences import explained
from portal.lib.staff import ReadOnlyAdmin, moment_column, person, state_column

if TYPE_CHECKING:
    from accounts.models import User

STATE_COLOURS = {"ready": "success", "asked": "info", "in_doubt": "danger", "refused": "warning"}

state = state_column("state", _("state"), ProfileOrder.State, STATE_COLOURS)
created = moment_column("created_at", _("created"))
asked = moment_column("asked_at", _("last asked"))
received = moment_column("received_at", _("received"))
happened = moment_column("happened_at", _("happened"))


@display(description=_("reason"))  # type: ignore[untyped-decorator]
def reason(order: ProfileOrder) -> str:
    return explained(order.reason)


@display(description=_("last problem"))  # type: ignore[untyped-decorator]
def problem(profile: SimProfile) -> str:
    return explained(profile.problem)


@display(description=_("detail"))  # type: ignore[untyped-decorator]
def detail(event: CarrierEvent) -> str:
    return json.dumps(event.detail, ensure_ascii=False)


class FoundProfileForm(BaseDialogForm):  # type: ignore[misc]
    iccid = forms.CharField(label=_("ICCID"), max_length=40, widget=UnfoldAdminTextInputWidget)


class ProfileOrderAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "line", "carrier", state, "iccid", reason, "attempts", asked, created)
    list_filter = ("state", "carrier", "created_at")
    list_select_related = ("line",)
    search_fields = ("public_id", "key", "iccid", "line__public_id", *person("line__owner"))
    ordering = ("-id",)
    shown_as = {"reason": reason}
    actions_detail = ("name_profile", "order_anew")

    def has_settle_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        may_settle = request.user.is_active and request.user.has_perm("esim.change_profileorder")
        return bool(may_settle and offers(request, ProfileOrder.objects.in_doubt().filter(pk=object_id or 0)))

    @dialog(
        _("Allocated: name it…"),
        permission="settle",
        path="name-profile",
        icon="tag",
        title=_("Which profile did the SM-DP+ allocate?"),
        description=_("Ask its operator for the profile ordered at that time. The order goes on with it."),
        form=FoundProfileForm,
        submit=_("Go on with this profile"),
    )
    def name_profile(self, request: HttpRequest, form: FoundProfileForm, object_id: str) -> HttpResponse:
        order = _order(object_id)
        try:
            profile_doubts.name_profile(order=order, iccid=form.cleaned_data["iccid"], **_by(request))
        except CannotBeThatProfile as error:
            messages.error(request, str(error))
        except NotInDoubt as error:
            messages.warning(request, str(error.sentence))
        else:
            messages.success(request, gettext("Done. The order goes on with this profile within a minute."))
        return HttpResponseClientRefresh()

    @dialog(
        _("None allocated: ask again…"),
        permission="settle",
        path="order-anew",
        icon="restart_alt",
        title=_("Did the SM-DP+ allocate no profile?"),
        description=_("It is asked once more. If it had allocated one after all, that one is lost."),
        submit=_("Ask again"),
    )
    def order_anew(self, request: HttpRequest, _form: BaseDialogForm, object_id: str) -> HttpResponse:
        try:
            profile_doubts.order_anew(order=_order(object_id), **_by(request))
        except NotInDoubt as error:
            messages.warning(request, str(error.sentence))
        else:
            messages.success(request, gettext("Done. The SM-DP+ is asked again within a minute."))
        return HttpResponseClientRefresh()


class CarrierEventAdmin(ReadOnlyAdmin):
    list_display = (received, "carrier", "kind", "iccid", "applied", happened)
    list_filter = ("carrier", "kind", "applied", "received_at")
    search_fields = ("iccid", "event_id")
    ordering = ("-id",)
    shown_as = {"detail": detail}


def _order(object_id: str) -> ProfileOrder:
    return get_object_or_404(ProfileOrder.objects.select_related("line__owner"), pk=object_id)


def _by(request: HttpRequest) -> "profile_doubts.By":
    return {"actor": cast("User", request.user), "ip": client_ip(request), "now": timezone.now()}
