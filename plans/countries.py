"""Names of countries, and finding a country by what somebody types."""

import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache

from babel import Locale

SHORTHANDS = {"uk": "GB", "usa": "US", "uae": "AE"}
"""What people type that is neither a name nor a code of ISO 3166."""

LONGEST_CODE = 2
# CLDR names more than countries by two letters: unions, remote islands together, and made-up ones for testing.
NO_COUNTRIES = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})


@cache
def country_names(language: str) -> dict[str, str]:
    """Return ISO 3166 codes and names in a language (a Django tag), in the order of the names."""
    territories = Locale.parse(language, sep="-").territories
    named = {
        code: name
        for code, name in territories.items()
        if len(code) == LONGEST_CODE and code.isalpha() and code not in NO_COUNTRIES
    }
    return dict(sorted(named.items(), key=lambda item: _folded(item[1])))


def country_name(code: str, language: str) -> str:
    return country_names(language).get(code, code)


def named_countries(codes: Iterable[str], language: str) -> list[str]:
    """Return the names, sorted as a reader of the language would look for them."""
    return sorted((country_name(code, language) for code in codes), key=_folded)


@lru_cache(maxsize=512)
def countries_matching(text: str, language: str) -> frozenset[str]:
    """Find countries by code, or by name in the language or in English.

    Two Latin letters are a code before they are the beginning of a name: "in" is India, not Indonesia too.
    """
    wanted = _folded(text.strip())
    if not wanted:
        return frozenset()
    if shorthand := SHORTHANDS.get(wanted):
        return frozenset({shorthand})
    if wanted.upper() in country_names("en"):
        return frozenset({wanted.upper()})
    return frozenset(
        code
        for spoken in (language, "en")
        for code, name in country_names(spoken).items()
        if _names(_folded(name), wanted)
    )


def _names(name: str, wanted: str) -> bool:
    """Match beginnings of words; Chinese has no words to begin, so there anywhere."""
    if not wanted.isascii():
        return wanted in name
    return f" {wanted}" in f" {name.replace('-', ' ')}"


def _folded(text: str) -> str:
    """Drop case and accents: "Côte d’Ivoire" is found by "cote d'ivoire"."""
    plain = unicodedata.normalize("NFKD", text.replace("’", "'"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()
