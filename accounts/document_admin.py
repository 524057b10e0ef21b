"""Where staff see which documents there are, and open one for a reason that its owner reads."""

from typing import Any, cast

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts import documents
from accounts.document_files import FileLost
from accounts.http import client_ip
from accounts.models import Document, User
from portal.lib.downloads import foreign_download
from portal.lib.staff import ReadOnlyAdmin, moment_column, person

added = moment_column("added_at", _("added"))
to_erase = moment_column("erase_at", _("to be erased"))
erased = moment_column("erased_at", _("erased"))


class OpeningForm(forms.Form):
    opening_reason = forms.CharField(
        label=_("Why do you open it?"),
        max_length=200,
        help_text=_("It goes on record with your name, and the subscriber reads it."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )


def may_open(request: HttpRequest) -> bool:
    """Tell whether somebody of the staff may open what subscribers uploaded."""
    return bool(request.user.is_active and request.user.has_perm("accounts.open_document"))


class DocumentAdmin(ReadOnlyAdmin):
    """Names and keys are shown to nobody; a file only to who says why."""

    list_display = ("public_id", "owner", "purpose", "about", "form", "size", added, to_erase, erased)
    list_filter = ("purpose", "form", "added_at", "erased_at")
    list_select_related = ("owner",)
    search_fields = ("public_id", "about", *person("owner"))
    ordering = ("-id",)
    hidden = ("id", "stored_as")
    actions_detail = ("open_file",)

    def has_opening_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        return may_open(request)

    @display(description=_("size"), ordering="size_bytes")  # type: ignore[untyped-decorator]
    def size(self, document: Document) -> str:
        return filesizeformat(document.size_bytes)

    @action(  # type: ignore[untyped-decorator]
        description=_("Open the file…"), permissions=["opening"], url_path="open", icon="lock_open"
    )
    @sensitive_variables("content")
    def open_file(self, request: HttpRequest, object_id: str) -> HttpResponse:
        # The copy of everything was made for its owner: it holds what many of the staff have no business with.
        for_staff = Document.objects.kept().exclude(purpose=Document.Purpose.EXPORT).select_related("owner")
        document = get_object_or_404(for_staff, pk=object_id)
        form = OpeningForm(request.POST or None)
        if form.is_bound and form.is_valid():
            return download_for_staff(request, document, reason=form.cleaned_data["opening_reason"])
        context: dict[str, Any] = {**self.admin_site.each_context(request), "opts": self.opts, "document": document}
        context |= {"form": form, "title": gettext("Open a document")}
        return TemplateResponse(
            request, "admin/accounts/document/open.html", context, status=422 if form.is_bound else 200
        )


def download_for_staff(request: HttpRequest, document: Document, *, reason: str) -> HttpResponse:
    """Return the file to be saved; who opened it, and why, is on record before."""
    staff, ip = cast("User", request.user), client_ip(request)
    try:
        content = documents.opened_by_staff(document, staff=staff, reason=reason, ip=ip, now=timezone.now())
    except FileLost:
        return HttpResponse(gettext("This file can’t be read."), status=404, content_type="text/plain; charset=utf-8")
    return foreign_download(content, name=document.name, content_type=document.form)
