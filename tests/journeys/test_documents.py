"""The invoice as a file: downloaded from billing, and sent by e-mail."""

from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import expect
from pypdf import PdfReader

from billing.invoices import issue
from tests.billing.invoicing import delivered_order

pytestmark = pytest.mark.browser


@pytest.fixture
def invoice(at_stripe, subscriber):
    return issue(order_id=delivered_order(subscriber, paid_with="wechat_pay").pk, now=timezone.now())


def test_an_invoice_is_downloaded_as_pdf(ada, at_stripe, invoice):
    ada.goto(f"{at_stripe}/billing/documents/")
    with ada.expect_download() as arriving:
        ada.get_by_role("link", name=invoice.number).click()

    file = Path(arriving.value.path())
    assert arriving.value.suggested_filename.endswith(f"{invoice.number}.pdf")
    assert file.read_bytes().startswith(b"%PDF-")
    text = "".join(page.extract_text() for page in PdfReader(file).pages)
    assert invoice.number in text
    assert "WeChat Pay" in text
    answer = ada.request.get(arriving.value.url)
    assert answer.headers["content-type"] == "application/pdf"


def test_an_invoice_is_sent_by_email(ada, at_stripe, invoice, subscriber):
    ada.goto(f"{at_stripe}/orders/{invoice.order.public_id}/receipt/")
    ada.get_by_role("button", name="Send by e-mail").click()
    expect(ada.get_by_role("status")).to_contain_text(f"{invoice.number} is on its way to {subscriber.email}")

    call_command("deliver_notifications", verbosity=0)
    ada.goto(f"{at_stripe}/outbox/")
    letter = ada.get_by_role("article").filter(has_text=invoice.number)
    with ada.expect_download() as arriving:
        letter.get_by_role("link", name=f"{invoice.number}.pdf").click()
    assert Path(arriving.value.path()).read_bytes().startswith(b"%PDF-")
