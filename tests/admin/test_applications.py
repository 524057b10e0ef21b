"""Reviewing applications in the staff site: for a reason, on the round that was read, and told."""

import base64

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts import documents, trail
from accounts.models import AuditEvent, Document
from esim import applications
from esim.models import SimApplication
from tests import make

LIST = "/admin/esim/simapplication/"
WHY = {"opening_reason": "Checking the application"}


@pytest.fixture
def sent(subscriber, now, settings, tmp_path):
    settings.PORTAL_DOCUMENTS_DIR = tmp_path
    application = make.make_application(owner=subscriber)
    applications.add_paper(application, SimpleUploadedFile("p.jpg", make.picture()), now=now)
    applications.submit(application, ip=None, now=now)
    return application


def review(client, application, **fields):
    return client.post(f"{LIST}{application.pk}/review/", {**WHY, "seen_round": 1, **fields})


def test_nobody_of_the_staff_opens_the_copy_of_everything(as_staff, subscriber):
    copy = make.make_document(owner=subscriber, purpose=Document.Purpose.EXPORT)
    paper = make.make_document(owner=subscriber)

    answers = [as_staff.get(f"/admin/accounts/document/{one.pk}/open/").status_code for one in (copy, paper)]

    assert answers == [404, 200]


def test_papers_are_shown_for_a_reason_that_their_owner_reads(as_staff, staff, sent, subscriber):
    address = f"{LIST}{sent.pk}/review/"
    before = as_staff.get(address).text + as_staff.get(f"{LIST}{sent.pk}/change/").text
    refused = as_staff.post(address, {"opening_reason": " "})
    shown = as_staff.post(address, WHY)

    paper = Document.objects.get()
    picture = base64.b64encode(documents.opened(paper)).decode()
    assert refused.status_code == 422
    for secret in (picture, "X1234567"):
        assert secret not in before + refused.text
        assert secret in shown.text
    assert "no-store" in shown["Cache-Control"]
    event = AuditEvent.objects.get(action="document.opened_by_staff")
    assert (event.actor, event.subject, event.target) == (staff, subscriber, paper.public_id)
    assert "Checking the application" in [trace.reason for trace in trail.recent(subscriber)]


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"decision": "approve"}, "approved"),
        ({"decision": "ask", "wanted": ["papers"], "reason": "unreadable"}, "more_wanted"),
        ({"decision": "ask", "reason": "unreadable"}, "submitted"),
        ({"decision": "refuse", "reason": "expired"}, "refused"),
        ({"decision": "refuse"}, "submitted"),
        ({"decision": "refuse", "reason": "other"}, "submitted"),
        ({"decision": "approve", "seen_round": 2}, "submitted"),
        ({"decision": "nonsense"}, "submitted"),
    ],
)
def test_deciding(as_staff, sent, fields, state):
    answer = review(as_staff, sent, **fields)

    assert answer.status_code == (422 if state == "submitted" else 302)
    assert SimApplication.objects.get().state == state


def test_a_pdf_is_saved_with_the_reason_that_was_given(as_staff, sent):
    paper = Document.objects.get()
    Document.objects.update(form="application/pdf")

    shown = review(as_staff, sent)
    assert "Save the PDF" in shown.text
    assert base64.b64encode(documents.opened(paper)).decode() not in shown.text
    saved = review(as_staff, sent, document=paper.public_id)
    assert saved["Content-Disposition"].startswith("attachment")
    assert AuditEvent.objects.get(action="document.opened_by_staff").detail["reason"] == WHY["opening_reason"]
    assert review(as_staff, sent, document="doc_0000000000000000").status_code == 404


def test_two_people_where_the_operator_wants_that(as_staff, sent, settings, client):
    settings.PORTAL_APPLICATION_TWO_PEOPLE = True
    review(as_staff, sent, decision="approve")
    again = review(as_staff, sent, decision="approve")

    assert again.status_code == 422
    assert "The second approval is a colleague" in again.text
    client.force_login(make.make_user(email="lee@example.com", is_staff=True, is_superuser=True))
    assert review(client, sent, decision="approve").status_code == 302
    assert SimApplication.objects.get().state == "approved"


def test_only_who_may_open_documents(client, sent):
    clerk = make.make_user(email="clerk@example.com", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=["view_simapplication", "view_document"]))
    client.force_login(clerk)
    paper = Document.objects.get()

    assert client.get(LIST).status_code == 200
    assert review(client, sent, decision="approve").status_code == 403
    assert client.post(f"/admin/accounts/document/{paper.pk}/open/", WHY).status_code == 403


def test_a_document_is_handed_to_staff_as_a_file_only(as_staff, sent):
    paper = Document.objects.get()
    answer = as_staff.post(f"/admin/accounts/document/{paper.pk}/open/", WHY)

    assert answer.content == documents.opened(paper)
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert AuditEvent.objects.filter(action="document.opened_by_staff").count() == 1


def test_the_front_page_says_how_many_wait(as_staff, sent):
    assert "Applications for a SIM card that wait to be checked" in as_staff.get("/admin/").text
