"""The help centre as its readers meet it: search, one article, one voice each, the hotline, and official channels."""

from datetime import UTC, datetime

import pytest
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import ArticleFeedback
from portal.hotline import hotline
from tests import make

HELP = reverse("help")


@pytest.fixture
def article(db):
    return make.make_article(slug="roaming", title="Roaming", body="Switch it **on**, {brand} says.")


def useful(slug):
    return reverse("article_opinion", args=[slug])


def test_everybody_reads_it_by_topic_and_finds_it(client, article):
    home = client.get(HELP).content.decode()
    found = client.get(HELP, {"q": "roam"}).content.decode()
    page = client.get("/help/roaming/").content.decode()

    assert "/help/roaming/" in home
    assert "/help/roaming/" in found
    assert "Switch it <strong>on</strong>, LEB says." in page


def test_what_is_not_found_can_be_sent_to_support_as_it_is(as_subscriber, article):
    page = as_subscriber.get(HELP, {"q": "flux & <b>"}).content.decode()
    asked = as_subscriber.get(reverse("new_ticket"), {"from": "help", "q": "flux & <b>"})

    assert "/help/tickets/new/?from=help&amp;q=flux+%26+%3Cb%3E" in page
    assert asked.context["form"]["text"].value() == "flux & <b>\n"


def test_one_voice_a_session_and_a_person_which_may_change_its_mind(client, article, subscriber):
    for answer in ("yes", "no", "maybe"):
        client.post(useful("roaming"), {"useful": answer})
    client.post(useful("roaming"), {"useful": "no", "words": "Which menu?\0"})
    shown = client.get("/help/roaming/").content.decode()
    client.force_login(subscriber)
    for _time in range(2):
        client.post(useful("roaming"), {"useful": "yes"})

    told = ArticleFeedback.objects.order_by("pk").values_list("is_useful", "words")
    assert list(told) == [(False, "Which menu?"), (True, "")]
    assert "Which menu?" in shown
    assert subscriber.public_id not in str(list(ArticleFeedback.objects.values()))


def test_who_votes_very_often_is_not_counted(client, article, settings):
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "article_opinion": "1/h/ip"}
    other = make.make_article()

    client.post(useful("roaming"), {"useful": "yes"})
    client.post(useful(other.slug), {"useful": "yes"})

    assert ArticleFeedback.objects.count() == 1


def test_words_that_come_too_often_stay_on_the_page(client, article, settings):
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "article_opinion": "1/h/ip"}
    client.post(useful("roaming"), {"useful": "no"})

    answer = client.post(useful("roaming"), {"useful": "no", "words": "Say which menu it is in"})

    page = answer.content.decode()
    assert answer.status_code == 429
    assert "Say which menu it is in" in page
    assert "Thank you for telling us" not in page
    assert ArticleFeedback.objects.get().words == ""


def test_what_is_hidden_is_for_staff_and_our_own_links_to_it_are_no_dead_end(client, article, staff):
    article.is_published = False
    article.save()
    other = make.make_article(is_published=False)

    answers = [client.get(f"/help/{slug}/") for slug in ("roaming", other.slug, "never-written")]
    vote = client.post(useful("roaming"), {"useful": "yes"})
    client.force_login(staff)

    assert [answer.status_code for answer in answers] == [302, 404, 404]
    assert answers[0].url == HELP
    assert vote.status_code == 404
    assert "Not published" in client.get("/help/roaming/").content.decode()


HOURS = {
    "2026-11-20T17:59+08:00": (True, "Open now until 18:00"),
    "2026-11-20T18:00+08:00": (False, "Closed now, opens tomorrow at 10:00"),
    "2026-11-21T14:30+08:00": (False, "Closed now, opens Monday at 09:00"),
    "2026-12-25T10:00+08:00": (False, "Closed now, opens tomorrow at 10:00"),
}


@pytest.mark.parametrize("moment", HOURS)
def test_the_hotline_says_whether_somebody_answers_now(settings, moment):
    settings.PORTAL_SUPPORT_HOURS = "Mon-Fri 09:00-18:00; Sat 10:00-14:00"
    settings.PORTAL_SUPPORT_HOLIDAYS = "2026-12-25 closed"
    settings.PORTAL_SUPPORT_TIME_ZONE = "Asia/Taipei"

    line = hotline(datetime.fromisoformat(moment).astimezone(UTC))

    assert (line.is_open, line.state) == HOURS[moment]
    assert line.place == "Taipei"
    assert line.week[0] == ("Monday to Friday", "09:00–18:00")
    assert line.week[-1] == ("Sunday", "closed")


def test_official_channels_are_what_the_settings_name(client, settings):
    settings.PORTAL_BASE_URL = "https://my.leb.example"
    settings.DEFAULT_FROM_EMAIL = "LEB <no-reply@leb.example>"
    settings.PORTAL_SMS_SENDERS = "LEB; +886 2 5550 0100"
    settings.PORTAL_SOCIAL_ACCOUNTS = "WeChat=leb-esim; Bad=javascript:alert(1); X=https://x.example/leb"

    page = client.get(reverse("official_channels")).content.decode()

    for told in ("my.leb.example", "no-reply@leb.example", "+886 2 5550 0100", "leb-esim", "tel:+14155550100"):
        assert told in page
    assert 'href="https://x.example/leb"' in page
    assert 'href="javascript' not in page


def test_the_hotline_stands_on_pages_of_errors(client):
    # A fault of ours is drawn without a request, and perhaps without a database.
    for page in (client.get("/nothing-here/").content.decode(), render_to_string("500.html")):
        assert "+1 415 555 0100" in page
