"""The dialogs in which staff lift a person's lock, or the time to wait after a change; the reason goes on record."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts import cool_off, locks
from accounts.http import client_ip
from accounts.models import User


class ReasonForm(BaseDialogForm):  # type: ignore[misc]
    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("The subscriber can read it."), widget=UnfoldAdminTextareaWidget
    )


class LiftsLocks:
    """What the page of a person offers to staff who may change people."""

    def has_lifting_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        """Say yes to whoever may change this person: for a colleague, a superuser."""
        if not (request.user.is_active and request.user.has_perm("accounts.change_user")):
            return False
        colleagues = User.objects.filter(pk=str(object_id), is_staff=True) if object_id else User.objects.none()
        return bool(request.user.is_superuser or not colleagues.exists())

    @action(  # type: ignore[untyped-decorator]
        description=_("Lift the lock…"),
        permissions=["lifting"],
        url_path="lift-lock",
        icon="lock_open",
        dialog={
            "title": _("Lift the lock of this account?"),
            "description": _("The person locked it. Make sure that it is them who asks."),
            "form_class": ReasonForm,
            "form_submit_text": _("Lift the lock"),
        },
    )
    def lift_lock(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return _lift(request, form, object_id, locks.lift)

    @action(  # type: ignore[untyped-decorator]
        description=_("End the waiting time…"),
        permissions=["lifting"],
        url_path="end-waiting-time",
        icon="timer_off",
        dialog={
            "title": _("Let this person move lines to another device now?"),
            "description": _("Their e-mail address, number or second step was changed lately. Make sure it is them."),
            "form_class": ReasonForm,
            "form_submit_text": _("End the waiting time"),
        },
    )
    def end_waiting_time(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return _lift(request, form, object_id, cool_off.lift)


def _lift(request: HttpRequest, form: ReasonForm, object_id: str, lift: Callable[..., bool]) -> HttpResponse:
    user = get_object_or_404(User, pk=object_id)
    staff = request.user if isinstance(request.user, User) else None
    reason = form.cleaned_data["reason"]
    if lift(user=user, staff=staff, reason=reason, ip=client_ip(request), now=timezone.now()):
        messages.success(request, gettext("Done. The reason is in the audit trail."))
    else:
        messages.warning(request, gettext("Nothing was changed: there was nothing to lift."))
    return HttpResponseClientRefresh()
