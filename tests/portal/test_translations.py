"""The committed catalogues are complete, and every check that says so can say no."""

import re
import shutil
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext, ngettext

from portal.glossary import REQUIRED
from portal.translations import LOCALES, compile_catalogues, out_of_date, problems

HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n'
SOUND = """
msgid "%(name)s needs a plan"
msgstr "%(name)s 要 8 GB"

#, python-format
msgid "%(count)d day"
msgid_plural "%(count)d days"
msgstr[0] "%(count)d 天"

msgctxt "navigation"
msgid "Help"
msgstr "去"
"""


@pytest.fixture
def folder(tmp_path):
    """Catalogues without a fault, in characters that both scripts share."""
    for locale in LOCALES:
        (tmp_path / locale / "LC_MESSAGES").mkdir(parents=True)
        write(tmp_path, locale, SOUND)
    compile_catalogues(tmp_path)
    return tmp_path


def write(folder: Path, locale: str, body: str) -> None:
    (folder / locale / "LC_MESSAGES" / "django.po").write_text(HEADER + body, encoding="utf-8")


def found_in(folder: Path, locale: str, body: str) -> list[str]:
    write(folder, locale, body)
    compile_catalogues(folder)
    return problems(folder)


@pytest.mark.slow
def test_the_committed_catalogues_are_without_fault():
    assert problems(settings.BASE_DIR / "locale") == []


@pytest.mark.slow
def test_the_committed_catalogues_have_every_text_of_the_code():
    found = out_of_date(settings.BASE_DIR / "locale", sources=settings.BASE_DIR)

    if found is None:
        pytest.skip("NOT CHECKED whether locale/ has every text of the code: xgettext is not installed")
    assert found == []


def test_sound_catalogues_pass(folder):
    assert problems(folder) == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('msgid "Help"\nmsgstr ""\n', "not translated: 'Help'"),
        ('msgid "a day"\nmsgid_plural "days"\nmsgstr[0] ""\n', "not translated: 'a day'"),
        ('#, fuzzy\nmsgid "Help"\nmsgstr "去"\n', "fuzzy: 'Help'"),
        ('#~ msgid "Help"\n#~ msgstr "去"\n', "obsolete: 'Help'"),
        ('msgid "%(name)s"\nmsgstr "%(nam)s"\n', "placeholders differ: '%(name)s'"),
        ('msgid "%s of %s"\nmsgstr "%s"\n', "placeholders differ: '%s of %s'"),
        ('msgid "{} new"\nmsgstr "去"\n', "placeholders differ: '{} new'"),
        (
            'msgid "one day"\nmsgid_plural "%(count)d days"\nmsgstr[0] "一天"\n',
            "placeholders differ: 'one day'",
        ),
        ('msgid "\\nHelp"\nmsgstr "去"\n', "a line break at an end differs: '\\nHelp'"),
        ('msgid "Help"\nmsgstr "去8 GB"\n', "a space is missing between Chinese and Latin letters or digits: 'Help'"),
        ('msgid "Help"\nmsgstr "去,不去"\n', "half-width punctuation after Chinese: 'Help'"),
        ('msgid "Help"\nmsgstr "去！"\n', "exclamation mark: 'Help'"),
    ],
)
def test_a_fault_in_a_text_is_told(folder, body, fault):
    found = found_in(folder, "zh_Hans", body)

    assert found == [f"zh_Hans: {fault}"]


@pytest.mark.parametrize(
    ("locale", "text", "fault"),
    [
        ("zh_Hans", "門號", "not zh_Hans: 門號"),
        ("zh_Hant", "号卡", "not zh_Hant: 号"),
        ("zh_Hans", "登入", "not said here: 登入"),
        ("zh_Hant", "套餐", "not said here: 套餐"),
    ],
)
def test_the_words_of_the_other_side_are_told(folder, locale, text, fault):
    found = found_in(folder, locale, f'msgid "x"\nmsgstr "{text}"\n')

    assert found == [f"{locale}: {fault}: 'x'"]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_term_of_the_glossary_is_required(folder, locale):
    found = found_in(folder, locale, 'msgid "Your coupon"\nmsgstr "卡"\n')

    assert found == [f"{locale}: the glossary says {REQUIRED[locale]['coupon']}: 'Your coupon'"]


def test_a_po_changed_after_compiling_is_told(folder):
    write(folder, "zh_Hant", SOUND.replace("去", "不去"))

    assert problems(folder) == [
        "zh_Hant: django.mo does not agree with django.po; run `manage.py update_translations --compile-only`"
    ]


def test_a_missing_catalogue_is_told(folder):
    shutil.rmtree(folder / "zh_Hant")

    assert problems(folder) == ["zh_Hant: there is no django.po"]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("xgettext"), reason="needs xgettext")
def test_texts_the_catalogue_lacks_or_outlived_are_told(folder, tmp_path_factory):
    sources = tmp_path_factory.mktemp("sources")
    (sources / "page.html").write_text(
        '{% load i18n %}{% translate "Help" context "navigation" %}{% translate "New" %}'
    )

    found = out_of_date(folder, sources=sources)

    assert found == [
        fault
        for locale in LOCALES
        for fault in (
            f"{locale}: not in the catalogue: 'New'",
            f"{locale}: no longer in the code: '%(count)d day'",
            f"{locale}: no longer in the code: '%(name)s needs a plan'",
        )
    ]


def test_django_reads_what_was_compiled():
    with translation.override("zh-hans"):
        simplified = gettext("auto-renewal"), ngettext("in %(days)d day", "in %(days)d days", 9) % {"days": 9}
    with translation.override("zh-hant"):
        traditional = gettext("auto-renewal"), ngettext("in %(days)d day", "in %(days)d days", 9) % {"days": 9}

    assert simplified == ("自动续费", "9 天后")
    assert traditional == ("自動續約", "9 天後")


@pytest.mark.parametrize("locale", LOCALES)
def test_the_page_for_translators_carries_the_required_words(locale):
    page = (settings.BASE_DIR / "docs" / "translations.md").read_text(encoding="utf-8")

    assert [term for term in REQUIRED[locale].values() if not re.search(re.escape(term), page)] == []
