"""A link to a new password by e-mail: works once, for an hour, anywhere; looking at it changes nothing."""

import re

import pytest
import time_machine
from django.test import Client

from accounts.models import ApiToken, AuditEvent, User
from tests import make
from tests.accounts.conftest import is_signed_in
from tests.accounts.test_passwords import FORGOT, NEW, TYPED
from tests.accounts.test_second_step import enrol
from tests.fakes.crowd import slowed, together

FORM = re.compile(r"^/accounts/password/reset/key/\w+-set-password/$")


@pytest.fixture
def link(subscriber, outbox):
    """The path of a link that Ada asked for in a browser of her own."""
    Client().post(FORGOT, {"login": "Ada@example.com"})
    return outbox.link("ada@example.com")


def set_password(client, link, typed=TYPED):
    return client.post(client.get(link).url, typed)


def has_new_password(user):
    return User.objects.get(pk=user.pk).check_password(NEW)


def test_a_link_sets_the_password_in_another_browser(client, link, subscriber, outbox):
    page = client.get(link)
    assert FORM.match(page.url)

    page = client.post(page.url, TYPED, follow=True)

    assert page.redirect_chain == [("/accounts/login/", 302)]
    assert "Your new password is set" in page.content.decode()
    assert has_new_password(subscriber)
    assert not is_signed_in(client)
    assert outbox.to("ada@example.com")[-1].subject == "Your LEB password was changed"


def test_a_link_that_was_used_ends_the_tokens_of_programs(client, link, subscriber, outbox, now):
    make.make_api_token(owner=subscriber)

    client.get(link)
    assert ApiToken.objects.usable(now).exists()
    set_password(client, link)

    assert not ApiToken.objects.usable(now).exists()
    assert "API tokens revoked" in outbox.to("ada@example.com")[-1].body


def test_the_letter_says_how_long_the_link_works_and_speaks_its_readers_language(subscriber, outbox, client):
    client.post(FORGOT, {"login": "ada@example.com"})
    letter = outbox.to("ada@example.com")[-1]
    assert letter.subject == "Your link to a new LEB password"
    assert "works once, for 60 minutes" in letter.body
    assert "http://localhost:8000/accounts/password/reset/key/" in letter.body

    User.objects.update(language="zh-hans")
    client.post(FORGOT, {"login": "ada@example.com"}, headers={"accept-language": "en"})

    assert outbox.to("ada@example.com")[-1].body != letter.body
    assert "works once" in client.get("/accounts/password/reset/done/").content.decode()


def test_an_unknown_address_looks_the_same(subscriber, outbox):
    answers = []
    for email in ("ada@example.com", "nobody@example.com"):
        client = Client()
        answer = client.post(FORGOT, {"login": email})
        page = client.get(answer.url).content.decode().replace(email, "EMAIL")
        answers.append((answer.status_code, answer.url, page.partition("<main")[2].partition("csrf")[0]))

    assert answers[0] == answers[1]
    assert "EMAIL" in answers[0][2]
    assert "no account uses this address" in outbox.to("nobody@example.com")[-1].body


def test_a_closed_account_gets_no_link(client, subscriber, outbox):
    User.objects.update(is_active=False)

    client.post(FORGOT, {"login": "ada@example.com"})

    assert "no account uses this address" in outbox.to("ada@example.com")[-1].body


def test_looking_at_it_changes_nothing(link, subscriber):
    """As mail scanners do: some follow where it leads, too."""
    before = User.objects.values().get(pk=subscriber.pk)
    scanner = Client()
    for look in (scanner.head, scanner.get, scanner.get):
        look(link, follow=True)

    assert User.objects.values().get(pk=subscriber.pk) == before
    set_password(Client(), link)
    assert has_new_password(subscriber)


def test_looking_at_it_signs_nobody_out(link, stranger):
    browser = Client()
    browser.force_login(stranger)

    page = browser.get(link, follow=True)

    assert "For the account of ada@example.com" in page.content.decode()
    assert browser.get("/settings/").status_code == 200


def test_setting_a_password_signs_out_who_else_is_signed_in_there(link, stranger, subscriber):
    browser = Client()
    browser.force_login(stranger)

    set_password(browser, link)

    assert has_new_password(subscriber)
    assert not is_signed_in(browser)


def test_it_works_once(link, subscriber):
    set_password(Client(), link)

    page = Client().get(link)

    assert page.status_code == 404
    assert "This link no longer works" in page.content.decode()


