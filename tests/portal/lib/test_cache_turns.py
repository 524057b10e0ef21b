"""One at a time at a name; whoever waits in vain is told so."""

import pytest

from portal.lib import cache_turns
from portal.lib.cache_turns import turn_at


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(cache_turns, "PAUSES", (0.0,))


def test_a_turn_is_given_back():
    with turn_at("paying:1") as first:
        assert first
    with turn_at("paying:1") as second:
        assert second


def test_a_turn_is_given_back_by_who_failed_in_it():
    with pytest.raises(ZeroDivisionError), turn_at("paying:1"):
        _ = 1 // 0
    with turn_at("paying:1") as second:
        assert second


@pytest.mark.usefixtures("impatient")
def test_who_waits_in_vain_neither_has_a_turn_nor_ends_that_of_another():
    with turn_at("paying:1"):
        for _ in range(2):
            with turn_at("paying:1") as second:
                assert not second


@pytest.mark.usefixtures("impatient")
def test_who_took_too_long_does_not_end_the_turn_of_the_next(monkeypatch):
    monkeypatch.setattr(cache_turns, "LASTS_SECONDS", 0)
    late = turn_at("paying:1")
    late.__enter__()
    monkeypatch.setattr(cache_turns, "LASTS_SECONDS", 60)
    with turn_at("paying:1") as next_one:
        monkeypatch.setattr(cache_turns, "LASTS_SECONDS", 0)
        late.__exit__(None, None, None)
        with turn_at("paying:1") as third:
            assert (next_one, third) == (True, False)
        monkeypatch.setattr(cache_turns, "LASTS_SECONDS", 60)
