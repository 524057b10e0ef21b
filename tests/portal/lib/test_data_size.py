import pytest

from portal.lib.data_size import GB, MB, format_bytes, format_speed


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, "0 MB"),
        (MB - 1, "0 MB"),
        (MB, "1 MB"),
        (512 * MB, "512 MB"),
        (GB - 1, "999 MB"),
        (GB, "1 GB"),
        (3_890_000_000, "3.8 GB"),
        (10 * GB, "10 GB"),
        (1_234 * GB, "1,234 GB"),
        (-1, "0 MB"),
        (-512 * MB, "-512 MB"),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_data_is_rounded_down_to_what_is_really_there(n, text, language):
    assert format_bytes(n, language) == text


def test_the_decimal_mark_is_the_readers():
    assert format_bytes(3_890_000_000, "it") == "3,8 GB"


@pytest.mark.parametrize(
    ("kbps", "text"),
    [(0, "0 kbit/s"), (384, "384 kbit/s"), (1024, "1 Mbit/s"), (2000, "2 Mbit/s"), (1500, "1,500 kbit/s")],
)
def test_a_speed_is_written_in_megabits_where_it_is_whole(kbps, text):
    assert format_speed(kbps, "en") == text
