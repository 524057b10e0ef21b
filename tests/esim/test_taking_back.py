"""Taking back what was granted: only where nothing stands in the way, and never against usage."""

from datetime import timedelta

import pytest
from django.db import transaction

from esim import taking_back, usage
from esim.carriers.base import CarrierRefused, OutcomeUnknown, UsageReport
from esim.models import Allowance, DownloadState, Line, ServiceState, ThrottleSpell, UsageRecord
from esim.taking_back import CannotTakeBack, Obstacle
from esim.throttling import keep_speed
from portal.lib.data_size import GB, MB
from tests import make
from tests.esim.carriers import ThrottlingCarrier
from tests.fakes.carrier import FakeCarrier

pytestmark = pytest.mark.django_db

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def line(subscriber):
    line = make.make_line(owner=subscriber, opened_for="ord_first")
    make.make_profile(line=line)
    return line


@pytest.fixture
def bought(line, now):
    """What the purchase that opened the line granted: it runs since yesterday."""
    return make.make_allowance(line=line, granted_for="ord_first", starts_at=now - DAY, ends_at=now + 29 * DAY)


def make_capped(line, **fields):
    return make.make_allowance(
        line=line, **{"data_bytes": None, "daily_cap_bytes": 3 * GB, "throttled_kbps": 512, **fields}
    )


def reserve(line, purchase_id, now, *, only_unused=True):
    with transaction.atomic():
        locked = Line.objects.select_for_update().get(pk=line.pk)
        taking_back.reserve(line=locked, purchase_id=purchase_id, only_unused=only_unused, now=now)


def test_what_is_unused_is_taken_back(line, bought, now):
    reserve(line, "ord_first", now)

    assert not Allowance.objects.running(now).exists()
    assert not Allowance.objects.not_ended(now).exists()


def test_what_was_taken_back_is_not_used_up_by_later_reports(line, bought, now):
    reserve(line, "ord_first", now)
    report = UsageReport(record_id="r1", at=now - timedelta(hours=1), data_bytes=5 * MB)

    usage.ingest(line=line, reports=[report], source="simulated", now=now)

    bought.refresh_from_db()
    assert bought.used_bytes == 0


class TestFullSpeed:
    """A plan that was slow for the day, taken back."""

    @pytest.fixture
    def carrier(self):
        return ThrottlingCarrier()

    @pytest.fixture
    def slow(self, line, now):
        make_capped(line, granted_for="ord_1")
        report = UsageReport(record_id="r1", at=now - HOUR, data_bytes=4 * GB)
        usage.ingest(line=line, reports=[report], source="simulated", now=now - HOUR)

    def test_what_is_bought_afterwards_is_fast(self, line, slow, carrier, now):
        keep_speed(carrier=carrier, now=now - HOUR, limit=10)

        reserve(line, "ord_1", now, only_unused=False)
        make_capped(line, starts_at=now)
        keep_speed(carrier=carrier, now=now, limit=10)

        assert carrier.speeds == [512, None]
        assert ThrottleSpell.objects.get().lifted_at == now

    def test_it_is_lifted_also_where_the_network_slows_it_down_meanwhile(self, line, slow, carrier, now, monkeypatch):
        slowed = carrier.throttle

        def throttle(*, kbps, **call):
            if kbps is not None:
                reserve(line, "ord_1", now, only_unused=False)
            slowed(kbps=kbps, **call)

        monkeypatch.setattr(carrier, "throttle", throttle)

        for at in (now, now + MINUTE):
            keep_speed(carrier=carrier, now=at, limit=10)

        assert carrier.speeds == [512, None]

    def test_what_is_counted_only_then_slows_nothing_down(self, line, carrier, now):
        make_capped(line, granted_for="ord_1")
        UsageRecord.objects.create(line=line, source="core", record_id="r1", at=now, data_bytes=4 * GB)

        reserve(line, "ord_1", now, only_unused=False)
        keep_speed(carrier=carrier, now=now + MINUTE, limit=10)

        assert carrier.speeds == [None]


@pytest.mark.parametrize("used", ["used_bytes", "used_minutes", "used_sms"])
def test_whatever_was_used_stands_in_the_way(line, bought, now, used):
    Allowance.objects.update(**{used: 1})

    with pytest.raises(CannotTakeBack) as refusal:
        reserve(line, "ord_first", now)

    assert refusal.value.obstacle == Obstacle.USED
    reserve(line, "ord_first", now, only_unused=False)


