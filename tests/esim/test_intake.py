"""Records that come by file or API: each counts once, what makes no sense is put aside, and order makes no difference."""

import random
from datetime import timedelta

import pytest

from esim.intake import BATCH, RawRecord, take_in
from esim.models import Allowance, DailyUsage, QuarantinedUsage, UsageRecord
from esim.rating import rate_due
from portal.lib.data_size import GB, MB
from tests import make

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def line(subscriber, now):
    line = make.make_line(owner=subscriber, msisdn="+14155550100", created_at=now - 60 * DAY)
    make.make_profile(line=line, iccid="8985200000000000017")
    return line


def record(record_id="r1", **fields):
    fields = {"iccid": "8985200000000000017", "at": "2026-11-21T09:00:00Z", "data_bytes": MB, **fields}
    return RawRecord(record_id=record_id, **fields)


def take(*records, now):
    return take_in(records=records, source="core", now=now)


def test_a_record_is_written_down_and_counted_by_the_tick(line, now):
    allowance = make.make_allowance(line=line, voice_minutes=60)

    counts = take(record(voice_seconds=61, sms_count="2"), now=now)
    counted = rate_due(now=now)

    allowance.refresh_from_db()
    line.refresh_from_db()
    day = DailyUsage.objects.get()
    assert (counts.new, counts.repeated, counts.put_aside, counted) == (1, 0, 0, 1)
    assert (allowance.used_bytes, allowance.used_minutes, allowance.used_sms) == (MB, 2, 2)
    assert (day.data_bytes, day.voice_seconds, day.sms_count) == (MB, 61, 2)
    assert (line.usage_reported_at, line.last_used_at) == (now, now - HOUR)


def test_the_same_again_is_known_and_counts_nothing(line, now):
    take(record("a"), record("b"), now=now)

    counts = take(record("a"), record("c"), record("c"), record("b", at="2026-11-21T10:00+01:00"), now=now)

    assert (counts.new, counts.repeated, counts.put_aside) == (1, 3, 0)
    assert UsageRecord.objects.count() == 3


def test_the_same_id_with_other_content_is_put_aside(line, now):
    take(record("a"), now=now)

    counts = take(record("a", data_bytes=2 * MB), record("b"), record("b", sms_count=1), now=now)

    assert (counts.new, counts.repeated, counts.put_aside) == (1, 0, 2)
    assert set(QuarantinedUsage.objects.values_list("record_id", "reason")) == {
        ("a", "conflicting"),
        ("b", "conflicting"),
    }
    assert UsageRecord.objects.get(record_id="a").data_bytes == MB


def test_what_makes_no_sense_is_put_aside_with_its_reason_and_once(line, now):
    cases = [
        (record("negative", data_bytes=-1), "negative"),
        (record("negative-text", sms_count="-3"), "negative"),
        (record("huge", data_bytes=2**63), "too_large"),
        (record("huger", data_bytes=str(10**39)), "too_large"),
        (record("long-call", voice_seconds=2**31), "too_large"),
        (record("tomorrow", at="2026-11-22T10:00:00Z"), "in_future"),
        (record("end-of-time", at="9999-12-31T23:59:59-12:00"), "in_future"),
        (record("before-the-line", at="2026-01-01T00:00:00Z"), "too_old"),
        (record("begin-of-time", at="0001-01-01T00:00:00+12:00"), "too_old"),
        (record("stranger", iccid="8985200000000000999"), "unknown_iccid"),
        (record("no-such-number", iccid=None, msisdn="+14155559999"), "unknown_iccid"),
        (record("no-number", iccid=""), "malformed"),
        (record("no-iccid", iccid="8985"), "malformed"),
        (record("odd-number", iccid=None, msisdn=["x"]), "malformed"),
        (record(""), "malformed"),
        (record({"a": 1}), "malformed"),
        (record("x" * 81), "malformed"),
        (record("nul\0"), "malformed"),
        (record("half \ud800"), "malformed"),
        (record("whose-midnight", at="2026-11-21T09:00:00"), "malformed"),
        (record("no-time", at=None), "malformed"),
        (record("time-as-number", at=1_763_715_600), "malformed"),
        (record("half-a-byte", data_bytes=1.5), "malformed"),
        (record("words", data_bytes="many"), "malformed"),
        (record("yes", data_bytes=True), "malformed"),
        (record("list", data_bytes=[1]), "malformed"),
        (record("nothing", data_bytes=None), "malformed"),
        (RawRecord(unreadable='{"record_id": "cut o\0\ud800'), "malformed"),
    ]
    records = [one for one, _reason in cases]

    first = take(*records, record("fine"), now=now)
    again = take(*records, *records, record("fine"), now=now)

    reasons = [reason for _one, reason in cases]
    assert sorted(QuarantinedUsage.objects.values_list("reason", flat=True)) == sorted(reasons)
    assert (first.new, first.put_aside, again.new, again.put_aside) == (1, len(cases), 0, 2 * len(cases))
    assert [problem.reason for problem in first.problems] == reasons
    assert [problem.position for problem in first.problems] == list(range(1, len(cases) + 1))
    assert set(QuarantinedUsage.objects.values_list("times", flat=True)) == {3}
    assert UsageRecord.objects.count() == 1


