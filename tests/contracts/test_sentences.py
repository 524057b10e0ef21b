"""Sentences for people reach the catalogues: the tool that collects them knows functions by their names."""

import ast
from pathlib import Path

import pytest
from django.conf import settings

APPS = ("accounts", "plans", "esim", "billing", "portal")
TRANSLATION = "django.utils.translation"
COLLECTED = {
    "_",
    "gettext",
    "gettext_lazy",
    "gettext_noop",
    "ngettext",
    "ngettext_lazy",
    "pgettext",
    "pgettext_lazy",
} | {
    "npgettext",
    "npgettext_lazy",
}
"""What makemessages looks for, whatever else a function is called."""


def uncollected(source):
    """Yield the names under which a module marks sentences that nobody collects."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == TRANSLATION:
            for alias in node.names:
                if alias.name in COLLECTED and (alias.asname or alias.name) not in COLLECTED:
                    yield alias.asname


def test_every_module_marks_its_sentences_by_a_name_that_is_collected():
    modules = [module for app in APPS for module in Path(settings.BASE_DIR / app).rglob("*.py")]

    found = {str(module): names for module in modules if (names := [*uncollected(module.read_text(encoding="utf-8"))])}

    assert found == {}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("from django.utils.translation import gettext_noop as noop", ["noop"]),
        ("from django.utils.translation import gettext_noop as _", []),
        ("from django.utils.translation import get_language as language", []),
    ],
)
def test_control_another_name_is_found(line, found):
    assert [*uncollected(line)] == found
