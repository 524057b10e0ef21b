"""Finding help articles by words, in languages with blanks and in Chinese without them.

Latin words are looked for as they are, without their endings; a run of Chinese by each two neighbouring characters, so
that nobody has to know where a word ends. Titles weigh more than other words for it, and those more than the text. A
help centre has tens of articles: they are read and weighed here, the same on every database.
"""

import re
import unicodedata
from dataclasses import dataclass

from accounts.models import Article
from accounts.models.articles import SUFFIXES
from portal.lib.help_text import filled_in
from portal.lib.markdown import words_of

QUERY_LENGTH = 200
TITLE, OTHER_TITLE, KEYWORD, BODY = 12, 6, 8, 1
WHOLE = 3
"""How often a field counts that has the whole query as it was typed."""
ENOUGH = 0.4
"""Which share of the query's words an article must have."""
EXCERPT = 150

HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
ENDINGS = ("ing", "ed", "es", "s")
SHORTEST_STEM = 4
IDLE = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "can",
        "did",
        "do",
        "does",
        "for",
        "from",
        "get",
        "has",
        "have",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "me",
        "my",
        "no",
        "not",
        "of",
        "on",
        "or",
        "our",
        "please",
        "so",
        "that",
        "the",
        "their",
        "then",
        "there",
        "this",
        "to",
        "up",
        "was",
        "we",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "will",
        "with",
        "you",
        "your",
    ]
)
IDLE_HAN = re.compile(
    "怎么办|怎麼辦|怎么|怎麼|怎样|怎樣|为什么|為什麼|什么|什麼|如何|是否|可以|能不能|有没有|有沒有|请问|請問|支持|支援"
    "|[吗嗎呢吧啊的了我你您要]"
)
"""What a question is made of in any language, and answers are not told apart by."""


@dataclass(frozen=True, slots=True)
class Found:
    article: Article
    score: int
    excerpt: str


def search(query: str, *, language: str) -> list[Found]:
    """Return the published articles that fit, the best first; none for a query without words. One query."""
    terms = terms_of(query)
    if not terms:
        return []
    whole = _folded(query).strip()
    weighed = ((article, _score(article, terms, whole, language=language)) for article in Article.objects.published())
    found = [Found(article, score, first_words(article)) for article, score in weighed if score]
    return sorted(found, key=lambda one: (-one.score, one.article.position, one.article.pk))


def terms_of(query: str) -> list[str]:
    """Split a query into what is looked for, each once."""
    text = _folded(query[:QUERY_LENGTH])
    busy_runs = HAN.findall(IDLE_HAN.sub(" ", text)) or HAN.findall(text)
    chinese = [pair for run in busy_runs for pair in _pairs(run)]
    latin = [_stem(word) for word in WORD.findall(HAN.sub(" ", text))]
    busy = [word for word in latin if word not in IDLE]
    # "How do I get it" is still asked for, if there is nothing else.
    return list(dict.fromkeys([*chinese, *(busy or ([] if chinese else latin))]))


def first_words(article: Article) -> str:
    """Return how the text begins, without marks."""
    words = words_of(filled_in(article.text))
    # A Chinese character says as much as two or three letters.
    room = EXCERPT // 2 if HAN.search(words) else EXCERPT
    return words if len(words) <= room else f"{words[:room].rstrip()}…"


def _score(article: Article, terms: list[str], whole: str, *, language: str) -> int:
    weights = _fields(article, SUFFIXES.get(language, ""))
    score, present = 0, set()
    for text, weight in weights:
        here = [term for term in terms if term in text]
        present.update(here)
        score += weight * len(here) + (weight * WHOLE if whole in text else 0)
    return score if len(present) >= ENOUGH * len(terms) else 0


def _fields(article: Article, own: str) -> list[tuple[str, int]]:
    """Return the texts with their weights: the reader's language first, then the titles in the others."""
    others = [suffix for suffix in ("", *SUFFIXES.values()) if suffix != own]
    return [
        (_folded(getattr(article, f"title{own}") or article.title), TITLE),
        (_folded(article.keywords), KEYWORD),
        (_folded(getattr(article, f"body{own}") or article.body), BODY),
        *((_folded(getattr(article, f"title{suffix}")), OTHER_TITLE) for suffix in others),
    ]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _pairs(run: str) -> list[str]:
    return [run[start : start + 2] for start in range(len(run) - 1)] or [run]


def _stem(word: str) -> str:
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            return word.removesuffix(ending)
    return word