def test_a_form_that_was_open_elsewhere_sets_nothing_any_more(link, subscriber):
    early, late = Client(), Client()
    opened = late.get(link).url
    set_password(early, link)

    page = late.post(opened, {"password1": "another one entirely", "password2": "another one entirely"})

    assert page.status_code == 404
    assert has_new_password(subscriber)


@pytest.mark.parametrize(("seconds", "works"), [(3590, True), (3602, False)])
def test_it_works_for_an_hour(subscriber, outbox, seconds, works):
    with time_machine.travel("2026-11-21 10:00Z", tick=False) as clock:
        Client().post(FORGOT, {"login": "ada@example.com"})
        clock.shift(seconds)
        status = Client().get(outbox.link("ada@example.com")).status_code

    assert status == (302 if works else 404)


def test_a_link_ends_with_the_next_sign_in(link, client):
    client.post("/accounts/login/", {"login": "ada@example.com", "password": make.PASSWORD})

    assert Client().get(link).status_code == 404


@pytest.mark.parametrize("change", [lambda key: key[:-1] + "x", lambda key: "1" + key, lambda _key: "set-password"])
def test_another_key_opens_nothing(link, change):
    head, _, key = link.rstrip("/").partition("-")

    assert Client().get(f"{head}-{change(key)}/").status_code == 404


def test_a_link_of_one_account_opens_no_other(link, stranger):
    head, _, key = link.rstrip("/").rpartition("/")
    other = f"{head}/{stranger.pk}-{key.partition('-')[2]}/"

    assert Client().get(other).status_code == 404


def test_a_poor_password_is_refused_and_the_link_stays_good(link, subscriber):
    browser = Client()
    page = set_password(browser, link, {"password1": "short", "password2": "short"})
    assert page.status_code == 422
    assert page.context["form"].errors["password1"]

    set_password(Client(), link)

    assert has_new_password(subscriber)


def test_no_page_names_the_key_and_no_other_site_hears_of_it(link):
    key = link.rstrip("/").partition("-")[2]
    browser = Client()

    opened = browser.get(link)
    page = browser.get(opened.url)

    assert key not in opened.url
    assert key not in page.content.decode()
    assert opened["Referrer-Policy"] == page["Referrer-Policy"] == "strict-origin"
    assert "no-store" in page["Cache-Control"]


def test_a_new_password_signs_out_every_device(client, subscriber, outbox):
    client.post("/accounts/login/", {"login": "ada@example.com", "password": make.PASSWORD})
    Client().post(FORGOT, {"login": "ada@example.com"})

    set_password(Client(), outbox.link("ada@example.com"))

    assert client.get("/settings/").status_code == 302


def test_a_code_that_was_awaited_in_that_browser_is_in_nobodys_way(subscriber, outbox):
    """The number is on the line that is out of service: no code came, so the link was taken."""
    User.objects.update(phone="+14155550101", phone_verified=True)
    browser = Client()
    browser.post(FORGOT, {"login": "+14155550101"})
    browser.post(FORGOT, {"login": "ada@example.com"})

    page = set_password(browser, outbox.link("ada@example.com"))

    assert browser.get(page.url).status_code == 200


def test_the_second_step_is_asked_for_all_the_same(client, subscriber, outbox):
    client.post("/accounts/login/", {"login": "ada@example.com", "password": make.PASSWORD})
    enrol(client)
    browser = Client()
    browser.post(FORGOT, {"login": "ada@example.com"})
    set_password(browser, outbox.link("ada@example.com"))

    page = browser.post("/accounts/login/", {"login": "ada@example.com", "password": NEW})

    assert page.url == "/accounts/2fa/authenticate/"
    assert not is_signed_in(browser)


def test_the_trail_tells_of_the_link_and_of_the_password(link, subscriber):
    set_password(Client(), link)

    asked, done = AuditEvent.objects.filter(subject=subscriber).order_by("pk")
    assert (asked.action, asked.actor) == ("account.reset_link_sent", None)
    assert (done.action, done.actor) == ("account.password_reset", subscriber)


def test_a_locked_account_stays_locked(link, subscriber, now):
    User.objects.update(locked_at=now)

    set_password(Client(), link)

    assert has_new_password(subscriber)
    assert User.objects.get(pk=subscriber.pk).locked_at


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_of_two_who_use_it_at_once_one_gets_through(link, subscriber):
    browsers = [Client(), Client()]
    forms = [browser.get(link).url for browser in browsers]

    with slowed("accounts_user", "UPDATE"):
        pages = together(2, lambda number: browsers[number].post(forms[number], TYPED))

    assert sorted(page.status_code for page in pages) == [302, 404]
    assert AuditEvent.objects.filter(action="account.password_reset").count() == 1
