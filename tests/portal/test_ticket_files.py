"""A picture with a request: checked, encrypted, for its owner and for staff who answer, and gone after a while."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from accounts.documents import erase_due
from accounts.models import AuditEvent, Document, Ticket
from accounts.tickets import close, reply
from tests import make

NEW = reverse("new_ticket")


def picture(name="../../<b>screen</b>.png"):
    kept = BytesIO()
    Image.new("RGB", (40, 30), "red").save(kept, "PNG")
    return SimpleUploadedFile(name, kept.getvalue(), content_type="image/png")


def sent(client, file, **changes):
    key = str(client.get(NEW).context["form"]["form_key"].value())
    fields = {"kind": "service", "about": "", "text": "See the picture.", "form_key": key, "file": file, **changes}
    return client.post(NEW, fields)


def test_a_picture_is_for_its_owner_and_for_staff_who_answer(client, subscriber, stranger, staff):
    client.force_login(subscriber)
    sent(client, picture())
    ticket, document = Ticket.objects.get(), Document.objects.get()
    page = client.get(reverse("ticket", args=[ticket.public_id])).content.decode()
    for_staff = reverse("admin:accounts_ticket_file", args=[ticket.pk, document.public_id])
    viewer = make.make_user(is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_ticket"))
    other = make.make_ticket(owner=stranger)
    seen = {}

    for who in (stranger, viewer, staff):
        client.force_login(who)
        seen[who] = [client.get(reverse("accounts:document", args=[document.public_id])).status_code]
        seen[who].append(client.get(for_staff).status_code)
    elsewhere = client.get(reverse("admin:accounts_ticket_file", args=[other.pk, document.public_id]))
    opened = client.get(for_staff)

    assert reverse("accounts:document", args=[document.public_id]) in page
    assert "<b>screen" not in page
    assert seen == {stranger: [404, 302], viewer: [404, 404], staff: [404, 200]}
    assert elsewhere.status_code == 404
    assert opened.headers["Content-Disposition"].startswith("attachment")
    told = AuditEvent.objects.filter(action="document.opened_by_staff", subject=subscriber)
    assert [(event.actor, event.detail["reason"]) for event in told] == [(staff, ticket.public_id)] * 2


@pytest.mark.parametrize(
    ("name", "content"),
    [("page.png", b"\x89PNG\r\n\x1a\n<script>alert(1)</script>"), ("x.svg", b"<svg onload=alert(1)>"), ("e.png", b"")],
    ids=["polyglot", "svg", "empty"],
)
def test_what_is_no_picture_is_refused_and_the_text_is_kept(as_subscriber, name, content):
    answer = sent(as_subscriber, SimpleUploadedFile(name, content, content_type="image/png"))

    assert answer.status_code == 422
    assert answer.context["form"].errors["file"]
    assert "See the picture." in answer.content.decode()
    assert not Ticket.objects.exists()
    assert not Document.objects.exists()


def test_a_file_stays_while_the_request_is_open_and_a_while_after(subscriber, now):
    ticket = make.make_ticket(owner=subscriber)
    message = ticket.messages.get()
    document = make.make_document(owner=subscriber, purpose="ticket", about=message.public_id)
    Document.objects.update(erase_at=None)
    later = now + timedelta(days=91)

    def is_kept():
        erase_due(now=later)
        return Document.objects.kept().filter(pk=document.pk).exists()

    close(ticket=ticket, now=now)
    reply(ticket=ticket, text="It is back.", key="again", now=now)
    after_reopening = is_kept()
    close(ticket=ticket, now=now)

    assert after_reopening
    assert not is_kept()
