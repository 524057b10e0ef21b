"""Dialogs of the staff site: what staff write down when they decide something, and what they are told then."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.http import client_ip
from accounts.models import TwoPeopleRequest, User
from accounts.models.two_people import REQUESTED
from accounts.two_people import NotDone

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.utils.functional import _StrPromise

IN_COMMON = [field.name for field in TwoPeopleRequest._meta.fields if field.name != "state"]  # noqa: SLF001
Deed = Callable[..., HttpResponse]
Dialog = Callable[[Deed], Deed]
Done = TypeVar("Done")


def words(label: "_StrPromise", *, help_text: "_StrPromise | str" = "", max_length: int = 300) -> forms.CharField:
    """Return a field for a sentence that goes on record; `max_length` is that of its column."""
    return forms.CharField(label=label, max_length=max_length, help_text=help_text, widget=UnfoldAdminTextareaWidget)


class ReasonForm(BaseDialogForm):  # type: ignore[misc]
    reason = words(_("Reason"), help_text=_("The subscriber can read it."), max_length=200)


class WhyForm(BaseDialogForm):  # type: ignore[misc]
    why = words(_("Why"), max_length=100)


def dialog(
    button: "_StrPromise",
    *,
    permission: str,
    path: str,
    icon: str,
    title: "_StrPromise",
    description: "_StrPromise | str" = "",
    form: type[BaseDialogForm] = BaseDialogForm,
    submit: "_StrPromise | None" = None,
) -> Dialog:
    """Return what makes a method of an admin a button that opens a dialog; `permission` names its `has_…_permission`."""
    as_dialog: Dialog = action(
        description=button,
        permissions=[permission],
        url_path=path,
        icon=icon,
        dialog={
            "title": title,
            "description": description,
            "form_class": form,
            "form_submit_text": submit or button,
        },
    )
    return as_dialog


def approving(*, title: "_StrPromise", description: "_StrPromise") -> Dialog:
    """Return what makes a method the dialog in which a second person agrees."""
    return dialog(_("Approve"), permission="decide", path="approve", icon="check", title=title, description=description)


def refusing(*, title: "_StrPromise", description: "_StrPromise") -> Dialog:
    """Return what makes a method the dialog in which a second person refuses, and says why."""
    return dialog(
        _("Refuse"),
        permission="decide",
        path="refuse",
        icon="block",
        title=title,
        description=description,
        form=WhyForm,
    )


def offers(request: HttpRequest, rows: "QuerySet[Any]") -> bool:
    """Tell whether a button is to be shown: where there is a row on which it does something.

    A form that was open while the row moved on is let through: what it asks for looks at the state by itself, and
    says in words that it does not allow it.
    """
    return request.method == "POST" or rows.exists()


def say_whether(page: Any, request: HttpRequest, *, done: bool, success: str) -> HttpResponse:
    """Tell whether something was done on a row, and show its page anew."""
    if done:
        page.message_user(request, success, messages.SUCCESS)
    else:
        page.message_user(request, gettext("Nothing was changed: its state does not allow it."), messages.WARNING)
    return HttpResponseClientRefresh()


def done_by_staff(page: Any, request: HttpRequest, deed: "Callable[..., Done]") -> "Done | None":
    """Have `deed` done by who asks, now; None where it was refused, which is told in its own words."""
    if not isinstance(request.user, User):
        return None
    try:
        return deed(actor=request.user, ip=client_ip(request), now=timezone.now())
    except NotDone as problem:
        page.message_user(request, str(problem.sentence), messages.ERROR)
        return None


class Deciding:
    """Pages on which staff decide about what others asked for.

    `whose` leads to the person it is about; the workflows that decide take the row as `takes`.
    """

    whose: str
    takes: str
    model: Any
    opts: Any
    message_user: Any

    def has_decide_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Whoever may approve, for what somebody else asked, and not for themselves."""
        own = Q(requested_by=request.user.pk) | Q(**{self.whose: request.user.pk})
        others = self.model.objects.filter(pk=object_id or 0).exclude(own)
        may_approve = request.user.has_perm(f"{self.opts.app_label}.approve_{self.opts.model_name}")
        # A colleague may have decided while the form was open: that is told in words, as with `offers`.
        rows = others if request.method == "POST" else others.filter(state=REQUESTED)
        return bool(may_approve and rows.exists())

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Show what it is about before who asked and decided, which all requests have in common."""
        fields: list[Any] = super().get_fields(request, obj)  # type: ignore[misc]
        return (
            sorted(fields, key=lambda field: field in IN_COMMON) if issubclass(self.model, TwoPeopleRequest) else fields
        )

    def decide(self, request: HttpRequest, deed: Callable[..., object], object_id: str) -> HttpResponse:
        """Do something to the row, and have whoever goes on with it look at once."""
        row = get_object_or_404(self.model.objects.select_related(self.whose), pk=object_id)
        done = done_by_staff(self, request, lambda **by: bool(deed(**{self.takes: row}, **by)))
        if done is None:
            return HttpResponseClientRefresh()
        self.go_on(row)
        return say_whether(self, request, done=done, success=gettext("Done. It is in the audit trail."))

    def go_on(self, row: Any) -> None:
        """Enqueue what follows from a decision; nothing, unless a page says otherwise."""
