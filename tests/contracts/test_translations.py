"""The interface is whole in every language, and what is committed is what the source says."""

import re
import shutil
import subprocess
import sys

import polib
import pytest
from django.conf import settings

LOCALES = ["zh_Hans", "zh_Hant"]
PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|%[sd]|{[a-z_]*}")


def catalogue(locale: str) -> polib.POFile:
    path = settings.BASE_DIR / "locale" / locale / "LC_MESSAGES" / "django.po"
    assert path.exists(), f"{path} is missing: run `make messages`"
    return polib.pofile(str(path))


def translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_sentence_is_translated(locale):
    left = [e.msgid for e in catalogue(locale) if not e.obsolete and not all(translations(e))]

    assert left == []


@pytest.mark.parametrize("locale", LOCALES)
def test_no_translation_is_a_guess(locale):
    assert [entry.msgid for entry in catalogue(locale) if entry.fuzzy and not entry.obsolete] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_placeholders_survive_translation(locale):
    # Chinese has one plural form, so it must hold what the English plural holds.
    lost = [
        entry.msgid
        for entry in catalogue(locale)
        if not entry.obsolete
        for text in translations(entry)
        if set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
    ]

    assert lost == []


@pytest.mark.parametrize("locale", LOCALES)
def test_compiled_catalogue_agrees_with_its_source(locale):
    source = catalogue(locale)
    compiled = polib.mofile(source.fpath.removesuffix("po") + "mo")

    assert {(e.msgctxt, e.msgid): translations(e) for e in compiled} == {
        (e.msgctxt, e.msgid): translations(e) for e in source.translated_entries()
    }


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="needs gettext to collect the sentences anew")
@pytest.mark.parametrize("locale", LOCALES)
def test_no_sentence_is_missing_from_the_catalogue(locale, tmp_path):
    committed = catalogue(locale)
    sources = ["accounts", "billing", "esim", "locale", "manage.py", "plans", "portal", "templates"]
    for name in sources:
        source = settings.BASE_DIR / name
        shutil.copytree(source, tmp_path / name) if source.is_dir() else shutil.copy(source, tmp_path / name)
    subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "manage.py", "makemessages", "--locale", locale, "--no-obsolete", "--verbosity", "0"],
        cwd=tmp_path,
        check=True,
        env={"PATH": "/usr/bin:/bin", "PORTAL_DATA_DIR": str(tmp_path / "var")},
    )

    fresh = polib.pofile(str(tmp_path / "locale" / locale / "LC_MESSAGES" / "django.po"))

    assert {(e.msgctxt, e.msgid) for e in fresh} == {(e.msgctxt, e.msgid) for e in committed if not e.obsolete}
