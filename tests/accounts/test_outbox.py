"""The page of messages: in a demo for everybody, anywhere else for nobody."""

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection

from accounts.models import OutboxMessage


def keep(count):
    for number in range(1, count + 1):
        OutboxMessage.objects.create(
            channel="email", recipient="a@example.com", subject=f"Message {number}", body="<b>"
        )


def test_newest_message_comes_first_and_the_rest_a_page_later(client, db):
    keep(21)

    first = client.get("/outbox/").content.decode()
    second = client.get("/outbox/?page=2").content.decode()

    assert first.index("Message 21") < first.index("Message 20")
    assert "Message 1<" in second
    assert "&lt;b&gt;" in second


@pytest.mark.parametrize("page", ["0", "-1", "x", "999"])
def test_page_that_is_none_is_answered(client, db, page):
    assert client.get(f"/outbox/?page={page}").status_code == 200


def test_empty_outbox_says_what_will_be_here(client, db):
    assert "No message has been sent yet" in client.get("/outbox/").content.decode()


def send_with_file(name):
    outbox = get_connection("accounts.outbox.OutboxEmailBackend")
    message = EmailMessage("Invoice", "Attached.", to=["a@example.com"], connection=outbox)
    message.attach(name, b"%PDF-1.4 of a test", "application/pdf")
    message.send()


def test_a_file_that_came_with_a_message_can_be_opened(client, db):
    send_with_file("invoice-2026-000001.pdf")

    page = client.get("/outbox/")
    file = OutboxMessage.objects.get().attachments.get()
    answer = client.get(f"/outbox/attachments/{file.public_id}/")

    assert "Attached: invoice-2026-000001.pdf" in page.content.decode()
    assert f'href="/outbox/attachments/{file.public_id}/"' in page.content.decode()
    assert (answer.content, answer["Content-Type"]) == (b"%PDF-1.4 of a test", "application/pdf")
    assert answer["Content-Disposition"] == 'attachment; filename="invoice-2026-000001.pdf"'
    assert answer["Cache-Control"] == "private, no-store"


def send_as_html(html):
    outbox = get_connection("accounts.outbox.OutboxEmailBackend")
    message = EmailMultiAlternatives("Receipt", "Paid.", to=["a@example.com"], connection=outbox)
    message.attach_alternative(html, "text/html")
    message.send()
    return OutboxMessage.objects.get()


def test_a_letter_can_be_seen_as_mail_programs_show_it(client, db):
    letter = send_as_html('<p style="color:#123456">Paid.</p>')

    assert f'href="/outbox/letters/{letter.pk}/"' in client.get("/outbox/").content.decode()
    assert "#123456" not in client.get("/outbox/").content.decode()
    assert client.get(f"/outbox/letters/{letter.pk}/").content.decode() == '<p style="color:#123456">Paid.</p>'


def test_a_letter_that_is_shown_can_run_and_fetch_nothing(client, db):
    answer = client.get(f"/outbox/letters/{send_as_html('<script src=/x.js></script>').pk}/")

    policy = answer["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "sandbox", "form-action 'none'", "frame-ancestors 'none'"} <= set(policy)
    assert not [part for part in policy if part.startswith(("script-src", "img-src", "font-src", "connect-src"))]
    assert "no-store" in answer["Cache-Control"]


def test_a_message_without_html_has_no_such_page(client, db):
    keep(1)

    assert "/outbox/letters/" not in client.get("/outbox/").content.decode()
    assert client.get(f"/outbox/letters/{OutboxMessage.objects.get().pk}/").status_code == 404


def test_a_file_name_cannot_add_a_header(client, db):
    send_with_file('a"b\r\nX-Evil: 1.pdf')
    file = OutboxMessage.objects.get().attachments.get()

    answer = client.get(f"/outbox/attachments/{file.public_id}/")

    assert answer.status_code == 200
    assert "X-Evil" not in answer.headers


def test_outside_the_demo_there_is_no_such_page(client, db, settings):
    settings.PLAYGROUND = False

    assert client.get("/outbox/").status_code == 404
    assert client.get(f"/outbox/letters/{send_as_html('<p>Paid.</p>').pk}/").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_page_costs_three_queries_for_one_message_or_three(client, db, count, django_assert_num_queries):
    keep(count)

    with django_assert_num_queries(3):
        client.get("/outbox/")
