"""The dialogs in which staff lift a person's lock, or the time to wait after a change; the reason goes on record."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh

from accounts import cool_off, locks
from accounts.http import client_ip
from accounts.models import User
from accounts.staff_dialogs import ReasonForm, dialog, offers


def may_change_person(request: HttpRequest, object_id: str | None) -> bool:
    """Say yes to whoever may change this person: for a colleague, a superuser."""
    if not (request.user.is_active and request.user.has_perm("accounts.change_user")):
        return False
    colleagues = User.objects.filter(pk=object_id or 0, is_staff=True)
    return bool(request.user.is_superuser or not colleagues.exists())


class LiftsLocks:
    """What the page of a person offers to staff who may change people."""

    def has_lift_lock_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        locked = User.objects.filter(pk=object_id or 0, locked_at__isnull=False)
        return may_change_person(request, object_id) and offers(request, locked)

    def has_end_waiting_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        if not may_change_person(request, object_id):
            return False
        person = User.objects.filter(pk=object_id or 0).first()
        return request.method == "POST" or (person is not None and cool_off.until(person, timezone.now()) is not None)

    @dialog(
        _("Lift the lock…"),
        permission="lift_lock",
        path="lift-lock",
        icon="lock_open",
        title=_("Lift the lock of this account?"),
        description=_("The person locked it. Make sure that it is them who asks."),
        form=ReasonForm,
        submit=_("Lift the lock"),
    )
    def lift_lock(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return _lift(request, form, object_id, locks.lift)

    @dialog(
        _("End the waiting time…"),
        permission="end_waiting",
        path="end-waiting-time",
        icon="timer_off",
        title=_("Let this person move lines to another device now?"),
        description=_("Their e-mail address, number or second step was changed lately. Make sure it is them."),
        form=ReasonForm,
        submit=_("End the waiting time"),
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
