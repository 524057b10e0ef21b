"""Every dependency says what it is for."""

import re
import tomllib

import pytest
from django.conf import settings

PROJECT = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))
REASONS = (settings.BASE_DIR / "docs" / "dependencies.md").read_text(encoding="utf-8")
REQUIREMENTS = [
    *PROJECT["project"]["dependencies"],
    *(requirement for group in PROJECT["dependency-groups"].values() for requirement in group),
]


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_dependency_says_what_it_is_for(requirement):
    name = re.match(r"[A-Za-z0-9-]+", requirement)

    assert name
    assert re.search(rf"^\|[^|]*`{name[0]}`", REASONS, re.MULTILINE)
