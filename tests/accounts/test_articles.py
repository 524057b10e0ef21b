"""The help centre's articles: shipped whole, never over what staff wrote, found in any language, and safe to read."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import translation

from accounts.article_search import HAN, search
from accounts.models import Article, ReplyTemplate
from accounts.shipped_articles import FOLDER, Loaded, digest_of, load, load_replies, shipped
from portal.glossary import SCRIPTS, STRAYS
from portal.lib.help_links import SITUATIONS
from portal.lib.help_text import filled_in
from portal.lib.markdown import address_of, links_of, render_markdown, validate_markdown
from tests import make

QUESTIONS = {
    "renew-fails-online",
    "renew-from-abroad",
    "which-plan",
    "forgot-password",
    "payment-failed",
    "top-up-not-arrived",
    "change-a-bought-plan",
    "how-soon-effective",
    "pay-in-rmb",
    "roaming",
    "outlet-and-documents",
}
ENDINGS = ("", "_zh_hans", "_zh_hant")
HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](//evil.example)",
    '[x](https://ok.example "onmouseover=alert(1)")',
    "<svg/onload=alert(1)>",
    "![x](https://evil.example/pixel.png)",
    "</article><script>alert(1)</script>",
    "<a href='https://ok.example' onclick=alert(1)>x</a>",
    "<https://evil.example/>",
    "[x]: javascript:alert(1)\n\n[x]",
]
ASKED = {
    ("en", "payment failed"): "payment-failed",
    ("en", "I forgot my password!"): "forgot-password",
    ("en", "ROAMING"): "roaming",
    ("en", "can i pay with alipay in yuan"): "pay-in-rmb",
    ("en", "renewing from abroad"): "renew-from-abroad",
    ("zh-hans", "支付失败了怎么办"): "payment-failed",
    ("zh-hans", "忘记密码"): "forgot-password",
    ("zh-hans", "人在国外怎么续费"): "renew-from-abroad",
    ("zh-hans", "支持人民币吗"): "pay-in-rmb",
    ("zh-hans", "充值没到账"): "top-up-not-arrived",
    ("zh-hant", "換手機"): "new-phone",
    ("zh-hant", "要帶什麼證件"): "outlet-and-documents",
    ("en", "漫游"): "roaming",
    ("zh-hant", "refund"): "refunds",
}
NOTHING = ["", "  ", "?!", "zzzz qqqq", "%", "_", "飞船轮胎"]


@pytest.fixture
def help_centre(db, now):
    load(now=now)


def test_what_is_shipped_answers_every_question_in_three_languages_and_links_nowhere_in_vain():
    articles = {article.slug: article for article in shipped()}
    assert articles.keys() >= QUESTIONS
    wrong = []

    for article in articles.values():
        for ending in ENDINGS:
            title, body = getattr(article, f"title{ending}"), getattr(article, f"body{ending}")
            assert title, (article.slug, ending)
            assert len(body) > 150, (article.slug, ending)
            assert "{" not in filled_in(body), article.slug
            for link in links_of(body):
                address_of(link)
                wrong += [link] if link.startswith("help:") and link.removeprefix("help:") not in articles else []

    assert wrong == []


@pytest.mark.parametrize("folder", ["zh_Hans", "zh_Hant"])
def test_each_chinese_is_written_in_its_own_script_and_words(folder):
    texts = {path.name: path.read_text("utf-8") for path in (FOLDER / folder).glob("*.md")}
    chinese = {name: "".join(HAN.findall(text)) for name, text in texts.items()}

    # A character of the other script has no place in this encoding.
    foreign = {name: text.encode(SCRIPTS[folder], "ignore").decode(SCRIPTS[folder]) for name, text in chinese.items()}
    assert foreign == chinese
    assert {(name, word) for name, text in texts.items() for word in STRAYS[folder] if word in text} == set()


def test_every_trouble_that_pages_link_from_has_an_article_and_every_entry_is_used():
    written = "".join(path.read_text("utf-8") for path in Path(settings.BASE_DIR, "templates").rglob("*.html"))
    used = set(re.findall(r'{% help_link "(\w+)" %}', written))

    assert {link.slug for link in SITUATIONS.values()} <= {article.slug for article in shipped()}
    assert used == set(SITUATIONS)


def test_loading_again_changes_nothing_and_spares_what_staff_edited(help_centre, now):
    edited, old = Article.objects.get(slug="roaming"), Article.objects.get(slug="refunds")
    edited.body = "Ask Kim."
    edited.save()
    # As if both came with an earlier release.
    for article in (edited, old):
        Article.objects.filter(pk=article.pk).update(shipped="of an earlier release")
    old.body = "Outdated."
    Article.objects.filter(pk=old.pk).update(body=old.body, is_published=False, shipped=digest_of(old))

    first, second = load(now=now), load(now=now)

    assert (first, second) == (Loaded(renewed=1, kept=1), Loaded(kept=1))
    assert Article.objects.get(slug="roaming").body == "Ask Kim."
    renewed = Article.objects.get(slug="refunds")
    assert renewed.body.startswith("If you have not used")
    assert not renewed.is_published


def test_replies_come_once(db):
    assert load_replies() == ReplyTemplate.objects.count() > 3
    ReplyTemplate.objects.first().delete()
    assert load_replies() == 0


def test_search_finds_the_answer_first_in_every_language(help_centre):
    found = {}
    for language, query in ASKED:
        with translation.override(language):
            found[language, query] = [one.article.slug for one in search(query, language=language)][:1]

    assert found == {asked: [slug] for asked, slug in ASKED.items()}
    assert [query for query in NOTHING if search(query, language="en")] == []


def test_a_title_weighs_more_than_a_text_and_what_is_hidden_is_not_found(db):
    body = make.make_article(title="Other", body="The antenna. " * 5)
    title = make.make_article(title="The antenna", body="Nothing.")
    make.make_article(title="Antenna", is_published=False)

    assert [found.article for found in search("antenna", language="en")] == [title, body]


@pytest.mark.parametrize("text", HOSTILE)
def test_markup_in_an_article_cannot_run_or_load(text):
    html = str(render_markdown(f"Before {text} after"))

    assert re.findall(r"<(?!/?(?:p|a|br)\b)", html) == []
    assert not re.search(r"<[^>]*\bon\w+=", html)
    assert re.findall(r'href="(?!https://)', html) == []
    assert "src=" not in re.sub(r"&lt;.*?&gt;", "", html)


@pytest.mark.parametrize("link", ["page:nowhere", "page:admin:index", "help:../admin", "javascript:x", "/plans/", "x"])
def test_a_link_to_nowhere_is_refused_and_shown_as_words(link):
    with pytest.raises(ValidationError, match="leads nowhere"):
        validate_markdown(f"See [this]({link}).")
    assert str(render_markdown(f"See [this]({link}).")) == "<p>See this.</p>\n"
