"""What the staff pages of every app share: who may look, read-only pages, and columns of money, data and states."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_permission_codename
from django.db.models import Choices, JSONField, Model
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from portal.lib.crypto import sealed_columns
from portal.lib.data_size import format_bytes
from portal.lib.dates import format_clock, format_date_for
from portal.lib.money import format_money

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Column = Callable[[Any], Any]


def may_look_at(request: HttpRequest, model: type[Model]) -> bool:
    """Tell whether the staff site would show rows of a model; whoever may change them may look."""
    meta = model._meta  # noqa: SLF001
    powers = (f"{meta.app_label}.{get_permission_codename(deed, meta)}" for deed in ("view", "change"))
    return request.user.is_staff and any(request.user.has_perm(power) for power in powers)


def person(path: str) -> tuple[str, ...]:
    """Return by what somebody is found in `search_fields`: lists show names, and callers give numbers and addresses."""
    return tuple(f"{path}__{column}" for column in ("email", "phone", "full_name", "public_id"))


class StaffAdmin(ModelAdmin):  # type: ignore[misc]
    """A list that does not count what it filters out, and a form that asks before losing what was typed."""

    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = True
    compressed_fields = True
    warn_unsaved_form = True
    hidden: tuple[str, ...] = ()
    """Fields that no page shows, besides those with secrets at rest."""
    redacted: tuple[str, ...] = ()
    """Fields that a page shows in part."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Narrow a list down by nothing that its pages keep back: how many rows are left would tell it by and by."""
        kept_back = {*self.hidden, *self.redacted, *sealed_columns(self.model)} - {self.opts.pk.name}
        return lookup.partition(LOOKUP_SEP)[0] not in kept_back and bool(super().lookup_allowed(lookup, value, request))


class KeptAdmin(StaffAdmin):
    """Rows that are changed perhaps, and never deleted."""

    def has_delete_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        return False


class ReadOnlyAdmin(KeptAdmin):
    """Rows that only the portal writes: staff look, and act through named actions.

    A page shows every field: in the words of `shown_as` where the column is not fit to read, and not at all
    where it is `hidden`. What the database works out of others, for its indexes, would only say them again.
    """

    shown_as: Mapping[str, Column] = {}
    hidden: tuple[str, ...] = ("id",)

    def get_fields(self, _request: HttpRequest, _obj: Model | None = None) -> list[Any]:
        columns = self.model._meta.concrete_fields  # noqa: SLF001
        left_out = {*self.hidden, *sealed_columns(self.model)}
        fields = [field for field in columns if field.name not in left_out and not field.generated]
        return [
            self.shown_as.get(field.name, _facts(field) if isinstance(field, JSONField) else field.name)
            for field in fields
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Leave out the button to a history that is always empty: what staff do here is in the audit trail."""
        context = {"show_history": False, **(extra_context or {})}
        response: HttpResponse = super().change_view(request, object_id, form_url, context)
        return response

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return self.get_fields(request, obj)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(TabularInline):  # type: ignore[misc]
    """Rows of another model on the page of the row they belong to."""

    extra = 0
    tab = True
    show_change_link = True
    can_delete = False

    def get_readonly_fields(self, _request: HttpRequest, _obj: Model | None = None) -> Any:
        return self.fields

    def has_add_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        return False


def money_column(attribute: str, label: "str | _StrPromise", *, ordering: str | None = None) -> Column:
    """Return a list column that writes a Money attribute in the reader's language."""

    @display(description=label, ordering=ordering)  # type: ignore[untyped-decorator]
    def column(row: Any) -> str:
        return format_money(getattr(row, attribute), get_language() or "en")

    return _named(column, attribute)


def data_column(attribute: str, label: "str | _StrPromise", *, empty: "str | _StrPromise" = "") -> Column:
    """Return a list column that writes bytes as MB and GB."""

    @display(description=label, ordering=attribute)  # type: ignore[untyped-decorator]
    def column(row: Any) -> str:
        n = getattr(row, attribute)
        return str(empty) if n is None else format_bytes(n, get_language() or "en")

    return _named(column, attribute)


def moment_column(attribute: str, label: "str | _StrPromise") -> Column:
    """Return a list column that writes an instant short, on the reader's clock: "21 Nov 2026 14:05"."""

    @display(description=label, ordering=attribute)  # type: ignore[untyped-decorator]
    def column(row: Any) -> str:
        moment = getattr(row, attribute)
        if moment is None:
            return ""
        local, language = timezone.localtime(moment), get_language() or "en"
        return f"{format_date_for(local, language)} {format_clock(local, language)}".replace(" ", "\N{NO-BREAK SPACE}")

    return _named(column, attribute)


def state_column(
    attribute: str, label: "str | _StrPromise", states: type[Choices], colours: Mapping[str, str]
) -> Column:
    """Return a list column with the state in words on its colour; states without one stay grey."""
    every = {str(value): colours.get(str(value), "") for value in states.values}

    @display(description=label, ordering=attribute, label=every)  # type: ignore[untyped-decorator]
    def column(row: Any) -> tuple[str, str]:
        return getattr(row, attribute), getattr(row, f"get_{attribute}_display")()

    return _named(column, attribute)


@cache
def _facts(field: JSONField) -> Column:
    """Return a column of a JSON field in which Chinese can be read. One a field: forms compare columns."""

    @display(description=field.verbose_name)  # type: ignore[untyped-decorator]
    def column(row: Any) -> SafeString:
        text = json.dumps(getattr(row, field.name), ensure_ascii=False, indent=2, sort_keys=True, default=str)
        return format_html('<pre class="whitespace-pre-wrap">{}</pre>', text)

    return _named(column, field.name)


def _named(column: Column, attribute: str) -> Column:
    # The admin names the CSS class and the sort column after the function.
    column.__name__ = f"{attribute}_column"
    return column
