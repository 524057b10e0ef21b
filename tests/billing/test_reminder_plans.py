"""The reminder sweep on PostgreSQL: its indexes, its one statement a page, and two sweeps at once."""

import contextlib
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import CharField

from accounts import notice_sets
from accounts.models import Notification
from accounts.models.notifications import Channel
from accounts.notice_sets import Draft, Recipient
from billing.models import Subscription
from billing.reminders import send_reminders
from esim.models import Allowance, Line
from portal.lib import due_rows
from tests import make
from tests.fakes.crowd import slowed, together

pytestmark = pytest.mark.postgresql

DAY = timedelta(days=1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("due", "index"),
    [
        (Allowance.objects.to_remind, "allowance_to_remind"),
        (Subscription.objects.to_notice, "subscription_to_notice"),
        (lambda _now: Subscription.objects.to_plan_notices(), "subscription_unnoticed"),
        (Line.objects.to_keep_alive, "line_to_keep_alive"),
    ],
    ids=["ends and data", "charges", "charges that moved", "disuse"],
)
def test_what_is_due_is_found_by_its_index_in_its_order(due, index, now):
    with connection.cursor() as cursor:
        # Empty tables are read from end to end, unless that is forbidden; sorting would be, too.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    plan = due(now)[:1000].explain()

    assert f"using {index}" in plan
    assert "Sort" not in plan


def drafts(users, *, channels=(Channel.EMAIL, Channel.SMS), now):
    return [
        Draft(
            key=f"expiry-3d:alw_{number}",
            kind="expiry_reminder",
            recipient=Recipient.of(user),
            channels=channels,
            context={"line": "O'Neil's “line” \\ 号卡", "ends_at": now.isoformat(), "days_left": 3, "none": None},
            due_at=now + number * DAY,
        )
        for number, user in enumerate(users)
    ]


def rows():
    columns = [field.name for field in Notification._meta.fields if field.name not in {"id", "public_id"}]
    return list(Notification.objects.order_by("key").values(*columns))


@pytest.mark.django_db
def test_the_statement_and_the_orm_write_the_same_rows(now):
    users = [make.make_user() for _number in range(3)]
    page = drafts(users, now=now)
    told_already = drafts(users[:1], channels=[Channel.EMAIL], now=now)

    outcomes = []
    for write in (notice_sets._by_statement, notice_sets._by_orm):
        notice_sets._by_orm(told_already, now=now)
        outcomes.append((sorted(write(page, now=now)), rows()))
        Notification.objects.all().delete()

    assert outcomes[0] == outcomes[1]
    assert len(outcomes[0][0]) == 4, "told on one channel is told"


@pytest.mark.django_db(transaction=True)
def test_sweeps_at_once_tell_each_fact_once(now, monkeypatch):
    monkeypatch.setattr(due_rows, "PAGE", 7)
    for number in range(40):
        line = make.make_line(owner=make.make_user())
        allowance = make.make_allowance(line=line, starts_at=now - 28 * DAY, ends_at=now + 2 * DAY)
        if number % 2:
            anchor = now - 28 * DAY
            make.make_subscription(line=line, plan=allowance.plan, anchor_at=anchor, charge_due_at=now + DAY)

    told = together(4, lambda _number: send_reminders(now=now))

    assert sum(told) == Notification.objects.count() == 40
    assert send_reminders(now=now) == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_unique", [True, False], ids=["with the key", "control without it"])
def test_one_page_written_by_two_is_written_once(now, is_unique):
    page = drafts([make.make_user()], channels=[Channel.EMAIL], now=now)

    with (
        contextlib.nullcontext() if is_unique else without_unique_key(),
        slowed("accounts_notification", "INSERT", seconds=0.5),
    ):
        together(2, lambda _number: notice_sets._by_orm(page, now=now))
        written = Notification.objects.count()

    assert written == (1 if is_unique else 2)


@contextlib.contextmanager
def without_unique_key():
    key = Notification._meta.get_field("key")
    plain = CharField(max_length=160)
    plain.set_attributes_from_name("key")
    with connection.schema_editor() as editor:
        editor.alter_field(Notification, key, plain)
    try:
        yield
    finally:
        Notification.objects.all().delete()
        with connection.schema_editor() as editor:
            editor.alter_field(Notification, plain, key)
