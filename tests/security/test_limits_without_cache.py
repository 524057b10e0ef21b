"""Redis gone: what is counted against guessing, and of programs, is counted all the same, and a used code stays used."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache
from django.test import Client

from accounts.models import HeldValue
from accounts.second_factors import factors_of
from portal.api import door
from portal.settings import CACHES as REAL_CACHES
from tests import make
from tests.accounts.conftest import is_signed_in
from tests.accounts.test_second_step import current_code
from tests.api.conftest import Program, make_token
from tests.fakes.crowd import together
from tests.security.silence import nobody

LOGIN, CODE = "/accounts/login/", "/accounts/login/code/"


@pytest.fixture(autouse=True)
def _no_redis(settings):
    """Use the portal's own cache settings, where nobody listens."""
    with nobody() as port:
        settings.CACHES = {
            **REAL_CACHES,
            "default": {**REAL_CACHES["default"], "LOCATION": f"redis://127.0.0.1:{port}/0"},
        }
        yield


def test_after_five_wrong_passwords_the_right_one_opens_nothing(subscriber):
    for _ in range(5):
        Client().post(LOGIN, {"login": subscriber.email, "password": "wrong"})

    guessing = Client()
    guessing.post(LOGIN, {"login": subscriber.email, "password": make.PASSWORD})

    assert not is_signed_in(guessing)


def test_no_more_codes_are_sent_in_a_minute_than_with_redis(subscriber, outbox):
    for _ in range(6):
        Client().post(CODE, {"login": subscriber.email})

    assert len(outbox.to(subscriber.email)) == 3


def test_a_program_asks_no_more_often_than_with_redis(program, subscriber, time_machine, now, monkeypatch):
    monkeypatch.setattr(door, "READS_A_WINDOW", 2)
    time_machine.move_to(now, tick=False)
    other = Program(Client(), make_token(subscriber)[1])

    assert [program.get("/lines")[0] for _ in range(3)] == [200, 200, 429]
    assert other.get("/lines")[0] == 200
    time_machine.shift(door.WINDOW_SECONDS)
    assert program.get("/lines")[0] == 200


def test_reading_and_changing_are_counted_apart(program, monkeypatch):
    monkeypatch.setattr(door, "WRITES_A_WINDOW", 0)

    assert program.do("post", "/orders", {})[0] == 429
    assert program.get("/lines")[0] == 200


@pytest.mark.usefixtures("early_in_a_time_step")
def test_a_code_of_an_authenticator_app_is_good_for_one_use(subscriber):
    with factors_of(subscriber):
        app = TOTP.activate(subscriber, "JBSWY3DPEHPK3PXP")
        code = current_code("JBSWY3DPEHPK3PXP")

        assert [app.validate_code(code), app.validate_code(code)] == [True, False]


def test_what_is_held_tells_no_address(subscriber):
    Client().post(CODE, {"login": subscriber.email})

    held = list(HeldValue.objects.values())

    assert held
    assert not any(word in str(held) for word in (subscriber.email, "127.0.0.1", "allauth"))


def test_time_runs_out_as_in_redis(subscriber, time_machine, now):
    time_machine.move_to(now, tick=False)
    cache.set("allauth:rl:x", [1.5], 60)
    assert cache.get("allauth:rl:x") == [1.5]
    assert not cache.add("allauth:rl:x", [], 60)

    time_machine.move_to(now.replace(minute=1), tick=False)

    assert cache.get("allauth:rl:x", "none") == "none"
    assert cache.add("allauth:rl:x", [2], 60)
    assert cache.touch("allauth:rl:x", 60)
    assert [cache.delete("allauth:rl:x"), cache.delete("allauth:rl:x")] == [True, False]


def test_what_pages_keep_does_not_fill_the_database(db):
    cache.set("front:1", "page", 60)

    assert cache.get("front:1") is None
    assert not HeldValue.objects.exists()


def test_what_was_never_counted_is_not_counted_on(db):
    with pytest.raises(ValueError, match="not found"):
        cache.incr("api:read:token:1")


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_many_that_a_program_asks_at_once_none_goes_uncounted():
    def ask(_number):
        cache.add("api:read:token:1", 0, 60)
        return cache.incr("api:read:token:1")

    assert sorted(together(12, ask)) == list(range(1, 13))


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_is_first():
    answers = together(12, lambda _number: cache.add("allauth.mfa.totp.used?user=1&code=000000", "y", 30))

    assert sorted(answers) == [False] * 11 + [True]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_lock_that_is_taken_and_given_back_all_the_time_breaks_nobody():
    """Allauth locks so whatever it counts."""

    def lock(_number):
        had = [cache.add("allauth:rl:x:lock", 1, 10) and cache.delete("allauth:rl:x:lock") for _ in range(20)]
        return True in had

    assert set(together(8, lock)) <= {True, False}
