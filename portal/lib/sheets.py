"""Sheets of rows that staff take out, edit in a spreadsheet and bring back: whole, or not at all."""

from base64 import b64decode, b64encode
from collections import defaultdict
from typing import Any, ClassVar
from uuid import uuid4

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from import_export import resources
from import_export.admin import ImportExportModelAdmin
from import_export.fields import Field
from import_export.formats.base_formats import CSV, XLSX
from import_export.instance_loaders import CachedInstanceLoader
from import_export.tmp_storages import CacheStorage
from tablib import Dataset  # type: ignore[import-untyped]
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from portal.lib.crypto import decrypt, encrypt

HEADER_LINES = 1


def cell_text(value: object) -> str:
    """Return what a person sees in the cell: spreadsheets store 14.90 as 14.9 and 0.3 as 0.30000000000000004."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.15g}"
    return str(value).strip()


class CellDiff(resources.Diff):  # type: ignore[misc]
    """Before and after of each cell; the library's own has colours that nobody can read in the dark."""

    def as_html(self) -> list[str]:
        return [
            format_html("<del>{}</del> <ins>{}</ins>", "" if self.new else before, after) if before != after else ""
            for before, after in zip(self.left, self.right, strict=True)
        ]


class SheetOptions:
    """What every sheet wants of the library; `class Meta(SheetOptions)` adds model and key."""

    instance_loader_class = CachedInstanceLoader
    clean_model_instances = True
    skip_unchanged = True
    report_skipped = True
    use_transactions = True


class SheetResource(resources.ModelResource):  # type: ignore[misc]
    """Reads and writes rows that are found by the columns of `import_id_fields`."""

    lines: dict[tuple[str, ...], list[int]]

    @property
    def keys(self) -> list[str]:
        return list(self._meta.import_id_fields)

    def get_diff_class(self) -> type[CellDiff]:
        return CellDiff

    def get_import_order(self) -> list[str]:
        return list(self.fields)

    def get_export_order(self) -> list[str]:
        return list(self.fields)

    def before_import(self, dataset: Dataset, **_kwargs: Any) -> None:
        """Refuse a sheet with columns we do not know: what is misspelt would silently stay as it was."""
        headers = [cell_text(header) for header in dataset.headers or []]
        dataset.headers = headers
        known = {field.column_name for field in self.fields.values()}
        if missing := [name for name in self.keys if name not in headers]:
            raise ValidationError(
                gettext("The sheet has no column “%(name)s”, by which its rows are found.") % {"name": missing[0]}
            )
        if unknown := [header for header in headers if header and header not in known]:
            raise ValidationError(gettext("Unknown columns: %(names)s.") % {"names": ", ".join(unknown)[:200]})
        self._drop_blank_end(dataset)
        self.lines = defaultdict(list)
        for line, row in enumerate(dataset.dict, start=1 + HEADER_LINES):
            self.lines[self._key(row)].append(line)

    def before_import_row(self, row: Any, **_kwargs: Any) -> None:
        key = self._key(row)
        for name, text in zip(self.keys, key, strict=True):
            if not text:
                raise ValidationError({name: gettext("A row needs its %(name)s.") % {"name": name}})
        if len(self.lines[key]) > 1:
            told = {"code": " ".join(key), "lines": ", ".join(str(line) for line in self.lines[key])}
            raise ValidationError({self.keys[0]: gettext("“%(code)s” stands on lines %(lines)s.") % told})

    def import_field(self, field: Field, instance: Model, row: Any, is_m2m: bool = False, **kwargs: Any) -> None:  # noqa: FBT001, FBT002
        """Turn what a cell complains about into what the library collects, so that a row tells all its faults."""
        try:
            super().import_field(field, instance, row, is_m2m, **kwargs)
        except ValidationError as error:
            raise ValueError(" ".join(error.messages)) from error

    def _key(self, row: Any) -> tuple[str, ...]:
        return tuple(cell_text(row[name]) for name in self.keys)

    @staticmethod
    def _drop_blank_end(dataset: Dataset) -> None:
        """Spreadsheets keep rows that were emptied."""
        while len(dataset) and not any(cell_text(value) for value in dataset[-1]):
            dataset.pop()


class SheetGone(Exception):
    """What was previewed is no longer kept: it was confirmed before, waited too long, or the cache lost it."""


class KeptStorage(CacheStorage):  # type: ignore[misc]
    """Keeps a sheet between preview and confirmation."""

    def read(self) -> Any:
        kept = super().read()
        if kept is None:
            raise SheetGone
        return kept


class SealedStorage(KeptStorage):
    """Keeps a sheet with secrets between preview and confirmation: encrypted, and for an hour."""

    CACHE_LIFETIME = 3600
    name: str | None

    def save(self, data: bytes) -> None:
        self.name = self.name or uuid4().hex
        super().save(encrypt(b64encode(data).decode(), context=self._context))

    def read(self) -> bytes:
        return b64decode(decrypt(super().read(), context=self._context))

    @property
    def _context(self) -> str:
        return f"sheet:{self.name}"


class SheetAdmin(ImportExportModelAdmin):  # type: ignore[misc]
    """A list that is exported and imported as CSV or XLSX, each import after a preview."""

    import_form_class = ImportForm
    export_form_class = ExportForm
    formats: ClassVar = (CSV, XLSX)
    to_encoding = "utf-8-sig"
    # A preview may be confirmed on another server than the one that took the file.
    tmp_storage_class = KeptStorage

    def has_import_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_add_permission(request) and self.has_change_permission(request))

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_permission(request))

    def get_import_data_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_import_data_kwargs(**kwargs), "rollback_on_validation_errors": True}

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().import_action(request, **kwargs)
        if getattr(request, "upload_too_large", False):
            told = gettext("This file is too large. Send a sheet of at most 12 MB.")
            self.message_user(request, told, messages.ERROR)
        return response

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            response: HttpResponse = super().process_import(request, **kwargs)
        except SheetGone:
            told = gettext("This sheet is no longer kept. Send it again, unless it was imported already.")
            self.message_user(request, told, messages.WARNING)
            return self._back_to_import()
        return response

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        """Tell that nothing was imported where rows changed between preview and confirmation."""
        if not (result.has_errors() or result.has_validation_errors()):
            response: HttpResponse = super().process_result(result, request)
            return response
        told = gettext("Nothing was imported: the rows have changed meanwhile. Send the file again.")
        self.message_user(request, told, messages.ERROR)
        return self._back_to_import()

    def _back_to_import(self) -> HttpResponse:
        return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_import"))
