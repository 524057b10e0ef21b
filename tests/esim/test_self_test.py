"""Trying whether a SIM works: what the portal knows of it, and help with what does not."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Ticket
from esim.carriers import chosen
from esim.carriers.base import CarrierRefused
from esim.models import DownloadState, UsageRecord
from esim.self_test import Check, known_of
from tests import make

HOUR = timedelta(hours=1)


@pytest.fixture
def line(subscriber):
    line = make.make_line(owner=subscriber, form="physical")
    make.make_profile(line=line, download_state=DownloadState.ENABLED)
    return line


def record(line, at, **what):
    UsageRecord.objects.create(line=line, source="poll", record_id=str(uuid4()), at=at, **what)


def ticked(**outcomes):
    return {"form_key": str(uuid4()), **outcomes}


def known(line, now, carrier=None):
    return {one.check: one for one in known_of(line, carrier=carrier or chosen(), now=now)}


class SilentCarrier:
    def last_seen(self, *, iccid, now):
        raise CarrierRefused(iccid)


def test_each_check_says_what_was_seen_last(line, now):
    make.make_allowance(line=line, voice_minutes=10)
    record(line, now - HOUR, data_bytes=5)
    record(line, now - 3 * HOUR, voice_seconds=60, sms_count=0)

    found = known(line, now, carrier=object())

    assert [found[check].last_at for check in Check] == [now - HOUR, now - HOUR, now - 3 * HOUR, None]
    assert [found[check].is_covered for check in Check] == [None, True, True, False]


def test_the_network_says_where_a_device_was_seen(line, now):
    line.profiles.update(created_at=now - HOUR)

    found = known(line, now)[Check.NETWORK]

    assert found.place == "Simulated Mobile"
    assert now - HOUR < found.last_at <= now


@pytest.mark.parametrize("carrier", [SilentCarrier(), object()])
def test_a_network_that_cannot_say_is_no_problem(line, now, carrier):
    assert known(line, now, carrier=carrier)[Check.NETWORK].last_at is None


def test_all_that_works_leads_back_to_the_line(as_subscriber, line):
    answer = as_subscriber.post(
        reverse("esim:self_test", args=[line.public_id]),
        ticked(network="works", data="works", call="works", sms="works"),
    )

    assert answer.url == reverse("line", args=[line.public_id])
    assert not Ticket.objects.exists()


def test_what_fails_gets_help_and_then_a_request_with_the_results(as_subscriber, line):
    page = reverse("esim:self_test", args=[line.public_id])
    record(line, timezone.now() - HOUR, data_bytes=5)
    results = ticked(network="works", data="fails", text="Pixel 8, in Rome")

    helped = as_subscriber.post(page, results).content.decode()
    sent = [as_subscriber.post(page, {**results, "send": "1"}).url for _twice in range(2)]

    ticket = Ticket.objects.get()
    assert "Compare the access point" in helped
    assert sent == [reverse("ticket", args=[ticket.public_id])] * 2
    assert ticket.about == [line.public_id]
    assert ticket.messages.get().text == "Network: works\nData: does not work\nPixel 8, in Rome"
    assert ticket.references["last sms"] == "never seen"
    assert "T" in ticket.references["last data"]


@pytest.mark.parametrize("sent", [{}, {"network": "perhaps"}, {"form_key": "x", "data": "works"}])
def test_what_makes_no_sense_is_answered_by_the_page(as_subscriber, line, sent):
    assert as_subscriber.post(reverse("esim:self_test", args=[line.public_id]), sent).status_code == 422
