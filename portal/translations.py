"""What a finished catalogue is, checked without gettext installed. docs/translations.md says it for translators."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from os import environ
from pathlib import Path
from typing import cast

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from portal.glossary import REQUIRED, SCRIPTS, STRAYS

LOCALES = ("zh_Hans", "zh_Hant")
IGNORED = ("frontend", "node_modules", "tests", "var")
EXTRACTION = ("--no-location", "--no-wrap", "--no-obsolete", *(f"--ignore={name}" for name in (".venv", *IGNORED)))
PLACEHOLDER = re.compile(r"%%|%\(\w+\)[-#0 +\d.]*[a-zA-Z]|%[-#0 +\d.]*[a-zA-Z]|\{\w*\}")
# A space stands between Chinese and Latin letters or digits; Chinese sentences take full-width marks.
CROWDED = re.compile(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]")
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:?]|[\u4e00-\u9fff]\.(?!\w)")
IDEOGRAPH = re.compile(r"[\u4e00-\u9fff]")


def problems(folder: Path) -> list[str]:
    """Tell everything that is unfinished or wrong in the catalogues under `folder`, a sentence each."""
    return [f"{locale}: {problem}" for locale in LOCALES for problem in _locale_problems(folder, locale)]


def out_of_date(folder: Path, *, sources: Path) -> list[str] | None:
    """Compare the catalogues with the texts in `sources`; None where there is no xgettext to read them."""
    if not shutil.which("xgettext"):
        return None
    extracted = _extract(sources)
    found = []
    for locale in LOCALES:
        known = {_key(message) for message in _messages(_po(folder, locale))}
        found += [f"{locale}: not in the catalogue: {_shown(key)}" for key in sorted(extracted - known)]
        found += [f"{locale}: no longer in the code: {_shown(key)}" for key in sorted(known - extracted)]
    return found


def compile_catalogues(folder: Path) -> None:
    """Write each .mo from its .po, without what is not ready: Babel would write an empty plural, and Django show it."""
    for locale in LOCALES:
        catalog = _po(folder, locale)
        for message in _messages(catalog):
            if not _is_ready(message):
                catalog.delete(message.id, message.context)
        with _path(folder, locale, "mo").open("wb") as file:
            write_mo(file, catalog)


def _locale_problems(folder: Path, locale: str) -> Iterator[str]:
    if not _path(folder, locale, "po").exists():
        yield "there is no django.po"
        return
    catalog = _po(folder, locale)
    yield from (f"obsolete: {_shown(_key(message))}" for message in catalog.obsolete.values())
    for message in _messages(catalog):
        yield from (f"{problem}: {_shown(_key(message))}" for problem in _message_problems(message, locale))
    ready = [message for message in _messages(catalog) if _is_ready(message)]
    if _compiled(folder, locale) != {_key(message): _texts(message) for message in ready}:
        yield "django.mo does not agree with django.po; run `manage.py update_translations --compile-only`"


def _message_problems(message: Message, locale: str) -> Iterator[str]:
    english, texts = _sources(message), _texts(message)
    if not all(texts):
        yield "not translated"
        return
    if message.fuzzy:
        yield "fuzzy"
    for text in texts:
        # The plural is the source: a singular may say "one" where Chinese needs the number.
        if sorted(PLACEHOLDER.findall(text)) != sorted(PLACEHOLDER.findall(english[-1])):
            yield "placeholders differ"
        if (text[0] == "\n", text[-1] == "\n") != (english[0][0] == "\n", english[0][-1] == "\n"):
            yield "a line break at an end differs"
        yield from _usage_problems(english[0].casefold(), text, locale)


def _usage_problems(english: str, text: str, locale: str) -> Iterator[str]:
    if strangers := [sign for sign in IDEOGRAPH.findall(text) if not _is_written_in(sign, SCRIPTS[locale])]:
        yield f"not {locale}: {''.join(strangers)}"
    if strays := [word for word in STRAYS[locale] if word in text]:
        yield f"not said here: {', '.join(strays)}"
    if missing := [term for word, term in REQUIRED[locale].items() if word in english and term not in text]:
        yield f"the glossary says {', '.join(missing)}"
    if CROWDED.search(PLACEHOLDER.sub("%", text)):
        yield "a space is missing between Chinese and Latin letters or digits"
    if HALF_WIDTH.search(text):
        yield "half-width punctuation after Chinese"
    if "!" in text or "！" in text:
        yield "exclamation mark"


def _is_written_in(sign: str, encoding: str) -> bool:
    try:
        sign.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _extract(sources: Path) -> set[tuple[str, str]]:
    """Let Django read the texts of a copy of the project, so that the real catalogues stay as they are."""
    environment = {name: value for name, value in environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(sources, copy, ignore=shutil.ignore_patterns(".*", "locale", "static", "docs", *IGNORED))
        (copy / "locale").mkdir()
        arguments = [sys.executable, "-m", "django", "makemessages", "--locale", LOCALES[0], *EXTRACTION]
        subprocess.run(arguments, cwd=copy, env=environment, check=True, capture_output=True)  # noqa: S603
        return {_key(message) for message in _messages(_po(copy / "locale", LOCALES[0]))}


def _po(folder: Path, locale: str) -> Catalog:
    # Babel prints a warning for each plural that makemessages has just added: those come with two forms.
    with _path(folder, locale, "po").open("rb") as file, redirect_stdout(StringIO()):
        return read_po(file, locale=locale)


def _compiled(folder: Path, locale: str) -> dict[tuple[str, str], tuple[str, ...]]:
    if not _path(folder, locale, "mo").exists():
        return {}
    with _path(folder, locale, "mo").open("rb") as file:
        return {_key(message): _texts(message) for message in _messages(read_mo(file))}


def _path(folder: Path, locale: str, suffix: str) -> Path:
    return folder / locale / "LC_MESSAGES" / f"django.{suffix}"


def _messages(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def _is_ready(message: Message) -> bool:
    return all(_texts(message)) and not message.fuzzy


def _key(message: Message) -> tuple[str, str]:
    # read_mo leaves contexts undecoded, whatever its types say.
    context = cast("str | bytes", message.context or "")
    return context.decode() if isinstance(context, bytes) else context, _sources(message)[0]


def _sources(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def _texts(message: Message) -> tuple[str, ...]:
    return (message.string or "",) if isinstance(message.string, str | None) else tuple(message.string)


def _shown(key: tuple[str, str]) -> str:
    context, text = key
    return f"{text!r} ({context})" if context else repr(text)
