"""Countries are found the way people type them."""

import pytest

from plans.countries import countries_matching, country_names, named_countries


@pytest.mark.parametrize(
    ("typed", "language", "expected"),
    [
        ("France", "en", {"FR"}),
        ("fra", "en", {"FR"}),
        ("fr", "en", {"FR"}),
        ("法国", "zh-hans", {"FR"}),
        ("法國", "zh-hant", {"FR"}),
        ("france", "zh-hans", {"FR"}),
        ("  GERMANY ", "en", {"DE"}),
        ("cote d'ivoire", "en", {"CI"}),
        ("Türkiye", "en", {"TR"}),
        ("turkiye", "en", {"TR"}),
        ("UK", "en", {"GB"}),
        ("korea", "en", {"KP", "KR"}),
        ("nowhere", "en", set()),
        ("", "en", set()),
    ],
)
def test_country_is_found(typed, language, expected):
    assert countries_matching(typed, language) == expected


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_unions_and_unknown_places_are_no_countries(language):
    assert not {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"} & country_names(language).keys()


def test_names_come_in_the_order_of_the_language():
    assert named_countries(["IT", "CI", "FR"], "en") == ["Côte d’Ivoire", "France", "Italy"]
    assert set(named_countries(["IT", "FR"], "zh-hans")) == {"意大利", "法国"}
