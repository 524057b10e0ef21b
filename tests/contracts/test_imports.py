"""What import-linter cannot say: the apps see of `portal` only its library, and workflows see no request and no queue."""

import ast

import pytest
from django.conf import settings

APPS = ["accounts", "plans", "esim", "billing"]
MODULES = sorted(
    path for app in APPS for path in (settings.BASE_DIR / app).rglob("*.py") if "migrations" not in path.parts
)
EDGE = {
    "admin",
    "apps",
    "forms",
    "management",
    "sandbox_views",
    "tasks",
    "templatetags",
    "urls",
    "views",
    "webhooks",
}
WORKFLOWS = [
    path
    for path in MODULES
    if (parts := path.relative_to(settings.BASE_DIR).with_suffix("").parts)[0] in {"esim", "billing"}
    and not EDGE & set(parts)
]
NOT_FOR_WORKFLOWS = ("celery", "django.http", "django.shortcuts")


def name(path):
    return str(path.relative_to(settings.BASE_DIR))


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_apps_see_of_portal_only_its_library(path):
    upward = [one for one in imports_of(path) if one.startswith("portal.") and not one.startswith("portal.lib.")]

    assert upward == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=name)
def test_workflows_know_neither_requests_nor_the_queue(path):
    assert [one for one in imports_of(path) if one.startswith(NOT_FOR_WORKFLOWS)] == []


@pytest.mark.parametrize("path", [path for path in WORKFLOWS if "gateways" not in path.parts], ids=name)
def test_workflows_are_told_what_time_it_is(path):
    calls = [
        node
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"timezone.now", "datetime.now", "date.today"}
    ]

    assert [call.lineno for call in calls] == []
