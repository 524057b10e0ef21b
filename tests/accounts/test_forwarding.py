"""More trusted proxies configured than there are: pages answer, and nobody chooses the address that limits count."""

import logging
from ipaddress import ip_network

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from accounts import forwarding
from tests import make
from tests.accounts.conftest import is_signed_in

LOGIN, PROXY = "/accounts/login/", "192.0.2.1"


@pytest.fixture(autouse=True)
def _one_proxy_too_many(settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
    forwarding._warn_once.cache_clear()
    yield
    forwarding._warn_once.cache_clear()


def come_in(email, *, told, password=make.PASSWORD, connected_from=PROXY):
    """Sign in through one proxy, which tells whom it saw."""
    client = Client(headers={"X-Forwarded-For": told}, REMOTE_ADDR=connected_from)
    client.post(LOGIN, {"login": email, "password": password})
    return client


def test_people_sign_in_and_see_their_pages(subscriber):
    ada = come_in(subscriber.email, told="203.0.113.9")

    assert ada.get("/").status_code == 200
    assert UserSession.objects.get().ip == PROXY


def test_a_guesser_does_not_choose_the_address_that_is_counted(subscriber):
    for number in range(11):
        come_in(f"nobody{number}@example.com", told=f"203.0.113.{number}", password="wrong")

    assert not is_signed_in(come_in(subscriber.email, told="198.51.100.7"))


@pytest.mark.parametrize("told", ["203.0.113.9", " ::ffff:203.0.113.9 "])
def test_behind_a_unix_socket_the_proxy_is_believed_as_nobody_else_can_connect(subscriber, told):
    come_in(subscriber.email, told=told, connected_from="")

    assert UserSession.objects.get().ip == "203.0.113.9"


def test_who_tells_no_address_at_all_is_refused_and_not_met_with_an_error(subscriber):
    client = Client(headers={"X-Forwarded-For": "unknown"}, REMOTE_ADDR="")

    assert client.post(LOGIN, {"login": subscriber.email, "password": make.PASSWORD}).status_code == 403


def test_as_many_addresses_as_proxies_are_believed(subscriber, caplog):
    come_in(subscriber.email, told="198.51.100.7, 203.0.113.9, 192.0.2.7")

    assert UserSession.objects.get().ip == "203.0.113.9"
    assert "TRUSTED_PROXY_COUNT" not in caplog.text


def test_the_operator_is_told_once(subscriber, caplog):
    with caplog.at_level(logging.WARNING, logger="accounts.forwarding"):
        for _ in range(3):
            come_in(subscriber.email, told="203.0.113.9")

    assert [record.getMessage().split(" is ")[0] for record in caplog.records if "PROXY" in record.getMessage()] == [
        "TRUSTED_PROXY_COUNT=2"
    ]


def test_monitoring_is_not_open_to_visitors_because_their_proxy_stands_near(db, client, settings):
    settings.METRICS_NETWORKS = [ip_network("127.0.0.0/8")]

    assert client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 403
    assert client.get("/metrics").status_code == 200
