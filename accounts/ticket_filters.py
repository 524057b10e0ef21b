"""How staff narrow the list of tickets: by whose they are, and by how soon they were answered."""

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import Ticket

HOURS = (1, 4, 24)
"""Within which a first answer came."""


class FirstAnswerFilter(admin.SimpleListFilter):
    title = _("first answer")
    parameter_name = "first_answer"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        within = [(str(hours), _("within %(hours)d h") % {"hours": hours}) for hours in HOURS]
        return [*within, ("later", _("later than %(hours)d h") % {"hours": HOURS[-1]}), ("none", _("none yet"))]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        value = self.value() or ""
        if value == "none":
            return queryset.filter(first_answered_at__isnull=True)
        if value == "later":
            return queryset.filter(first_answered_at__gt=F("opened_at") + timedelta(hours=HOURS[-1]))
        if value in map(str, HOURS):
            return queryset.filter(first_answered_at__lte=F("opened_at") + timedelta(hours=int(value)))
        return queryset


class AssignedFilter(admin.SimpleListFilter):
    title = _("assigned")
    parameter_name = "assigned"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        return [("me", _("to me")), ("nobody", _("to nobody")), ("others", _("to others"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> QuerySet[Ticket]:
        if self.value() == "me":
            return queryset.filter(assignee=request.user.pk)
        if self.value() == "others":
            return queryset.filter(assignee__isnull=False).exclude(assignee=request.user.pk)
        return queryset.filter(assignee__isnull=True) if self.value() == "nobody" else queryset
