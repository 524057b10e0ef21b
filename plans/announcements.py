"""Announcements as pages show them: kept for all processes, so that a page costs no query for them.

Whoever changes one calls `forget` once that is committed. Rows hold their windows, so none is shown early or late;
other processes may show what was changed a few seconds later.
"""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from zlib import crc32

from django.conf import settings
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac

from plans.models import Announcement, AnnouncementDismissal

CLOSED_KEY = "announcements:closed:{reader}"
FRESH = timedelta(minutes=1)
COOKIE = "closed_announcements"
COOKIE_SECONDS = 180 * 24 * 3600
REMEMBERED = 20

at_hand = LocMemCache("announcements", {"TIMEOUT": 2})
"""What this process shows without asking the others whether something changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An announcement in every language it has; "en" is always there."""

    pk: int
    public_id: str
    titles: dict[str, str]
    texts: dict[str, str]
    link: str
    level: str
    languages: list[str]
    for_everybody: bool
    is_banner: bool
    is_dismissible: bool
    shown_from: datetime
    shown_until: datetime | None

    @classmethod
    def of(cls, row: Announcement) -> "Shown":
        return cls(
            pk=row.pk,
            public_id=row.public_id,
            titles={"en": row.title, "zh-hans": row.title_zh_hans, "zh-hant": row.title_zh_hant},
            texts={"en": row.text, "zh-hans": row.text_zh_hans, "zh-hant": row.text_zh_hant},
            link=row.link,
            level=row.level,
            languages=row.languages,
            for_everybody=row.audience == Announcement.Audience.EVERYBODY,
            is_banner=row.is_banner,
            is_dismissible=row.is_dismissible,
            shown_from=row.shown_from,
            shown_until=row.shown_until,
        )

    @property
    def title(self) -> str:
        return self.titles.get(translation.get_language() or "") or self.titles["en"]

    @property
    def text(self) -> str:
        return self.texts.get(translation.get_language() or "") or self.texts["en"]

    def is_shown(self, now: datetime) -> bool:
        return self.shown_from <= now and (self.shown_until is None or now < self.shown_until)

    def is_for(self, request: HttpRequest) -> bool:
        """Whether the reader's language and sign-in are those it is meant for."""
        speaks = not self.languages or translation.get_language() in self.languages
        return speaks and (self.for_everybody or request.user.is_authenticated)


# A release that changes the shape of a row must not read the rows of the one before.
KEY = f"announcements:{crc32(repr([field.name for field in fields(Shown)]).encode())}"


def standing(now: datetime) -> list[Shown]:
    """Return all that is shown now, to whomever, the newest first."""
    rows = at_hand.get(KEY)
    if rows is None:
        rows = cache.get(KEY)
        if rows is None:
            rows = [Shown.of(row) for row in Announcement.objects.not_ended(now).newest_first()]
            keep(rows)
        at_hand.set(KEY, rows)
    return [row for row in rows if row.is_shown(now)]


def keep(rows: Collection[Shown]) -> None:
    """Keep what was read; `forget` undoes it."""
    cache.set(KEY, list(rows), timeout=FRESH.total_seconds())


def forget() -> None:
    """Have it read anew as soon as the running transaction has committed."""
    transaction.on_commit(_forget)


def _forget() -> None:
    cache.delete(KEY)
    at_hand.clear()


def for_reader(request: HttpRequest, *, now: datetime) -> list[Shown]:
    return [row for row in standing(now) if row.is_for(request)]


def banners(request: HttpRequest) -> list[Shown]:
    """Return what stands on top of this reader's pages. No query where nothing is announced."""
    rows = [row for row in for_reader(request, now=timezone.now()) if row.is_banner]
    if not any(row.is_dismissible for row in rows):
        return rows
    closed = _closed_by(request)
    return [row for row in rows if not (row.is_dismissible and row.public_id in closed)]


def close(request: HttpRequest, response: HttpResponse, row: Announcement, *, now: datetime) -> None:
    """Remember that this reader closed a banner: for a person in the database, for a visitor in a cookie."""
    if request.user.is_authenticated:
        reader = _fingerprint(request.user.public_id)
        AnnouncementDismissal.objects.get_or_create(announcement=row, reader=reader, defaults={"at": now})
        cache.delete(CLOSED_KEY.format(reader=reader))
    ids = [one for one in _in_cookie(request) if one != row.public_id]
    response.set_cookie(
        COOKIE,
        ".".join([*ids, row.public_id][-REMEMBERED:]),
        max_age=COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _in_cookie(request: HttpRequest) -> list[str]:
    return request.COOKIES.get(COOKIE, "").split(".")


def _closed_by(request: HttpRequest) -> set[str]:
    here = set(_in_cookie(request))
    if not request.user.is_authenticated:
        return here
    reader = _fingerprint(request.user.public_id)
    key = CLOSED_KEY.format(reader=reader)
    there: set[str] | None = cache.get(key)
    if there is None:
        closed = AnnouncementDismissal.objects.filter(reader=reader)
        there = set(closed.values_list("announcement__public_id", flat=True))
        cache.set(key, there)
    return here | there


def _fingerprint(public_id: str) -> str:
    """Tell readers apart without naming anybody; after a change of SECRET_KEY they see a banner once more."""
    return salted_hmac("announcements", public_id, algorithm="sha256").hexdigest()[:32]
