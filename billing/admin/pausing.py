"""Stopping for a subscriber what charges by itself, and letting it go on; the reason goes on record."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_permission_codename
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.http import client_ip
from accounts.models import User
from accounts.staff_dialogs import Dialog, ReasonForm, dialog, offers, say_whether

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.utils.functional import _StrPromise


def pausing(*, title: "_StrPromise", description: "_StrPromise") -> Dialog:
    """Return what makes a method the dialog that pauses."""
    return dialog(
        _("Pause"),
        permission="pause",
        path="pause",
        icon="pause",
        title=title,
        description=description,
        form=ReasonForm,
    )


def resuming(*, title: "_StrPromise", description: "_StrPromise") -> Dialog:
    """Return what makes a method the dialog that lets it go on."""
    return dialog(
        _("Resume"),
        permission="resume",
        path="resume",
        icon="play_arrow",
        title=title,
        description=description,
        form=ReasonForm,
    )


class Pausable:
    """Who may use the dialogs and when, what their workflows are told, and what is said when they are through."""

    opts: Any
    model: Any
    message_user: Any
    can_pause: Q
    can_resume: Q

    def has_pause_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return self._may_change(request) and offers(request, self._row(object_id).filter(self.can_pause))

    def has_resume_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return self._may_change(request) and offers(request, self._row(object_id).filter(self.can_resume))

    def _may_change(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(f"{self.opts.app_label}.{get_permission_codename('change', self.opts)}"))

    def _row(self, object_id: object) -> "QuerySet[Any]":
        rows: QuerySet[Any] = self.model.objects.filter(pk=object_id or 0)
        return rows

    def told(self, request: HttpRequest, form: ReasonForm) -> dict[str, Any]:
        return {
            "reason": form.cleaned_data["reason"],
            "actor": request.user if isinstance(request.user, User) else None,
            "ip": client_ip(request),
            "now": timezone.now(),
        }

    def answer(self, request: HttpRequest, *, done: bool) -> HttpResponse:
        return say_whether(self, request, done=done, success=gettext("Done. The reason is in the audit trail."))
