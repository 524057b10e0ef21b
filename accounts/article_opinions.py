"""Whether an article helped: one opinion a person or session, which may be changed and put into words."""

from datetime import datetime

from django.db.models import Count, Q
from django.utils.crypto import salted_hmac

from accounts.models import Article, ArticleFeedback
from accounts.models.articles import WORDS_LENGTH


def voter(who: str) -> str:
    """Return what tells one reader from another, and from which nobody can tell who it is."""
    return salted_hmac("accounts.article_opinions", who, algorithm="sha256").hexdigest()


def opine(
    *, article: Article, voter: str, is_useful: bool, language: str, now: datetime, words: str = ""
) -> ArticleFeedback:
    """Write down what this reader thinks; a second time takes the place of the first, and keeps words that it has."""
    given = {"is_useful": is_useful, "language": language, "at": now}
    if words.strip():
        given["words"] = words.strip()[:WORDS_LENGTH]
    opinion, _is_new = ArticleFeedback.objects.update_or_create(article=article, voter=voter, defaults=given)
    return opinion


def opinion_of(*, article: Article, voter: str) -> ArticleFeedback | None:
    return ArticleFeedback.objects.filter(article=article, voter=voter).first()


def tallied() -> dict[str, Count]:
    """Return what a query of articles is annotated with to count their opinions."""
    return {
        "yes_count": Count("feedback", filter=Q(feedback__is_useful=True)),
        "no_count": Count("feedback", filter=Q(feedback__is_useful=False)),
    }
