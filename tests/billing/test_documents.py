"""The pages and mails of invoices."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
import time_machine
from django.core import mail
from django.urls import reverse
from pypdf import PdfReader

from accounts.models import Notification, OutboxMessage
from accounts.notifications import deliver_due
from billing import sales
from billing.gateways.base import RefundResult, RefundState
from billing.invoice_mail import MAILS_AN_HOUR
from billing.invoices import issue_due
from billing.models import BillingDetails, Invoice, Order
from billing.refund_settlement import settle
from tests import make
from tests.billing.books import NOW
from tests.billing.invoicing import delivered_order, given_back, invoice_of, top_up

HOUR = timedelta(hours=1)


@pytest.fixture
def invoice(subscriber):
    return invoice_of(delivered_order(subscriber))


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def send(client, invoice):
    return client.post(reverse("billing:send_document", args=[invoice.public_id]), follow=True).content.decode()


def text_of(pdf):
    return PdfReader(BytesIO(pdf)).pages[0].extract_text()


def test_the_owner_downloads_the_pdf(as_subscriber, invoice):
    answer = as_subscriber.get(f"/billing/documents/{invoice.public_id}.pdf")

    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'attachment; filename="invoice-2026-000001.pdf"'
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "2026-000001" in text_of(answer.content)


def test_nobody_else_does(client, stranger, invoice):
    addresses = [
        reverse("billing:document", args=[invoice.public_id]),
        reverse("billing:send_document", args=[invoice.public_id]),
        reverse("billing:issue_document", args=[invoice.order.public_id]),
    ]
    assert all(client.get(address).status_code == 302 for address in addresses)
    client.force_login(stranger)

    assert client.get(addresses[0]).status_code == 404
    assert all(client.post(address).status_code == 404 for address in addresses[1:])
    assert "2026-000001" not in client.get(reverse("billing:documents")).content.decode()
    assert not Notification.objects.exists()


def test_documents_are_listed_latest_first_with_what_they_correct(as_subscriber, subscriber, invoice):
    given_back(invoice.order, amount=500)
    make.make_invoice(order=delivered_order(subscriber), number="2025-000009", issued_at=NOW - timedelta(days=400))

    issue_due(now=NOW + HOUR)

    page = as_subscriber.get(reverse("billing:documents")).content.decode()
    assert re.findall(r"C?20\d\d-\d{6}(?=</a>)", page)[0] == "C2026-000001"
    assert "corrects 2026-000001" in " ".join(page.split())
    assert page.index("2026-000001</a>") < page.index("2025-000009")


def test_the_receipt_of_a_delivered_order_offers_its_invoice_at_once(as_subscriber, subscriber):
    order = delivered_order(subscriber)
    receipt = reverse("billing:receipt", args=[order.public_id])

    assert "Download PDF" in as_subscriber.get(receipt).content.decode()
    assert not Invoice.objects.exists(), "looking issues nothing"
    answer = as_subscriber.post(reverse("billing:issue_document", args=[order.public_id]), follow=True)

    assert answer["Content-Type"] == "application/pdf"
    again = as_subscriber.get(receipt).content.decode()
    assert "Invoice 2026-000001 as PDF" in again
    assert "Download PDF" not in again


def test_an_order_on_its_way_says_when_its_invoice_comes(as_subscriber, subscriber):
    order = delivered_order(subscriber)
    Order.objects.update(state="fulfilling")

    page = as_subscriber.get(reverse("billing:receipt", args=[order.public_id])).content.decode()
    answer = as_subscriber.post(reverse("billing:issue_document", args=[order.public_id]), follow=True)

    assert "as soon as the order is delivered" in page
    assert "as soon as the order is delivered" in answer.content.decode()
    assert not Invoice.objects.exists()


def test_what_could_not_be_delivered_offers_no_invoice(as_subscriber, subscriber):
    order = delivered_order(subscriber)
    Order.objects.update(state="undeliverable")

    page = as_subscriber.get(reverse("billing:receipt", args=[order.public_id])).content.decode()

    assert "Download PDF" not in page
    assert "as soon as the order is delivered" not in page


def test_the_receipt_names_what_paid(as_subscriber, subscriber):
    order = delivered_order(subscriber, paid_with="alipay")

    assert "Alipay" in as_subscriber.get(reverse("billing:receipt", args=[order.public_id])).content.decode()


def test_a_document_is_mailed_on_request(as_subscriber, subscriber, invoice, settings):
    settings.EMAIL_BACKEND = "accounts.outbox.OutboxEmailBackend"

    told = send(as_subscriber, invoice)
    queued = Notification.objects.get()
    deliver_due(now=NOW)

    assert "2026-000001 is on its way to ada@example.com" in told
    assert "%PDF" not in str(queued.context)
    message = OutboxMessage.objects.get()
    assert message.subject == "Invoice 2026-000001"
    file = message.attachments.get()
    assert file.name == "invoice-2026-000001.pdf"
    assert "2026-000001" in text_of(bytes(file.content))
    assert f"/outbox/attachments/{file.public_id}/" in as_subscriber.get("/outbox/").content.decode()


def test_it_comes_by_mail_to_who_wants_notices_by_sms_only(as_subscriber, subscriber, invoice):
    type(subscriber).objects.update(notify_by_email=False)

    send(as_subscriber, invoice)
    deliver_due(now=NOW)

    assert [message.to for message in mail.outbox] == [["ada@example.com"]]


def test_pressed_twice_it_is_one_mail(as_subscriber, invoice):
    send(as_subscriber, invoice)
    send(as_subscriber, invoice)

    assert Notification.objects.count() == 1


def test_not_many_are_sent_within_an_hour(as_subscriber, subscriber):
    told = ""
    for _document in range(MAILS_AN_HOUR + 1):
        told = send(as_subscriber, make.make_invoice(order=delivered_order(subscriber)))

    assert "many documents within an hour" in told
    assert Notification.objects.count() == MAILS_AN_HOUR
    with time_machine.travel(NOW + HOUR + timedelta(seconds=1)):
        assert "on its way" in send(as_subscriber, Invoice.objects.first())


def test_an_address_that_is_not_proved_gets_nothing(client, db):
    person = make.make_user(verified=False)
    invoice = invoice_of(delivered_order(person))
    client.force_login(person)

    assert "Confirm your e-mail address first" in send(client, invoice)
    assert not Notification.objects.exists()


def pay(order, kind):
    sales.tell(order, kind=kind, key=f"order:{order.public_id}:fulfilled", now=NOW, **PERIOD[kind])
    deliver_due(now=NOW)
    return mail.outbox[-1]


PERIOD = {"money_added": {}, "order_fulfilled": {"starts_at": NOW.isoformat(), "ends_at": NOW.isoformat()}}


@pytest.mark.parametrize(
    ("make_order", "kind", "name"),
    [
        (delivered_order, "order_fulfilled", "invoice-2026-000001.pdf"),
        (top_up, "money_added", "receipt-R2026-000001.pdf"),
    ],
)
def test_who_wants_it_gets_the_document_with_every_payment_mail(subscriber, make_order, kind, name):
    BillingDetails.objects.create(owner=subscriber, attach_to_mails=True)

    message = pay(make_order(subscriber), kind)

    assert [file.filename for file in message.attachments] == [name]


def test_who_wants_it_gets_the_credit_note_with_the_mail_about_a_refund(subscriber):
    BillingDetails.objects.create(owner=subscriber, attach_to_mails=True)
    order = delivered_order(subscriber)
    refund = make.make_refund(charge=order.charges.get(), amount=500, state="unknown")

    arrived = RefundResult(
        state=RefundState.SUCCEEDED, refund_id="re_1", transaction_id="", money=refund.money, key=refund.public_id
    )
    settle(refund_id=refund.pk, result=arrived, now=NOW)
    deliver_due(now=NOW)

    assert [file.filename for file in mail.outbox[-1].attachments] == ["credit-note-C2026-000001.pdf"]


def test_who_did_not_ask_gets_none(subscriber):
    assert pay(delivered_order(subscriber), "order_fulfilled").attachments == []


def test_none_goes_to_an_address_that_nobody_has_proved(db):
    subscriber = make.make_user(verified=False)
    BillingDetails.objects.create(owner=subscriber, attach_to_mails=True)

    assert pay(delivered_order(subscriber), "order_fulfilled").attachments == []


def test_a_document_that_cannot_be_made_does_not_hold_up_the_notice(subscriber, caplog):
    BillingDetails.objects.create(owner=subscriber, attach_to_mails=True)
    order = delivered_order(subscriber)
    Order.objects.update(plan_terms={"name": "Europe"})

    message = pay(order, "order_fulfilled")

    assert message.attachments == []
    assert "No document could be attached" in caplog.text


def test_billing_details_are_saved_for_invoices_to_come(as_subscriber, subscriber):
    address = reverse("billing:details")
    given = {"name": "艾达有限公司", "address": " Weg 1 \r\n\r\n10115 Berlin", "country": "DE", "tax_id": "DE123456789"}

    answer = as_subscriber.post(address, given, follow=True)

    kept = BillingDetails.objects.get(owner=subscriber)
    assert (kept.name, kept.address, kept.country) == ("艾达有限公司", "Weg 1\n10115 Berlin", "DE")
    assert "from now on" in answer.content.decode()
    assert "艾达有限公司" in as_subscriber.get(address).content.decode()
    assert invoice_of(delivered_order(subscriber)).details["buyer"]["tax_id"] == "DE123456789"


def test_every_billing_detail_may_stay_empty(as_subscriber):
    assert as_subscriber.post(reverse("billing:details"), {}).status_code == 302


@pytest.mark.parametrize(
    ("field", "value"),
    [("country", "XX"), ("address", "\n".join("1234567")), ("name", "x" * 121), ("tax_id", "9" * 41), ("name", "a\0b")],
)
def test_billing_details_that_cannot_be_are_refused(as_subscriber, subscriber, field, value):
    answer = as_subscriber.post(reverse("billing:details"), {field: value})

    assert answer.status_code == 422
    assert getattr(BillingDetails.objects.get(owner=subscriber), field) == ""


def test_billing_details_are_ones_own(client, stranger, subscriber):
    BillingDetails.objects.create(owner=subscriber, name="Ada GmbH")
    client.force_login(stranger)

    page = client.get(reverse("billing:details")).content.decode()
    client.post(reverse("billing:details"), {"name": "Sam"})

    assert "Ada GmbH" not in page
    assert BillingDetails.objects.get(owner=subscriber).name == "Ada GmbH"
