"""The API, its description and its page."""

import re
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from portal.api import (
    activity,
    adding_money,
    advice,
    allowances,
    answering,
    arrears,
    balance,
    budgets,
    calendars,
    cards,
    costs,
    described,
    details,
    documents,
    doubts,
    full_speed,
    giving_back,
    lines,
    low_balance,
    low_data,
    orders,
    paying_again,
    people,
    plans,
    preferences,
    queue,
    quotes,
    referrals,
    refusals,
    renewals,
    requests,
    service,
    sims,
    statement,
    timelines,
    usage,
    why,
)
from portal.api.door import Needs, for_programs

CONVERTED = re.compile(r"<(?:\w+:)?(\w+)>")


class PortalAPI(NinjaAPI):
    """Ninja's, with a fuller description of itself."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.scopes: dict[str, str] = {}

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Return what generated clients call it."""
        name = str(operation.view_func.__name__)
        self.scopes[name] = "".join(auth.scope for auth in operation.auth_callbacks if isinstance(auth, Needs))
        return name

    def get_openapi_schema(self, **_options: Any) -> OpenAPISchema:
        return self.description_of_all

    @cached_property
    def description_of_all(self) -> OpenAPISchema:
        return described.complete(super().get_openapi_schema(), scopes=self.scopes)

    def names_in_query(self, request: HttpRequest) -> set[str]:
        """Return what the address of a request may carry behind its question mark."""
        match = request.resolver_match
        path = CONVERTED.sub(r"{\1}", f"/{match.route}" if match else "")
        operation = self.description_of_all["paths"][path][(request.method or "").lower()]
        return {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}


api = PortalAPI(
    title="Subscriber API",
    version="1",
    description=described.INTRODUCTION,
    urls_namespace="api",
    docs_url="/docs",
    openapi_url="/openapi.json",
)
refusals.register(api)
ROUTERS = {
    "/lines": [
        lines,
        allowances,
        service,
        sims,
        people,
        usage,
        full_speed,
        budgets,
        advice,
        doubts,
        renewals,
        answering,
        timelines,
        low_data,
        queue,
    ],
    "/plans": [plans, quotes],
    "/orders": [orders, giving_back, paying_again, why],
    "/payment-methods": [cards],
    "/tickets": [requests],
    "": [
        balance,
        adding_money,
        statement,
        arrears,
        low_balance,
        documents,
        details,
        costs,
        referrals,
        preferences,
        calendars,
        activity,
    ],
}
for _prefix, _topics in ROUTERS.items():
    for _topic in _topics:
        api.add_router(_prefix, _topic.router)

_patterns, _app, _namespace = api.urls
for _entry in _patterns:
    if not isinstance(_entry, URLPattern) or _entry.callback is None:
        continue
    if _entry.name == "api-root":
        _entry.callback = RedirectView.as_view(pattern_name="api:openapi-view")
    elif _entry.name in {"openapi-json", "openapi-view"}:
        _entry.callback = require_safe(_entry.callback)
    else:
        _entry.callback = for_programs(_entry.callback, names=api.names_in_query)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", (_patterns, _app, _namespace)),
    re_path(r"^.*", refusals.no_such_address),
]
