"""Binding a card by its number and PIN: once, by whoever knows both, and without telling anything to others."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import locks
from accounts.models import AuditEvent, Notification, User
from accounts.notifications import deliver_due
from esim import binding, pins
from esim.binding import Claim, NotNow, PinTooNew, WrongCard, bind
from esim.binding_tries import PER_CARD, PER_USER, TooManyTries, count_try
from esim.carriers.base import UsageReport
from esim.intake import RawRecord, take_in
from esim.models import Allowance, BindingAttempt, DownloadState, Line, Replacement, ServiceState, SimCard, SimProfile
from esim.usage import poll_line
from portal.lib.data_size import GB
from tests import make
from tests.esim.carriers import ReportingCarrier

pytestmark = pytest.mark.django_db

PIN, ADDRESS = "471182", "/lines/bind/"


@pytest.fixture
def card():
    return make.make_card(pin=PIN, form="physical", msisdn="+14155559001")


def claim(user, card, pin=PIN):
    return Claim(user=user, iccid=card.iccid, pin=pin, ip="192.0.2.7")


def new_pin(card, now, pin="20202020", age=timedelta(days=2)):
    """Have a PIN issued, so long ago that it lets somebody else have the card."""
    card.refresh_from_db()
    pins.set_pin(card, pin=pin, now=now - age)
    card.save()
    return pin


def test_number_and_pin_open_a_line(as_subscriber, subscriber, card):
    answer = as_subscriber.post(ADDRESS, {"iccid": f"{card.iccid[:10]} {card.iccid[10:]}", "pin": PIN})

    line = Line.objects.get()
    assert answer.url == reverse("line", args=[line.public_id])
    assert (line.owner, line.form, line.msisdn) == (subscriber, "physical", "+14155559001")
    assert (line.carrier, line.service_state) == ("simulated", ServiceState.ACTIVE)
    profile = line.profiles.get()
    assert (profile.iccid, profile.is_current) == (card.iccid, True)
    card.refresh_from_db()
    assert (card.state, card.line, card.pin_sealed) == (SimCard.State.USED, line, "")
    assert card.pin_used_at == card.used_at
    assert AuditEvent.objects.get(subject=subscriber, action="line.bound").target == line.public_id
    assert Notification.objects.get(user=subscriber).kind == "card_bound"
    assert as_subscriber.get(answer.url).status_code == 200


def test_a_physical_card_is_not_offered_to_install(as_subscriber, subscriber, card, now):
    line = bind(claim(subscriber, card), now=now)

    page = as_subscriber.get(reverse("line", args=[line.public_id])).content.decode()

    assert "Install" not in page
    assert "eSIM" not in page[page.index("<main") : page.index("</main")]


def test_an_esim_card_counts_as_installed(subscriber, now):
    line = bind(claim(subscriber, make.make_card(pin=PIN)), now=now)

    assert line.profiles.get().download_state == DownloadState.INSTALLED


def test_wrong_number_and_wrong_pin_get_one_answer(as_subscriber, card):
    other = make.make_card()
    used = make.make_card(pin=PIN, state=SimCard.State.WITHDRAWN)

    answers = [
        as_subscriber.post(ADDRESS, {"iccid": iccid, "pin": pin})
        for iccid, pin in [
            (card.iccid, "000000"),
            ("8985201999999999999", PIN),
            (other.iccid, PIN),
            (used.iccid, PIN),
        ]
    ]

    pages = {without_what_was_typed(answer) for answer in answers}
    assert len(pages) == 1
    assert {answer.status_code for answer in answers} == {422}
    assert "do not belong together" in pages.pop()
    assert not Line.objects.exists()


def without_what_was_typed(answer):
    return "\n".join(
        line
        for line in answer.content.decode().splitlines()
        if 'name="iccid"' not in line and "csrf" not in line and "nonce" not in line
    )


def test_wrong_number_costs_as_many_hashes_as_wrong_pin(subscriber, card, now, monkeypatch):
    costs = []
    encode = pins.HASHER.encode
    monkeypatch.setattr(pins.HASHER, "encode", lambda *args, **kw: (costs.append((args, kw)), encode(*args, **kw))[1])

    for wrong in (claim(subscriber, card, "000000"), Claim(user=subscriber, iccid="8" * 19, pin="000000", ip=None)):
        with pytest.raises(WrongCard):
            bind(wrong, now=now)

    (_known, *_), (_unknown, *_) = costs
    assert len(costs) == 2
    assert len({len(pins.HASHER.decode(encode(*args, **kw))["hash"]) for args, kw in costs}) == 1


def test_the_pin_is_good_once(subscriber, stranger, card, now):
    bind(claim(subscriber, card), now=now)

    with pytest.raises(WrongCard):
        bind(claim(stranger, card), now=now)

    assert Line.objects.get().owner == subscriber


def test_what_is_no_number_is_told_and_not_counted(as_subscriber, card):
    for typed in (
        {"iccid": "123", "pin": PIN},
        {"iccid": card.iccid, "pin": "12"},
        {"iccid": "\x00", "pin": "٤٤٤٤"},
        {},
    ):
        answer = as_subscriber.post(ADDRESS, typed)

        assert answer.status_code == 422
    assert not BindingAttempt.objects.exists()


def test_the_pin_is_nowhere_but_in_its_hash(as_subscriber, card, caplog):
    wrong = as_subscriber.post(ADDRESS, {"iccid": card.iccid, "pin": "90909090"})
    as_subscriber.post(ADDRESS, {"iccid": card.iccid, "pin": PIN})

    assert "90909090" not in wrong.content.decode()
    assert "90909090" not in caplog.text
    assert PIN not in caplog.text
    assert card.iccid not in caplog.text
    assert PIN not in card.pin_sealed
    assert PIN not in card.pin_hash
    assert PIN not in repr(claim(None, card))


def test_a_link_fills_in_the_number_and_never_the_pin(as_subscriber, card):
    page = as_subscriber.get(ADDRESS, {"iccid": card.iccid, "pin": PIN})

    assert page.context["form"]["iccid"].value() == card.iccid
    assert page.context["form"]["pin"].value() is None
    assert not BindingAttempt.objects.exists()


def test_a_pin_in_an_address_binds_nothing(client, as_subscriber, card):
    answer = as_subscriber.post(f"{ADDRESS}?iccid={card.iccid}&pin={PIN}")

    assert answer.status_code == 422
    assert not Line.objects.exists()


class TestLimits:
    def test_a_card_can_be_tried_five_times_an_hour(self, subscriber, stranger, card, now):
        for minute in range(PER_CARD):
            with pytest.raises(WrongCard):
                bind(claim(subscriber if minute % 2 else stranger, card, "0000"), now=now + timedelta(minutes=minute))

        with pytest.raises(TooManyTries):
            bind(claim(subscriber, card), now=now + timedelta(minutes=59))
        assert bind(claim(subscriber, card), now=now + timedelta(minutes=60))

    def test_somebody_can_try_twenty_times_a_day(self, subscriber, stranger, card, now):
        for number in range(PER_USER):
            count_try(user=subscriber, iccid=f"{number:019}", now=now)

        with pytest.raises(TooManyTries):
            bind(claim(subscriber, card), now=now + timedelta(hours=23))
        bind(claim(stranger, card), now=now + timedelta(hours=23))

    def test_the_limit_tells_nothing_about_the_card(self, as_subscriber, card):
        answers = {}
        for iccid in (card.iccid, "8985201999999999999"):
            for _ in range(PER_CARD):
                as_subscriber.post(ADDRESS, {"iccid": iccid, "pin": "000000"})
            answers[iccid] = as_subscriber.post(ADDRESS, {"iccid": iccid, "pin": PIN})

        assert {answer.status_code for answer in answers.values()} == {429}
        assert len({without_what_was_typed(answer) for answer in answers.values()}) == 1

    def test_one_number_is_one_card_however_it_is_typed(self, as_subscriber, card):
        spellings = [card.iccid, f"{card.iccid}F", f" {card.iccid}", f"{card.iccid[:4]}-{card.iccid[4:]}", card.iccid]

        for typed in spellings:
            as_subscriber.post(ADDRESS, {"iccid": typed, "pin": "0000"})

        assert BindingAttempt.objects.values("card").distinct().count() == 1
        assert as_subscriber.post(ADDRESS, {"iccid": card.iccid, "pin": PIN}).status_code == 429

    def test_tries_do_not_keep_the_number(self, subscriber, card, now):
        attempt = count_try(user=subscriber, iccid=card.iccid, now=now)

        assert card.iccid not in attempt.card

    def test_what_was_turned_away_does_not_shut_the_card_for_longer(self, subscriber, stranger, card, now):
        for _ in range(PER_CARD):
            count_try(user=stranger, iccid=card.iccid, now=now)
        for minute in range(50):
            with pytest.raises(TooManyTries):
                count_try(user=stranger, iccid=card.iccid, now=now + timedelta(minutes=minute))

        assert bind(claim(subscriber, card), now=now + timedelta(hours=1))


class TestChangingHands:
    @pytest.fixture
    def line(self, subscriber, card, now):
        line = bind(claim(subscriber, card), now=now - timedelta(days=10))
        line.refresh_from_db()
        return line

    def test_the_new_owner_gets_the_card_and_the_former_keeps_the_past(self, line, subscriber, stranger, card, now):
        order = make.make_order(owner=subscriber, line=line)
        granted = make.make_allowance(line=line, data_bytes=10 * GB, used_bytes=4 * GB, voice_minutes=10)
        record_usage(line, now, rated_at=now)
        pin = new_pin(card, now)

        moved = bind(claim(stranger, card, pin), now=now)

        line.refresh_from_db()
        assert (line.owner, line.service_state) == (subscriber, ServiceState.TERMINATED)
        assert (moved.owner, moved.msisdn, moved.form) == (stranger, "+14155559001", "physical")
        assert SimProfile.objects.get(iccid=card.iccid).line == moved
        assert (moved.usage_records.count(), line.usage_records.count()) == (0, 1)
        order.refresh_from_db()
        assert (order.owner, order.line) == (subscriber, line)
        granted.refresh_from_db()
        assert granted.taken_back_at == now
        left = Allowance.objects.get(line=moved)
        assert (left.data_bytes, left.used_bytes, left.starts_at, left.ends_at) == (6 * GB, 0, now, granted.ends_at)
        assert left.voice_minutes == 10

    def test_what_waits_to_be_counted_does_not_go_over(self, line, stranger, card, now):
        make.make_allowance(line=line, data_bytes=10 * GB)
        record_usage(line, now - timedelta(hours=1))

        moved = bind(claim(stranger, card, new_pin(card, now)), now=now)

        assert moved.allowances.get().data_bytes == 7 * GB
        assert not line.usage_records.filter(rated_at=None).exists()

    def test_both_are_told_and_find_it_in_their_trail(self, line, subscriber, stranger, card, now, mailoutbox):
        Notification.objects.all().delete()
        bind(claim(stranger, card, new_pin(card, now)), now=now)

        told = {(notice.user, notice.kind) for notice in Notification.objects.all()}
        assert told == {(subscriber, "card_moved"), (stranger, "card_bound")}
        trail = set(AuditEvent.objects.filter(at=now).values_list("subject", "action"))
        assert trail == {(subscriber.pk, "line.bound_elsewhere"), (stranger.pk, "line.bound")}
        deliver_due(now=now)
        letters = " ".join(message.subject + message.body for message in mailoutbox)
        assert card.iccid[-4:] in letters
        assert card.iccid not in letters
        assert stranger.email not in next(one.body for one in mailoutbox if one.to == [subscriber.email])

    def test_the_new_owner_sees_nothing_from_before(self, line, stranger, card, client):
        now = timezone.now()
        record_usage(line, now - timedelta(days=1))
        moved = bind(claim(stranger, card, new_pin(card, now)), now=now)
        client.force_login(stranger)

        assert client.get(reverse("line", args=[line.public_id])).status_code == 404
        page = client.get(reverse("line", args=[moved.public_id])).content.decode()
        assert "3.0 GB" not in page

    def test_what_is_reported_late_of_the_time_before_is_not_the_new_owner_s(self, line, stranger, card, now):
        moved = bind(claim(stranger, card, new_pin(card, now)), now=now)
        before, since = now - timedelta(minutes=1), now + timedelta(minutes=1)
        later = now + timedelta(minutes=5)
        of_card = [
            RawRecord(record_id=name, iccid=card.iccid, at=at.isoformat(), data_bytes=1)
            for name, at in [("before", before), ("since", since)]
        ]
        of_number = [
            one._replace(record_id=f"{one.record_id} by number", iccid=None, msisdn=line.msisdn) for one in of_card
        ]

        take_in(records=[*of_card, *of_number], source="core", now=later)
        poll_line(line=moved, carrier=ReportingCarrier(reports=[UsageReport(record_id="poll", at=before)]), now=later)

        assert set(moved.usage_records.values_list("record_id", flat=True)) == {"since", "since by number"}
        assert set(line.usage_records.values_list("record_id", flat=True)) == {"before by number"}

    def test_no_sms_for_the_former_owner_goes_to_the_card_that_went(self, line, subscriber, stranger, card, now):
        User.objects.filter(pk=subscriber.pk).update(phone=line.msisdn, phone_verified=True)
        Notification.objects.all().delete()

        bind(claim(stranger, card, new_pin(card, now)), now=now)

        subscriber.refresh_from_db()
        assert not subscriber.phone_verified
        assert {one.channel for one in Notification.objects.filter(user=subscriber)} == {"email"}

    def test_a_new_pin_gives_the_owner_a_day_to_lock_the_account(self, line, subscriber, stranger, card, now):
        pin = new_pin(card, now, age=timedelta(0))
        day = timedelta(days=1)

        for at in (now, now + day - timedelta(seconds=1)):
            with pytest.raises(PinTooNew):
                bind(claim(stranger, card, pin), now=at)
        assert SimProfile.objects.get(iccid=card.iccid).line == line
        locks.lock(user=subscriber, ip=None, now=now)
        with pytest.raises(NotNow):
            bind(claim(stranger, card, pin), now=now + day)
        locks.unlock(user=subscriber, ip=None, now=now)

        assert bind(claim(stranger, card, pin), now=now + day).owner == stranger

    def test_the_owner_need_not_wait_for_a_new_pin(self, line, subscriber, card, now):
        assert bind(claim(subscriber, card, new_pin(card, now, age=timedelta(0))), now=now) == line

    def test_a_card_that_nobody_has_need_not_wait_for_a_new_pin(self, subscriber, card, now):
        assert bind(claim(subscriber, card, new_pin(card, now, age=timedelta(0))), now=now).owner == subscriber

    def test_ones_own_card_stays_where_it_is(self, line, subscriber, card, now):
        assert bind(claim(subscriber, card, new_pin(card, now)), now=now) == line
        assert Line.objects.count() == 1

    @pytest.mark.parametrize("what", ["suspended", "ended", "changing", "replacing", "replaced", "owner locked"])
    def test_what_is_going_on_with_it_stands_in_the_way(self, line, subscriber, stranger, card, now, what):
        obstruct(what, line, subscriber, now)
        pin = new_pin(card, now)

        with pytest.raises(NotNow):
            bind(claim(stranger, card, pin), now=now)

        card.refresh_from_db()
        line.refresh_from_db()
        assert pins.matches(card, pin)
        assert line.owner == subscriber
        assert Line.objects.filter(owner=stranger).count() == 0

    def test_who_locked_their_account_binds_nothing(self, subscriber, as_subscriber, card, now):
        locks.lock(user=subscriber, ip=None, now=now)

        answer = as_subscriber.post(ADDRESS, {"iccid": card.iccid, "pin": PIN})

        assert answer.status_code == 423
        assert not Line.objects.exists()
        assert not BindingAttempt.objects.exists()

    def test_a_number_that_is_on_another_line_is_for_support(self, subscriber, stranger, card, now):
        make.make_line(owner=subscriber, msisdn=card.msisdn)

        with pytest.raises(NotNow):
            bind(claim(stranger, card), now=now)

        card.refresh_from_db()
        assert pins.matches(card, PIN)

    def test_a_crash_halfway_leaves_all_as_it_was(self, line, subscriber, stranger, card, now, monkeypatch):
        pin = new_pin(card, now)
        monkeypatch.setattr(binding, "notify", lambda **_: 1 / 0)

        with pytest.raises(ZeroDivisionError):
            bind(claim(stranger, card, pin), now=now)

        card.refresh_from_db()
        line.refresh_from_db()
        assert pins.matches(card, pin)
        assert (line.owner, line.service_state) == (subscriber, ServiceState.ACTIVE)
        assert SimProfile.objects.get(iccid=card.iccid).line == line


def record_usage(line, at, **fields):
    line.usage_records.create(source="sim", record_id=f"{line.pk}-{at}", at=at, data_bytes=3 * GB, **fields)


def obstruct(what, line, owner, now):
    lines = Line.objects.filter(pk=line.pk)
    if what == "suspended":
        lines.update(service_state=ServiceState.SUSPENDED, suspended_for="owner")
    elif what == "ended":
        lines.update(service_state=ServiceState.TERMINATED)
    elif what == "changing":
        lines.update(service_change="resuming", service_change_until=now)
    elif what == "replacing":
        Replacement.objects.create(line=line, asked_by=owner, reason="lost", old_profile=line.profiles.get())
    elif what == "replaced":
        line.profiles.update(is_current=False)
        make.make_profile(line=line)
    else:
        locks.lock(user=owner, ip=None, now=now)
