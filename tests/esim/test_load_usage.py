"""Files of usage: read in each form, gone on with after a crash, and no worse for being cut off or sent again."""

import gzip
import json
import random
from contextlib import suppress
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from esim import intake
from esim.management.commands import load_usage
from esim.models import Allowance, DailyUsage, QuarantinedUsage, UsageImport, UsageRecord
from portal.lib.data_size import GB, MB
from tests import make

ICCID = "8985200000000000017"
HOUR = timedelta(hours=1)


@pytest.fixture
def line(subscriber, now):
    line = make.make_line(owner=subscriber, created_at=now - timedelta(days=60))
    make.make_profile(line=line, iccid=ICCID)
    make.make_allowance(line=line, data_bytes=GB, ends_at=now + timedelta(days=2))
    make.make_allowance(line=line, data_bytes=5 * GB)
    return line


def rows(now, count):
    return [(f"r{n}", ICCID, (now - n * timedelta(minutes=7)).isoformat(), n * 100_000) for n in range(count)]


def as_csv(records):
    lines = ["record_id,iccid,at,data_bytes", *(",".join(map(str, row)) for row in records)]
    return ("\n".join(lines) + "\n").encode()


def as_ndjson(records):
    names = ("record_id", "iccid", "at", "data_bytes")
    return "".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in records).encode()


def load(tmp_path, content, *options, name="usage"):
    path = tmp_path / name
    path.write_bytes(content)
    out = StringIO()
    call_command("load_usage", str(path), "--source", "core", *options, stdout=out, stderr=StringIO())
    return out.getvalue()


def total():
    return sum(Allowance.objects.values_list("used_bytes", flat=True))


def test_each_form_of_a_file_says_the_same(line, now, tmp_path):
    records = rows(now, 30)
    forms = [as_csv(records), as_ndjson(records), gzip.compress(as_csv(records)), gzip.compress(as_ndjson(records))]

    told = [load(tmp_path, form) for form in forms]

    assert "30 records read, 30 new, 0 known before, 0 put aside" in told[0]
    assert all("30 records read, 0 new, 30 known before" in text for text in told[1:])
    assert total() == sum(row[3] for row in records)


def test_columns_come_in_any_order_and_odd_rows_are_put_aside(line, now, tmp_path):
    at = now.isoformat()
    content = f"""\ufeffAt;SMS_count;operator;iccid;RECORD_ID
{at};2;x;{ICCID};a
{at};-1;x;{ICCID};b
{at};1
{at};"1;x;{ICCID};open

{at};3;x;{ICCID};c
""".encode()

    told = load(tmp_path, content)

    assert "5 records read, 2 new, 0 known before, 3 put aside" in told
    assert set(QuarantinedUsage.objects.values_list("reason", flat=True)) == {"negative", "malformed"}


def test_a_file_read_to_its_end_is_not_read_twice_unless_told(line, now, tmp_path):
    load(tmp_path, as_csv(rows(now, 5)))

    assert "nothing to do" in load(tmp_path, as_csv(rows(now, 5)), name="renamed")
    assert "5 known before" in load(tmp_path, as_csv(rows(now, 5)), "--again")


def test_after_a_crash_it_goes_on_where_it_was(line, now, tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "BATCH", 10)
    whole = gzip.compress(as_ndjson(rows(now, 45)))
    taken = []

    def pull_the_plug(*args, **kwargs):
        if len(taken) == 3:
            raise KeyboardInterrupt
        taken.append(1)
        return intake.take_in_batch(*args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(load_usage, "take_in_batch", pull_the_plug)
        with pytest.raises(KeyboardInterrupt):
            load(tmp_path, whole)
    assert UsageImport.objects.get().records_read == 30

    told = load(tmp_path, whole)

    assert "goes on after record 30" in told
    assert "45 records read, 45 new, 0 known before" in told


@pytest.mark.parametrize("form", [as_csv, as_ndjson])
@pytest.mark.parametrize("packed", [False, True])
def test_a_file_cut_off_says_so_and_is_no_harm_once_sent_again(line, now, tmp_path, form, packed):
    content = form(rows(now, 300))
    content = gzip.compress(content) if packed else content

    for share in (0.3, 0.5, 0.9, 0.99):
        cut = int(len(content) * share)
        # In the middle of a line: nobody can tell that a plain file lacks whole ones.
        cut = cut if packed else content.rindex(b"\n", 0, cut) + 10
        with pytest.raises(CommandError, match="ends in the middle"):
            load(tmp_path, content[:cut])
    load(tmp_path, content)

    assert UsageRecord.objects.count() == 300
    assert not QuarantinedUsage.objects.exists()
    assert total() == sum(n * 100_000 for n in range(300))


def test_what_is_no_file_of_records_is_told(line, tmp_path):
    for content, words in [
        (b"a,b,c\n1,2,3\n", "Expected a first line"),
        (b"\x1f\x8bnot gzip at all", "damaged"),
        (b"", "ends in the middle"),
    ]:
        with pytest.raises(CommandError, match=words):
            load(tmp_path, content)
    with pytest.raises(CommandError, match="No such file"):
        call_command("load_usage", str(tmp_path / "none"), "--source", "core", stdout=StringIO())


def test_recomputing_agrees_with_what_was_counted_and_puts_right_what_was_not(line, now, tmp_path):
    load(tmp_path, as_csv(rows(now, 50)))
    out = StringIO()
    call_command("recompute_usage", "--check", stdout=out)
    assert "everything agrees" in out.getvalue()
    before = list(Allowance.objects.order_by("pk").values_list("used_bytes", flat=True))

    Allowance.objects.filter(line=line).update(used_bytes=7)
    DailyUsage.objects.create(line=line, date=now.date() - timedelta(days=30), data_bytes=MB)
    with pytest.raises(CommandError) as failed:
        call_command("recompute_usage", "--check", stdout=StringIO())
    call_command("recompute_usage", "--fix", stdout=(fixed := StringIO()))
    call_command("recompute_usage", "--check", stdout=StringIO())

    assert failed.value.returncode == 1
    assert "put 3 rows right" in fixed.getvalue()
    assert list(Allowance.objects.order_by("pk").values_list("used_bytes", flat=True)) == before


@pytest.mark.parametrize(
    ("rounds", "count"), [(3, 60), pytest.param(40, 1_000, marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_files_cut_off_shuffled_and_sent_again_come_to_the_same(line, now, tmp_path, rounds, count):
    chance = random.Random(5)  # noqa: S311 - shuffles, guards nothing
    records = rows(now, count)
    load(tmp_path, as_csv(records))
    expected = list(Allowance.objects.in_burn_order().values_list("used_bytes", flat=True))

    for number in range(rounds):
        UsageRecord.objects.all().delete()
        UsageImport.objects.all().delete()
        DailyUsage.objects.all().delete()
        Allowance.objects.update(used_bytes=0)
        sent = [*records, *chance.sample(records, count * 3 // 10)]
        chance.shuffle(sent)
        whole = chance.choice([as_csv, as_ndjson])(sent)
        whole = gzip.compress(whole) if chance.random() < 0.5 else whole
        with suppress(CommandError):
            load(tmp_path, whole[: chance.randrange(60, len(whole))])
        load(tmp_path, whole)
        assert list(Allowance.objects.in_burn_order().values_list("used_bytes", flat=True)) == expected, number
    call_command("recompute_usage", "--check", stdout=StringIO())
