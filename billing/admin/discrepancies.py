"""Where the gateways' books and ours differ, and saying what became of it."""

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh
from unfold.forms import BaseDialogForm

from accounts.http import client_ip
from accounts.models import User
from accounts.staff_dialogs import dialog, offers, words
from billing import discrepancies
from billing.admin.columns import amount
from billing.models import ComparedDay, Discrepancy
from portal.lib.staff import ReadOnlyAdmin, moment_column, state_column

KIND_COLOURS = {"unknown_here": "danger", "unknown_there": "danger", "amount_differs": "warning"}

found = moment_column("found_at", _("found"))
resolved = moment_column("resolved_at", _("resolved"))
compared = moment_column("compared_at", _("last compared"))
kind = state_column("kind", _("kind"), Discrepancy.Kind, KIND_COLOURS)


class NoteForm(BaseDialogForm):  # type: ignore[misc]
    note = words(_("Note"), help_text=_("What it was, and what was done."))


@admin.register(Discrepancy)
class DiscrepancyAdmin(ReadOnlyAdmin):
    list_display = ("movement_id", kind, "is_refund", amount, "gateway", "day", "known", found, resolved)
    list_filter = (("resolved_at", admin.EmptyFieldListFilter), "kind", "gateway", "is_refund", "day")
    search_fields = ("movement_id", "known", "note")
    ordering = ("-id",)
    shown_as = {"amount": amount}
    actions_detail = ("resolve",)

    def has_resolve_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        unsolved = Discrepancy.objects.filter(pk=object_id or 0, resolved_at=None)
        return bool(request.user.has_perm("billing.change_discrepancy") and offers(request, unsolved))

    @dialog(
        _("Resolve"),
        permission="resolve",
        path="resolve",
        icon="task_alt",
        title=_("Resolve this discrepancy?"),
        description=_("Nothing is moved by it. It leaves the front page, and comparing again won't bring it back."),
        form=NoteForm,
    )
    def resolve(self, request: HttpRequest, form: NoteForm, object_id: str) -> HttpResponse:
        if isinstance(request.user, User) and discrepancies.resolve(
            discrepancy=get_object_or_404(Discrepancy, pk=object_id),
            note=form.cleaned_data["note"],
            actor=request.user,
            ip=client_ip(request),
            now=timezone.now(),
        ):
            self.message_user(request, gettext("Resolved. The note is in the audit trail."), messages.SUCCESS)
        else:
            self.message_user(request, gettext("Nothing was changed: it was resolved before."), messages.WARNING)
        return HttpResponseClientRefresh()


@admin.register(ComparedDay)
class ComparedDayAdmin(ReadOnlyAdmin):
    list_display = ("day", "gateway", "movements", compared)
    list_filter = ("gateway", "day")
    search_fields = ("gateway",)
    ordering = ("-day", "gateway")
