"""allauth's letters, ours and those it brings: text and HTML say the same, and every link shows where it leads."""

import re
from datetime import UTC, datetime
from pathlib import Path

import allauth
import pytest
from allauth.account.adapter import get_adapter
from allauth.core.context import request_context
from django.conf import settings
from django.core import mail
from django.utils import translation

from tests.accounts.letter_reading import Page

LANGUAGES = ["en", *(pytest.param(code, marks=pytest.mark.slow) for code in ("zh-hans", "zh-hant"))]
FOLDERS = [settings.BASE_DIR / "templates/account/email"]
FOLDERS += [Path(allauth.__file__).parent / "templates" / app / "email" for app in ("account", "mfa")]
LETTERS = sorted(
    {
        f"{path.parent.parent.name}/email/{path.name.removesuffix('_subject.txt')}"
        for folder in FOLDERS
        for path in folder.glob("*_subject.txt")
    }
)
ADDRESS = re.compile(r"https?://[!-~]*[\w/]")
HOSTILE = "Browser/1 <script>x</script> http://localhost:8000/accounts/logout/ \"'>"
VALUES = {
    "code": "K7MZ-4QXR",
    "minutes": 60,
    "number": "+14155550101",
    "timestamp": datetime(2026, 11, 22, 14, 5, tzinfo=UTC),
    "ip": "198.51.100.7",
    "from_email": "ada@example.com",
    "to_email": "ada@example.org",
    "deleted_email": "ada@example.com",
    "password_reset_url": "http://localhost:8000/accounts/password/reset/key/1-abc/",
    "signup_url": "http://localhost:8000/accounts/signup/",
    "activate_url": "http://localhost:8000/accounts/confirm-email/abc/",
}


@pytest.fixture
def sent(rf):
    def send(letter, language):
        with request_context(rf.get("/")), translation.override(language):
            get_adapter().send_mail(letter, "ada@example.com", {**VALUES, "user_agent": HOSTILE})
        return mail.outbox[-1]

    return send


def squeezed(text):
    return "".join(text.split())


@pytest.mark.parametrize("language", LANGUAGES)
def test_html_of_each_says_what_its_text_says(sent, db, language):
    for letter in LETTERS:
        message = sent(letter, language)
        (html,) = [part.content for part in message.alternatives]
        seen = squeezed(Page(html).text)
        lines = [squeezed(line) for line in message.body.replace("\n-- \n", "\n").splitlines()]
        assert [line for line in lines if line not in seen] == [], letter
        assert f'lang="{language}"' in html
        assert "\x02" not in message.subject + message.body + html


def test_each_link_of_these_shows_where_it_leads_and_browsers_write_none(sent, db):
    for letter in LETTERS:
        message = sent(letter, "en")
        page = Page(message.alternatives[0].content)
        ours = set(ADDRESS.findall(message.body.replace(HOSTILE, "")))
        assert {href for href, _words in page.links} == ours, letter
        assert [words for href, words in page.links if words != href] == []
        assert not page.buttons
        assert "script" not in page.tags


def test_a_code_stands_out(sent, db):
    page = Page(sent("account/email/login_code", "en").alternatives[0].content)

    assert page.words.count("K7MZ-4QXR") == 1
    assert page.preheader.startswith("K7MZ-4QXR")
