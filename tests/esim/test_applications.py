"""Applying for a physical SIM card: stopped and gone on with, sent, questioned, approved, forgotten."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse

from accounts.models import AuditEvent, Document, Notification
from esim import application_review, applications
from esim.application_review import CannotDecide
from esim.applications import CannotApply
from esim.models import Outlet, SimApplication
from portal.lib.money import Money
from tests import make
from tests.billing.books import fund

PERSON = {
    "full_name": "Ada Lin",
    "document_type": "passport",
    "document_number": "X1234567",
    "document_expires_on": "2031-05-31",
}
POST = {"delivery": "post", "address": "1 Main Street\r\nBerlin"}


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.PORTAL_DOCUMENTS_DIR = tmp_path
    return tmp_path


@pytest.fixture
def other_staff(db):
    return make.make_user(email="lee@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def sent(subscriber, now):
    application = make.make_application(owner=subscriber, papers=1)
    applications.submit(application, ip=None, now=now)
    return application


def page(name, application):
    return reverse(f"esim:application_{name}", args=[application.public_id])


def send_file(client, application, content=None, name="passport.jpg"):
    file = SimpleUploadedFile(name, make.picture() if content is None else content)
    return client.post(page("papers", application), {"file": file})


def approve(application, staff, now, *, two_people=False):
    return application_review.approve(
        application=application, staff=staff, seen_round=1, two_people=two_people, ip=None, now=now
    )


def ask(application, staff, now, wanted=("papers",)):
    application_review.ask_for_more(
        application=application,
        staff=staff,
        seen_round=application.round,
        wanted=wanted,
        reason="unreadable",
        text="The number is in the shade.",
        ip=None,
        now=now,
    )
    application.refresh_from_db()


def test_step_by_step_and_it_goes_on_where_one_left(as_subscriber, subscriber):
    begun = as_subscriber.post(reverse("sim_apply"), {"kind": "person"})
    application = SimApplication.objects.get(owner=subscriber)
    assert begun.url == page("details", application)

    assert as_subscriber.post(begun.url, PERSON).url == page("papers", application)
    # Another day, on another device.
    resumed = as_subscriber.post(reverse("sim_apply"), {"kind": "person"})
    assert resumed.url == page("papers", application)
    assert send_file(as_subscriber, application).url == resumed.url
    assert as_subscriber.get(resumed.url).context["onward"] == page("delivery", application)
    assert as_subscriber.post(page("delivery", application), POST).url == reverse(
        "sim_review", args=[application.public_id]
    )
    done = as_subscriber.post(reverse("sim_review", args=[application.public_id]), follow=True)

    application.refresh_from_db()
    assert (application.state, application.round) == ("submitted", 1)
    assert application.address == "1 Main Street\nBerlin"
    assert "Your application is being checked" in done.text
    assert Document.objects.get().erase_at is None
    assert Notification.objects.filter(kind="application_received").count() == 1


def test_the_page_of_an_outlet_fills_in_where_the_card_goes(as_subscriber, subscriber):
    outlet = make.make_outlet()
    began = as_subscriber.post(reverse("sim_apply"), {"kind": "person", "outlet": outlet.public_id})
    application = SimApplication.objects.get(owner=subscriber)

    assert (application.delivery, application.outlet, began.url) == ("pickup", outlet, page("details", application))
    other = make.make_outlet()
    onward = as_subscriber.get(reverse("sim_apply"), {"outlet": other.public_id}).text
    assert f"/delivery/?outlet={other.public_id}" in onward
    form = as_subscriber.get(page("delivery", application), {"outlet": other.public_id}).context["form"]
    assert form.initial["outlet"] == other.public_id
    assert as_subscriber.get(page("delivery", application), {"outlet": "\x00"}).status_code == 200


def test_what_identifies_a_person_is_not_in_the_table(subscriber):
    application = make.make_application(owner=subscriber)

    row = SimApplication.objects.values().get(pk=application.pk)
    assert not any("X1234567" in str(value) or "Ada Lin" in str(value) for value in row.values())


def test_a_file_that_is_refused_is_explained_and_a_wrong_one_removed(as_subscriber, subscriber):
    application = make.make_application(owner=subscriber)

    refused = send_file(as_subscriber, application, b"<svg/>", "passport.jpg")
    assert refused.status_code == 422
    assert "Only pictures (JPEG, PNG, WebP) and PDF files" in refused.text
    send_file(as_subscriber, application, name="wrong.png")
    wrong = Document.objects.get()
    assert wrong.name in as_subscriber.get(page("papers", application)).text
    as_subscriber.post(page("papers", application), {"remove": wrong.public_id})

    assert not Document.objects.kept().exists()


@pytest.mark.parametrize("form", [{"x": ""}, {"kind": "pirate"}, {**PERSON, "document_expires_on": "2020-01-01"}])
def test_what_makes_no_sense_is_said(as_subscriber, subscriber, form):
    application = make.make_application(owner=subscriber)
    answers = [
        as_subscriber.post(page("details", application), form),
        as_subscriber.post(page("delivery", application), {"delivery": "pickup", "outlet": "out_\x00"}),
        as_subscriber.post(page("delivery", application), {"delivery": "post"}),
        as_subscriber.post(page("papers", application), form),
        as_subscriber.post(reverse("sim_apply"), {"kind": form.get("kind", "x")}, follow=True),
    ]

    assert [answer.status_code for answer in answers] == [422, 422, 422, 422, 200]


@pytest.mark.parametrize("closed", [{"is_active": False}, {"gives_sims": False}])
def test_an_outlet_that_gives_out_no_cards_any_more_is_chosen_anew(as_subscriber, subscriber, now, closed):
    outlet = make.make_outlet()
    application = make.make_application(owner=subscriber, papers=1, delivery="pickup", outlet=outlet)
    assert applications.missing(application) == []
    Outlet.objects.update(**closed)

    assert applications.missing(application) == ["delivery"]
    with pytest.raises(CannotApply):
        applications.submit(application, ip=None, now=now)
    sent = {"delivery": "pickup", "outlet": make.make_outlet().public_id}
    assert as_subscriber.post(page("delivery", application), sent).status_code == 302
    as_subscriber.post(reverse("sim_review", args=[application.public_id]))
    application.refresh_from_db()
    assert application.state == "submitted"


def test_an_outlet_that_its_owner_may_not_change_stays_what_it_is(subscriber, staff, now):
    application = make.make_application(owner=subscriber, papers=1, delivery="pickup", outlet=make.make_outlet())
    applications.submit(application, ip=None, now=now)
    ask(application, staff, now)
    make.make_document(owner=subscriber, about=application.public_id, added_at=now + timedelta(minutes=1))
    Outlet.objects.update(is_active=False)

    applications.submit(application, ip=None, now=now + timedelta(minutes=2))

    assert application.state == "submitted"


def test_what_is_owed_is_settled_before_anything_is_sent(as_subscriber, subscriber, now):
    application = make.make_application(owner=subscriber, papers=1)
    declined = {"state": "past_due", "reason": "declined:insufficient_funds", "suspend_due_at": now + timedelta(days=5)}
    make.make_subscription(line=make.make_line(owner=subscriber), plan=make.make_plan(), **declined)
    review = reverse("sim_review", args=[application.public_id])

    shown = as_subscriber.post(review)

    assert "First, what is owed" in shown.text
    application.refresh_from_db()
    assert application.state == "draft"


def test_what_there_is_and_what_is_owed_comes_before_the_first_question(as_subscriber, subscriber, now):
    fund(subscriber, Money(1310, "USD"))
    clear = as_subscriber.get(reverse("sim_apply")).text
    declined = {"state": "past_due", "reason": "declined:insufficient_funds", "suspend_due_at": now + timedelta(days=5)}
    make.make_subscription(line=make.make_line(owner=subscriber), plan=make.make_plan(), **declined)

    owing = as_subscriber.post(reverse("sim_apply"), {"kind": "person"}).text

    assert clear.index("US$13.10") < clear.index("For whom is the card?")
    assert "First, what is owed" in owing
    assert "For whom is the card?" not in owing
    assert not SimApplication.objects.exists()


def test_another_person_finds_nothing(client, stranger, subscriber):
    application = make.make_application(owner=subscriber, papers=1)
    client.force_login(stranger)
    names = ("details", "papers", "delivery", "withdraw")

    assert {client.post(page(name, application), PERSON).status_code for name in names} == {404}


def test_a_locked_account_sends_nothing(as_subscriber, subscriber, now):
    application = make.make_application(owner=subscriber, papers=1)
    type(subscriber).objects.update(locked_at=now)

    assert as_subscriber.post(reverse("sim_review", args=[application.public_id])).status_code == 423
    assert send_file(as_subscriber, application).status_code == 423
    assert as_subscriber.post(reverse("sim_apply"), {"kind": "person"}).status_code == 423


def test_only_what_was_asked_for_can_be_changed(as_subscriber, sent, staff, now):
    ask(sent, staff, now)
    before = Document.objects.get()

    told = as_subscriber.get(reverse("esim:application", args=[sent.public_id])).text
    assert "The number is in the shade." in told
    assert "Take them in daylight" in told
    assert as_subscriber.post(page("details", sent), PERSON).url == reverse("esim:application", args=[sent.public_id])
    as_subscriber.post(page("papers", sent), {"remove": before.public_id})
    assert Document.objects.kept().filter(pk=before.pk).exists()
    with pytest.raises(CannotApply):
        applications.submit(sent, ip=None, now=now)
    send_file(as_subscriber, sent)
    as_subscriber.post(reverse("sim_review", args=[sent.public_id]))

    sent.refresh_from_db()
    assert (sent.state, sent.round, sent.wanted, sent.reason) == ("submitted", 2, [], "")


def test_details_that_were_asked_for_are_not_sent_again_unchanged(as_subscriber, sent, staff, now):
    ask(sent, staff, now, wanted=("details",))

    assert applications.missing(sent) == ["details"]
    assert as_subscriber.post(page("details", sent), PERSON).url == reverse("sim_review", args=[sent.public_id])
    assert as_subscriber.post(page("papers", sent)).url == reverse("esim:application", args=[sent.public_id])
    as_subscriber.post(reverse("sim_review", args=[sent.public_id]))
    sent.refresh_from_db()
    assert (sent.state, sent.round) == ("submitted", 2)


def test_sent_twice_is_sent_once(subscriber, now):
    application = make.make_application(owner=subscriber, papers=1)
    again = SimApplication.objects.get(pk=application.pk)

    applications.submit(application, ip=None, now=now)
    with pytest.raises(CannotApply):
        applications.submit(again, ip=None, now=now)
    assert Notification.objects.filter(kind="application_received").count() == 1


def test_two_reviewers_decide_once(sent, staff, other_staff, now):
    assert approve(sent, staff, now)

    with pytest.raises(CannotDecide):
        application_review.refuse(
            application=sent, staff=other_staff, seen_round=1, reason="expired", text="", ip=None, now=now
        )
    sent.refresh_from_db()
    assert (sent.state, sent.decided_by) == ("approved", staff)
    assert Document.objects.get().erase_at == now + timedelta(days=30)
    assert set(Notification.objects.filter(user=sent.owner).values_list("kind", flat=True)) == {
        "application_received",
        "application_approved",
    }


def test_what_was_read_before_it_changed_is_not_approved(sent, staff, now):
    ask(sent, staff, now)
    make.make_document(owner=sent.owner, about=sent.public_id, added_at=now + timedelta(minutes=1))
    applications.submit(sent, ip=None, now=now + timedelta(minutes=2))

    with pytest.raises(CannotDecide):
        approve(sent, staff, now)


def test_two_people_approve_where_that_is_wanted_and_nobody_their_own(sent, staff, other_staff, now):
    assert not approve(sent, staff, now, two_people=True)
    sent.refresh_from_db()
    for who in (staff, sent.owner):
        with pytest.raises(CannotDecide):
            approve(sent, who, now, two_people=True)
    assert approve(sent, other_staff, now, two_people=True)

    trail = AuditEvent.objects.filter(target=sent.public_id).order_by("pk").values_list("action", "actor__email")
    assert list(trail)[1:] == [
        ("application.approved_first", staff.email),
        ("application.approved", other_staff.email),
    ]


def test_withdrawing_erases_everything_at_once(as_subscriber, sent):
    as_subscriber.post(page("withdraw", sent))

    sent.refresh_from_db()
    assert (sent.state, sent.full_name, sent.address, sent.document_number) == ("cancelled", "", "", "")
    assert not Document.objects.kept().exists()
    assert as_subscriber.get(reverse("esim:application", args=[sent.public_id])).status_code == 200


def test_what_nobody_finished_ends_and_who_was_refused_is_forgotten(subscriber, sent, staff, now):
    draft = make.make_application(owner=subscriber, papers=1, touched_at=now)
    application_review.refuse(application=sent, staff=staff, seen_round=1, reason="other", text="No.", ip=None, now=now)

    call_command("tidy_applications", at=now + timedelta(days=29), verbosity=0)
    assert Document.objects.kept().count() == 2
    call_command("tidy_applications", at=now + timedelta(days=31), verbosity=0)

    draft.refresh_from_db()
    sent.refresh_from_db()
    assert (draft.state, draft.full_name) == ("cancelled", "")
    assert (sent.state, sent.full_name, sent.reason_text) == ("refused", "", "No.")
    assert not Document.objects.kept().exists()
    assert Notification.objects.filter(kind="application_lapsed").count() == 1