def test_a_replaced_profile_still_finds_its_line(line, now):
    line.profiles.update(is_current=False)
    make.make_profile(line=line, iccid="8985200000000000025")

    counts = take(record("old"), record("new", iccid="8985200000000000025F"), now=now)

    assert counts.new == 2
    assert set(UsageRecord.objects.values_list("line", flat=True)) == {line.pk}


def test_a_number_given_away_again_is_its_owners_of_that_moment(line, stranger, now):
    type(line).objects.filter(pk=line.pk).update(service_state="terminated")
    heir = make.make_line(owner=stranger, msisdn=line.msisdn, created_at=now - 5 * DAY)

    take(
        record("before", iccid=None, msisdn=line.msisdn, at="2026-11-10T10:00:00Z"),
        record("after", iccid=None, msisdn="1 (415) 555-0100", at="2026-11-20T10:00:00Z"),
        now=now,
    )

    assert dict(UsageRecord.objects.values_list("record_id", "line")) == {"before": line.pk, "after": heir.pk}


def test_two_sources_may_use_the_same_id(line, now):
    take(record(), now=now)

    assert take_in(records=[record()], source="other", now=now).new == 1


def test_a_stream_is_read_a_batch_at_a_time(line, now):
    seen = []

    def stream():
        for number in range(2 * BATCH + 1):
            seen.append(UsageRecord.objects.count() if number % BATCH == 0 else None)
            yield record(f"r{number}")

    counts = take_in(records=stream(), source="core", now=now)

    assert counts.new == 2 * BATCH + 1
    assert [count for count in seen if count is not None] == [0, BATCH, 2 * BATCH]


def test_what_was_read_before_a_stream_broke_off_stays(line, now):
    def stream():
        yield record("a")
        raise ConnectionError

    with pytest.raises(ConnectionError):
        take_in(records=stream(), source="core", now=now)

    assert UsageRecord.objects.get().record_id == "a"


class World:
    """A line with overlapping plans and packs, and records over all of it; `balances` is what it comes to."""

    def __init__(self, owner, now, *, count, seed):
        chance = random.Random(seed)  # noqa: S311 - shuffles, guards nothing
        self.now = now
        self.line = make.make_line(owner=owner, time_zone="Asia/Taipei", created_at=now - 90 * DAY)
        profile = make.make_profile(line=self.line)
        plan = make.make_plan()
        for starts, ends, gigabytes, minutes in [
            (-60, -30, 3, 60), (-50, -30, 1, 0), (-30, 0, 2, 30), (-20, 0, 1, 0), (-25, -10, 1, 10), (0, 30, 5, 60),
        ]:  # fmt: skip
            make.make_allowance(line=self.line, plan=plan, starts_at=now + starts * DAY, ends_at=now + ends * DAY,
                                data_bytes=gigabytes * GB, voice_minutes=minutes, sms_count=5)  # fmt: skip
        moments = [now - timedelta(minutes=chance.randrange(65 * 24 * 60)) for _ in range(count)]
        self.records = [
            record(
                f"r{number}",
                iccid=profile.iccid,
                at=at.isoformat(),
                data_bytes=chance.randrange(20 * MB),
                voice_seconds=chance.randrange(300),
                sms_count=chance.randrange(2),
            )
            for number, at in enumerate(moments)
        ]

    def balances(self):
        allowances = Allowance.objects.filter(line=self.line).in_burn_order()
        days = DailyUsage.objects.filter(line=self.line).order_by("date")
        return (
            list(allowances.values_list("used_bytes", "used_minutes", "used_sms")),
            list(days.values_list("date", "data_bytes", "voice_seconds", "sms_count")),
        )

    def forget(self):
        UsageRecord.objects.all().delete()
        DailyUsage.objects.all().delete()
        Allowance.objects.update(used_bytes=0, used_minutes=0, used_sms=0)

    def arrive(self, chance):
        """Send all in some order, three in ten of them twice, in pieces that are counted as they come."""
        sent = [*self.records, *chance.sample(self.records, len(self.records) * 3 // 10)]
        chance.shuffle(sent)
        while sent:
            piece, sent = sent[: (cut := chance.randrange(1, len(self.records)))], sent[cut:]
            take_in(records=piece, source="core", now=self.now)
            rate_due(now=self.now, batch=chance.choice([50, 5_000]))


@pytest.mark.parametrize(
    ("orders", "count"), [(40, 60), pytest.param(200, 1_000, marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_any_order_with_repeats_comes_to_the_same(subscriber, now, orders, count, sample):
    world = World(subscriber, now, count=count, seed=20261121)
    take_in(records=sorted(world.records, key=lambda one: one.at), source="core", now=now)
    rate_due(now=now)
    expected = world.balances()
    assert sum(used for used, _minutes, _sms in expected[0]) > 0

    for seed in sample.of(range(orders)):
        world.forget()
        world.arrive(random.Random(seed))  # noqa: S311 - shuffles, guards nothing
        assert world.balances() == expected, f"order {seed}"
