"""Letters come as text and as HTML: the same facts, the same links, nothing that runs or phones home."""

import re
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings
from django.core import mail
from django.urls import reverse

from accounts.letter_html import SPELLED_OUT
from accounts.letters import write_email
from accounts.models import User
from accounts.notifications import deliver_due, notify
from tests.accounts.letter_reading import Page
from tests.accounts.letter_samples import FORMS, samples

LANGUAGES = ["en", *(pytest.param(code, marks=pytest.mark.slow) for code in ("zh-hans", "zh-hant"))]
ADDRESS = re.compile(r"http://localhost:8000[!-~]*")
FOOTER = "\n-- \n"
TAGS = {
    *("html", "head", "meta", "title", "style", "body"),
    *("div", "table", "tr", "td", "h1", "p", "span", "br", "ul", "li", "a"),
}
# They ask for nothing, or for as many things as they list.
WITHOUT_BUTTON = {"requests_wait"}
NARROW_IN_CHINESE = re.compile(r"[\u4e00-\u9fff][:(?!;]|[:(] ?[\u4e00-\u9fff]|[\u4e00-\u9fff]\)")
WRITTEN = ["line", "who", "by", "name", "card", "carrier", "text", "shown_as", "number", "tracking"]
HOSTILE = (
    "\"'><svg/onload=x1(1)><script>x</script> http://localhost:8000/accounts/logout/ https://evil.example/ &{{7*7}}"
)


def letters(language, **values):
    """Yield every form of every kind, written to somebody who reads this language, with `values` where it has one."""
    reader = User(email="ada@example.com", language=language)
    for kind, context in samples():
        others = {name: value for name, value in values.items() if context.get(name)}
        yield kind, write_email(kind=kind, user=reader, context={**context, **others})


@cache
def written(language):
    """Return every form of every kind, once written; each test reads the same."""
    return tuple(letters(language))


def squeezed(text):
    return "".join(text.split())


def facts(body):
    """Return what a text says, line by line, without the addresses and the colons before them."""
    for line in body.replace(FOOTER, "\n").split("\n"):
        for words in ADDRESS.split(line.removeprefix("* ").removeprefix("– ")):
            yield squeezed(words).rstrip(":：")


def test_every_kind_is_tried():
    folder = Path(settings.BASE_DIR) / "templates/emails"

    assert {path.name for path in folder.iterdir() if path.is_dir()} == FORMS.keys()
    assert FORMS.keys() >= SPELLED_OUT


def test_samples_leave_no_gap_in_a_sentence(settings):
    ours = settings.TEMPLATES[0]
    settings.TEMPLATES = [{**ours, "OPTIONS": {**ours["OPTIONS"], "string_if_invalid": "MISSING: %s"}}]

    for kind, letter in letters("en"):
        assert "MISSING" not in letter.subject + letter.body, (kind, letter.body)


@pytest.mark.parametrize("language", LANGUAGES)
def test_html_says_what_the_text_says(language):
    for kind, letter in written(language):
        page = Page(letter.html)
        seen = squeezed(page.text)
        assert [fact for fact in facts(letter.body) if fact not in seen] == [], kind
        assert squeezed(letter.subject) in seen
        assert {href for href, _words in page.links} == set(ADDRESS.findall(letter.body)), kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_are_told_in_the_text_too(language):
    for kind, letter in written(language):
        for value in re.findall(r'<td class="rule"[^>]*>([^<]*)<', letter.html):
            numbers = re.findall(r"\d+", value.replace("&#x27;", "'"))
            assert all(number in letter.body + letter.subject for number in numbers), (kind, value)


@pytest.mark.parametrize("language", LANGUAGES)
def test_html_holds_nothing_that_runs_or_is_fetched(language):
    for kind, letter in written(language):
        page = Page(letter.html)
        assert page.tags <= TAGS, kind
        assert not [name for name, _value in page.attributes if name.startswith("on") or name in {"src", "srcset"}]
        assert "url(" not in letter.html
        assert "@import" not in letter.html
        assert all(href.startswith("http://localhost:8000") for href, _words in page.links)
        assert len(letter.html.encode()) < 20_000
        assert "\x02" not in letter.html + letter.body + letter.subject


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_with_something_to_do_has_one_button(language):
    for kind, letter in written(language):
        asks = ADDRESS.search(letter.body.partition(FOOTER)[0]) and kind not in SPELLED_OUT | WITHOUT_BUTTON
        buttons = Page(letter.html).buttons
        assert len(buttons) == bool(asks), (kind, letter.body)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_button_is_named_by_words(language):
    for kind, letter in written(language):
        page = Page(letter.html)
        named = [words for href, words in page.links if href in page.buttons and words != href]
        assert len(named) >= len(page.buttons), kind
        assert all(len(words) < 50 for words in named), (kind, named)