@pytest.mark.parametrize("state", [DownloadState.DOWNLOADED, DownloadState.INSTALLED, DownloadState.ENABLED])
def test_an_opened_line_on_a_device_stands_in_the_way(line, bought, now, state):
    line.profiles.update(download_state=state)

    assert taking_back.obstacle_to(purchase_id="ord_first", only_unused=True, now=now) == Obstacle.INSTALLED
    assert taking_back.obstacle_to(purchase_id="ord_first", only_unused=False, now=now) is None


def test_a_renewal_is_taken_back_from_a_line_in_use(line, bought, now):
    line.profiles.update(download_state=DownloadState.ENABLED)
    make.make_allowance(line=line, granted_for="ord_next", starts_at=bought.ends_at, ends_at=now + 59 * DAY)

    reserve(line, "ord_next", now)

    assert list(Allowance.objects.standing()) == [bought]


@pytest.mark.parametrize("later", ["renewal", "data pack", "data pack of the day before"])
def test_a_later_purchase_stands_in_the_way(line, bought, now, later):
    if later == "renewal":
        make.make_allowance(line=line, starts_at=bought.ends_at, ends_at=bought.ends_at + 30 * DAY)
    else:
        starts_at = now if later == "data pack" else bought.starts_at - timedelta(hours=3)
        make.make_allowance(line=line, is_data_pack=True, starts_at=starts_at, ends_at=bought.ends_at)

    for only_unused in (True, False):
        obstacle = taking_back.obstacle_to(purchase_id="ord_first", only_unused=only_unused, now=now)
        assert obstacle == Obstacle.BUILT_UPON


def test_what_has_ended_or_is_gone_is_not_taken_back(line, bought, now):
    def obstacle(purchase_id, at):
        return taking_back.obstacle_to(purchase_id=purchase_id, only_unused=False, now=at)

    assert obstacle("ord_first", bought.ends_at) == Obstacle.ENDED
    assert obstacle("ord_unknown", now) == Obstacle.GONE
    reserve(line, "ord_first", now)
    assert obstacle("ord_first", now) == Obstacle.GONE


def test_the_network_ends_the_line_that_the_purchase_opened(line, bought, now):
    carrier = FakeCarrier()

    taking_back.ask_network(line=line, purchase_id="ord_first", only_unused=True, carrier=carrier)
    taking_back.close(line=line, purchase_id="ord_first", now=now)

    line.refresh_from_db()
    assert (carrier.revoked, carrier.terminated) == (["ord_first"], [line.profiles.get().iccid])
    assert line.service_state == ServiceState.TERMINATED
    assert line.profiles.get().download_state == DownloadState.DELETED


def test_the_network_leaves_a_line_that_another_purchase_opened(line, bought, now):
    carrier = FakeCarrier()

    taking_back.ask_network(line=line, purchase_id="ord_next", only_unused=True, carrier=carrier)
    taking_back.close(line=line, purchase_id="ord_next", now=now)

    line.refresh_from_db()
    assert (carrier.revoked, carrier.terminated) == (["ord_next"], [])
    assert line.service_state == ServiceState.ACTIVE


def test_what_the_network_says_comes_through(line, bought):
    carrier = FakeCarrier()
    carrier.used = {"ord_first"}
    with pytest.raises(CarrierRefused, match="used"):
        taking_back.ask_network(line=line, purchase_id="ord_first", only_unused=True, carrier=carrier)

    carrier.losing = {"terminate"}
    with pytest.raises(OutcomeUnknown):
        taking_back.ask_network(line=line, purchase_id="ord_first", only_unused=False, carrier=carrier)


def test_a_profile_that_will_not_end_does_not_keep_what_was_taken_back(line, bought):
    carrier = FakeCarrier()
    carrier.refusing = {"terminate": "unknown_order"}

    taking_back.ask_network(line=line, purchase_id="ord_first", only_unused=True, carrier=carrier)

    assert carrier.revoked == ["ord_first"]


def test_what_the_network_would_not_take_back_can_be_used_again(line, bought, now):
    reserve(line, "ord_first", now)

    taking_back.restore(purchase_id="ord_first")

    assert Allowance.objects.running(now).get() == bought
