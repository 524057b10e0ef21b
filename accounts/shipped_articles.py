"""The help articles and replies that the portal brings, and how they get in without undoing what staff wrote."""

import tomllib
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from django.db import transaction

from accounts.models import Article, ReplyTemplate

FOLDER = Path(__file__).parent / "help_articles"
LANGUAGES = {"en": "", "zh_Hans": "_zh_hans", "zh_Hant": "_zh_hant"}
"""By folder: what the columns of this language end in."""

WORDED = ("keywords", *(f"{part}{suffix}" for suffix in LANGUAGES.values() for part in ("title", "body")))
"""What staff may have edited."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many articles a load made, brought up to date, and left alone because staff edited them."""

    made: int = 0
    renewed: int = 0
    kept: int = 0


def shipped() -> list[Article]:
    """Read the articles that come with the portal, in their order; none of them is saved."""
    index = tomllib.loads((FOLDER / "index.toml").read_text(encoding="utf-8"))
    return [_read(position, **entry) for position, entry in enumerate(index["article"], start=1)]


@transaction.atomic
def load(*, now: datetime) -> Loaded:
    """Bring in what is missing, and renew what nobody has edited; what staff changed or hid stays as it is."""
    present = {article.slug: article for article in Article.objects.select_for_update()}
    made = renewed = kept = 0
    for fresh in shipped():
        standing = present.get(fresh.slug)
        if standing is None:
            fresh.updated_at = now
            fresh.save()
            made += 1
        elif standing.shipped == fresh.shipped:
            continue
        elif standing.shipped == digest_of(standing):
            _renew(standing, fresh, now=now)
            renewed += 1
        else:
            kept += 1
    return Loaded(made=made, renewed=renewed, kept=kept)


def load_replies() -> int:
    """Bring in the replies to begin with, where there are none; return how many."""
    if ReplyTemplate.objects.exists():
        return 0
    replies = tomllib.loads((FOLDER / "reply_templates.toml").read_text(encoding="utf-8"))["reply"]
    for position, entry in enumerate(replies, start=1):
        texts = {f"text{suffix}": entry[folder].strip() for folder, suffix in LANGUAGES.items()}
        ReplyTemplate.objects.create(name=entry["name"], position=position, **texts)
    return len(replies)


def digest_of(article: Article) -> str:
    """Return what changes as soon as somebody changes a word."""
    return sha256("\0".join(getattr(article, name) for name in WORDED).encode()).hexdigest()


def _renew(standing: Article, fresh: Article, *, now: datetime) -> None:
    for name in WORDED:
        setattr(standing, name, getattr(fresh, name))
    standing.shipped, standing.updated_at = fresh.shipped, now
    standing.save()


def _read(position: int, *, slug: str, topic: str, keywords: str) -> Article:
    article = Article(slug=slug, topic=Article.Topic(topic), keywords=keywords, position=position)
    for folder, suffix in LANGUAGES.items():
        text = (FOLDER / folder / f"{slug}.md").read_text(encoding="utf-8")
        title, _newline, body = text.partition("\n")
        setattr(article, f"title{suffix}", title.removeprefix("# ").strip())
        setattr(article, f"body{suffix}", body.strip())
    article.shipped = digest_of(article)
    return article
