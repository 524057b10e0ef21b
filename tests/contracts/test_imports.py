"""What import-linter cannot say: the apps see of `portal` only its library, and workflows see no request and no queue."""

import ast
from functools import cache

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
    "service_dialogs",
    "tasks",
    "templatetags",
    "urls",
    "views",
    "webhooks",
}
EDGE_ENDINGS = ("_admin", "_api", "_sheet", "_views")
WORKFLOWS = [
    path
    for path in MODULES
    if (parts := path.relative_to(settings.BASE_DIR).with_suffix("").parts)[0] in {"esim", "billing"}
    and not EDGE & set(parts)
    and not parts[-1].endswith(EDGE_ENDINGS)
]
NOT_FOR_WORKFLOWS = ("celery", "django.http", "django.shortcuts")


def name(path):
    return str(path.relative_to(settings.BASE_DIR))


@cache
def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def faults(paths, found_in):
    """Return what a function finds in modules, by the name of the module."""
    assert len(paths) > 50
    return {name(path): found for path in paths if (found := found_in(path))}


@pytest.mark.slow
def test_apps_see_of_portal_only_its_library():
    def upward(path):
        return [one for one in imports_of(path) if one.startswith("portal.") and not one.startswith("portal.lib.")]

    assert faults(MODULES, upward) == {}


def test_workflows_know_neither_requests_nor_the_queue():
    def edge(path):
        return [one for one in imports_of(path) if one.startswith(NOT_FOR_WORKFLOWS)]

    assert faults(WORKFLOWS, edge) == {}


def test_workflows_are_told_what_time_it_is():
    def looks_at_the_clock(path):
        return [
            node.lineno
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"timezone.now", "datetime.now", "date.today"}
        ]

    assert faults([path for path in WORKFLOWS if "gateways" not in path.parts], looks_at_the_clock) == {}
