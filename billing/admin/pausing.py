"""Stopping for a subscriber what charges by itself, and letting it go on; the reason goes on record."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_permission_codename
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from accounts.http import client_ip
from accounts.models import User
from billing.admin.dialogs import ReasonForm, say_whether

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Deed = Callable[..., HttpResponse]
Dialog = Callable[[Deed], Deed]


def pausing(*, title: "_StrPromise", description: "_StrPromise") -> Dialog:
    """Return what makes a method the dialog that pauses."""
    return _dialog(_("Pause"), path="pause", icon="pause", title=title, description=description)


def resuming(*, title: "_StrPromise", description: "_StrPromise") -> Dialog:
    """Return what makes a method the dialog that lets it go on."""
    return _dialog(_("Resume"), path="resume", icon="play_arrow", title=title, description=description)


def _dialog(deed: "_StrPromise", *, path: str, icon: str, title: "_StrPromise", description: "_StrPromise") -> Dialog:
    dialog: Dialog = action(
        description=deed,
        permissions=["pause"],
        url_path=path,
        icon=icon,
        dialog={
            "title": title,
            "description": description,
            "form_class": ReasonForm,
            "form_submit_text": deed,
        },
    )
    return dialog


class Pausable:
    """Who may use the dialogs, what their workflows are told, and what is said when they are through."""

    opts: Any
    message_user: Any

    def has_pause_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        return bool(request.user.has_perm(f"{self.opts.app_label}.{get_permission_codename('change', self.opts)}"))

    def told(self, request: HttpRequest, form: ReasonForm) -> dict[str, Any]:
        return {
            "reason": form.cleaned_data["reason"],
            "actor": request.user if isinstance(request.user, User) else None,
            "ip": client_ip(request),
            "now": timezone.now(),
        }

    def answer(self, request: HttpRequest, *, done: bool) -> HttpResponse:
        return say_whether(self, request, done=done, success=gettext("Done. The reason is in the audit trail."))
