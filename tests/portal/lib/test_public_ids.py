import re

import pytest
import time_machine
from django.db import migrations, models
from django.db.migrations.writer import MigrationWriter
from django.test.utils import isolate_apps

from portal.lib.public_ids import PublicIdConverter, PublicIdField, make_public_id, make_public_ids


def test_ids_are_prefixed_readable_and_never_the_same():
    ids = {make_public_id("lin") for _ in range(1000)}

    assert len(ids) == 1000
    assert all(re.fullmatch(r"lin_[0-9a-hjkmnp-tv-z]{16}", public_id) for public_id in ids)


@pytest.mark.parametrize("prefix", ["ord", "sub"])
def test_what_is_written_by_the_million_or_anew_each_period_begins_with_its_second(prefix):
    with time_machine.travel("2026-11-21T10:00:00Z", tick=False):
        first, *same_second = make_public_ids(prefix, 3)
    with time_machine.travel("2026-11-21T10:00:01Z", tick=False):
        later = make_public_id(prefix)

    moment = len("ord_") + 7
    assert {public_id[:moment] for public_id in same_second} == {first[:moment]}
    assert max(first, *same_second) < later
    assert len({public_id[moment:] for public_id in (first, *same_second, later)}) == 4


@isolate_apps("portal")
def test_each_row_gives_itself_an_id_of_its_own():
    class Thing(models.Model):  # noqa: DJ008
        public_id = PublicIdField(prefix="thg")

        class Meta:
            app_label = "portal"

    one, other = Thing(), Thing()

    assert one.public_id.startswith("thg_")
    assert one.public_id != other.public_id
    assert Thing(public_id="thg_kept").public_id == "thg_kept"


def test_a_migration_writes_the_field_with_its_prefix_only():
    field = PublicIdField(prefix="ord")

    text, imports = MigrationWriter.serialize(field)

    assert text == "portal.lib.public_ids.PublicIdField(prefix='ord')"
    assert imports == {"import portal.lib.public_ids"}


def test_a_migration_rebuilds_the_same_field():
    field = PublicIdField("order number", prefix="ord", db_comment="shown to people")
    field.set_attributes_from_name("public_id")

    rebuilt = field.clone()

    assert rebuilt.deconstruct()[1:] == field.deconstruct()[1:]
    assert (rebuilt.max_length, rebuilt.unique, rebuilt.editable) == (32, True, False)
    assert rebuilt.get_default().startswith("ord_")
    assert rebuilt.get_internal_type() == "CharField"
    assert migrations.AddField("order", "public_id", rebuilt).deconstruct()


@pytest.mark.parametrize("prefix", ["", "o", "orders", "ORD", "o_d", "o1"])
def test_a_prefix_that_urls_would_not_match_is_refused(prefix):
    with pytest.raises(ValueError, match="prefix"):
        PublicIdField(prefix=prefix)


@pytest.mark.parametrize("prefix", ["or", "ord", "line"])
def test_urls_take_ids_of_every_prefix(prefix):
    assert re.fullmatch(PublicIdConverter.regex, make_public_id(prefix))


@pytest.mark.parametrize("text", ["1", "ord_", "ord_7F3K7F3K7F3K7F3K", "ord_7f3k", "ord_7f3k7f3k7f3k7f3k/x", "../etc"])
def test_urls_take_nothing_else(text):
    assert not re.fullmatch(PublicIdConverter.regex, text)
