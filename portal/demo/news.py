"""What the demo announces: a banner on every page, and two pieces of news."""

from datetime import datetime, timedelta

from simple_history.utils import bulk_create_with_history

from plans import announcements
from plans.models import Announcement

DAY = timedelta(days=1)


def announce(*, now: datetime) -> None:
    """Announce three things, unless something is announced already."""
    if Announcement.objects.exists():
        return
    rows = [_banner(now), _region(now), _advice(now)]
    bulk_create_with_history(rows, Announcement, default_date=now)
    announcements.forget()


def _banner(now: datetime) -> Announcement:
    return Announcement(
        title="Slower data in Berlin on Sunday night",
        title_zh_hans="周日夜间柏林的数据网速会变慢",
        title_zh_hant="週日夜間柏林的數據網速會變慢",
        text="Between 02:00 and 04:00 (Berlin time) our partner replaces parts of its network. Calls and SMS are not affected,"
        " and what you don’t use is not lost.",
        text_zh_hans="柏林时间 02:00 至 04:00，我们的合作网络将更换部分设备。通话和短信不受影响，未用完的流量不会减少。",
        text_zh_hant="柏林時間 02:00 至 04:00，我們的合作網路將更換部分設備。通話和簡訊不受影響，未用完的數據不會減少。",
        is_banner=True,
        shown_from=now - DAY,
        shown_until=now + 6 * DAY,
    )


def _region(now: datetime) -> Announcement:
    return Announcement(
        title="Plans for Australia and New Zealand",
        title_zh_hans="澳大利亚和新西兰套餐上线",
        title_zh_hant="澳洲和紐西蘭方案上線",
        text="12 GB for 30 days, or unlimited data for 15.",
        text_zh_hans="30 天 12 GB，或 15 天不限流量。",
        text_zh_hant="30 天 12 GB，或 15 天數據不限量。",
        link="/plans/?region=oceania",
        shown_from=now - 9 * DAY,
    )


def _advice(now: datetime) -> Announcement:
    return Announcement(
        title="Which plan fits? Now worked out from your own days",
        title_zh_hans="哪个套餐合适？按您自己的用量来算",
        title_zh_hant="哪個方案合適？依您自己的用量計算",
        text="We take what a line used on each of its last 90 days, and say what every plan would have cost.",
        text_zh_hans="我们根据号卡最近 90 天每天的用量，算出每个套餐要花多少钱。",
        text_zh_hant="我們依門號最近 90 天每天的用量，算出每個方案要花多少錢。",
        link="/advice/",
        audience=Announcement.Audience.SIGNED_IN,
        shown_from=now - 20 * DAY,
    )