def test_letters_about_access_hide_no_address_behind_words():
    for kind, letter in written("en"):
        if kind in SPELLED_OUT:
            assert [words for href, words in Page(letter.html).links if words != href] == [], kind


def test_what_people_wrote_is_shown_as_they_wrote_it_and_leads_nowhere():
    harmless, hostile = (letters("en", **dict.fromkeys(WRITTEN, value)) for value in ("Trip", HOSTILE))
    shown = 0

    for (_kind, before), (kind, letter) in zip(harmless, hostile, strict=True):
        page = Page(letter.html)
        assert page.tags <= TAGS, kind
        assert [href for href, _words in page.links] == [href for href, _words in Page(before.html).links], kind
        assert (squeezed(HOSTILE) in squeezed(page.text)) == (HOSTILE in letter.subject + letter.body), kind
        shown += HOSTILE in letter.body

    assert shown > 80


def test_title_of_a_request_is_no_markup():
    requests = [{"title": HOSTILE, "path": "/admin/accounts/ticket/1/change/", "is_yours": False}]
    letter = write_email(kind="requests_wait", user=User(email="ada@example.com"), context={"requests": requests})

    page = Page(letter.html)
    assert page.tags <= TAGS
    assert page.links[0][0] == "http://localhost:8000/admin/accounts/ticket/1/change/"


@pytest.mark.parametrize("language", LANGUAGES)
def test_preview_is_the_first_line(language):
    for kind, letter in written(language):
        preview = squeezed(Page(letter.html).preheader).rstrip("…")
        assert preview, kind
        assert squeezed(letter.body).startswith(preview), kind


@pytest.mark.parametrize(
    ("language", "typeface"), [("en", "Segoe UI"), ("zh-hans", "PingFang SC"), ("zh-hant", "PingFang TC")]
)
def test_html_names_language_direction_and_typefaces(language, typeface):
    _kind, letter = written(language)[0]

    assert f'<html lang="{language}" dir="ltr">' in letter.html
    assert typeface in letter.html
    assert '<meta name="color-scheme" content="light dark">' in letter.html


def test_a_chinese_date_stays_on_one_line():
    notice = dict(letters("zh-hans"))["charge_notice"]

    shown = notice.html.partition("<h1")[2]
    assert shown.count("2026年11月29日") == shown.count('<span style="white-space:nowrap">2026年11月29日</span>') > 2


def test_html_is_in_the_colours_of_the_brand(settings):
    _kind, blue = next(letters("en"))
    settings.PORTAL_BRAND_HUE, settings.PORTAL_BRAND_NAME = 145, "Grün & Co"
    _kind, green = next(letters("en"))

    assert "#2252b1" in blue.html
    assert "#2252b1" not in green.html
    assert "Grün &amp; Co" in green.html


def test_writing_letters_asks_the_database_nothing(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert len(list(letters("en"))) > 100


def test_a_notice_leaves_as_text_and_html(subscriber, now):
    notify(user=subscriber, kind="order_delayed", key="x", context=dict(samples())["order_delayed"], now=now)
    deliver_due(now=now)

    message = mail.outbox[0]
    html = message.alternatives[0]
    assert html.mimetype == "text/html"
    assert [part.get_content_type() for part in message.message().walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert subscriber.notifications.get().body == message.body
    assert "See the request" in Page(html.content).text


def test_a_link_to_a_new_password_shows_where_it_leads(client, subscriber):
    client.post(reverse("accounts:reset_password"), {"login": subscriber.email})

    message = mail.outbox[-1]
    page = Page(message.alternatives[0].content)
    address = re.search(r"http://\S+/password/reset/key/\S+", message.body)[0]
    assert (address, address) in page.links
    assert page.buttons == []


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant"])
def test_chinese_letters_have_no_narrow_marks(language):
    narrow = [(kind, NARROW_IN_CHINESE.findall(letter.body)) for kind, letter in letters(language)]

    assert [(kind, found) for kind, found in narrow if found] == []
