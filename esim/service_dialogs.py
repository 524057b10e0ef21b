"""The dialogs in which staff suspend a line and let it go on; the reason goes on record."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh

from accounts import audit
from accounts.http import client_ip
from accounts.models import User
from accounts.staff_dialogs import ReasonForm, dialog, offers
from esim import carriers, suspension
from esim.carriers.base import CarrierRefused, OutcomeUnknown
from esim.models import Line, SuspendedFor
from esim.suspension import CannotSuspend, ChangeUnderWay
from portal.lib.public_ids import make_public_id


class ChangesService:
    """What the page of a line offers to staff who may change lines."""

    def has_suspend_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        can_be = carriers.chosen().capabilities.suspension and _may_change_lines(request)
        return can_be and offers(request, Line.objects.filter(pk=object_id or 0).to_suspend_by_staff())

    def has_resume_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return _may_change_lines(request) and offers(request, Line.objects.filter(pk=object_id or 0).to_resume())

    @dialog(
        _("Suspend…"),
        permission="suspend",
        path="suspend",
        icon="pause",
        title=_("Suspend this line?"),
        description=_("It stays out of service, also when it is paid for, until staff lift that."),
        form=ReasonForm,
        submit=_("Suspend"),
    )
    def suspend(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        change = suspension.suspend
        return self._change(request, form, object_id, change, why=SuspendedFor.STAFF, action="line.suspended_by_staff")

    @dialog(
        _("Resume…"),
        permission="resume",
        path="resume",
        icon="play_arrow",
        title=_("Put this line back into service?"),
        description=_("Whoever suspended it, and also where it is not paid for."),
        form=ReasonForm,
        submit=_("Resume"),
    )
    def resume(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        return self._change(request, form, object_id, suspension.resume, why=None, action="line.resumed_by_staff")

    def _change(
        self,
        request: HttpRequest,
        form: ReasonForm,
        object_id: str,
        change: Callable[..., bool],
        *,
        why: SuspendedFor | None,
        action: str,
    ) -> HttpResponse:
        line = get_object_or_404(Line.objects.select_related("owner"), pk=object_id)
        now = timezone.now()
        detail = {"reason": form.cleaned_data["reason"]}
        try:
            done = change(line=line, why=why, key=make_public_id("svc"), carrier=carriers.chosen(), now=now)
        except (CannotSuspend, ChangeUnderWay) as error:
            messages.error(request, str(error.sentence))
        except CarrierRefused as error:
            told = gettext("The network refused: %(reason)s. Nothing was changed.")
            messages.error(request, told % {"reason": error.reason})
        except OutcomeUnknown:
            _record(request, line, action=action, detail=detail)
            messages.warning(request, gettext("The network has not answered yet. It is asked again by itself."))
        else:
            _answer(request, line, done=done, action=action, detail=detail)
        return HttpResponseClientRefresh()


def _may_change_lines(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.has_perm("esim.change_line"))


def _answer(request: HttpRequest, line: Line, *, done: bool, action: str, detail: dict[str, Any]) -> None:
    if done:
        _record(request, line, action=action, detail=detail)
        messages.success(request, gettext("Done. The reason is in the audit trail."))
    else:
        messages.warning(request, gettext("Nothing was changed: its state does not allow it."))


def _record(request: HttpRequest, line: Line, *, action: str, detail: dict[str, Any]) -> None:
    actor = request.user if isinstance(request.user, User) else None
    audit.record(
        actor=actor,
        subject=line.owner,
        action=action,
        target=line.public_id,
        detail=detail,
        ip=client_ip(request),
        now=timezone.now(),
    )
