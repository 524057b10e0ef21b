"""Invoices in the mail: on request, and with every payment mail of those who want that."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from allauth.account.models import EmailAddress
from django.core.mail import EmailAttachment
from django.utils.translation import gettext_lazy as _

from accounts.models import Notification, User
from accounts.models.notifications import Channel
from accounts.notifications import notify
from billing import invoice_pdf
from billing.invoices import issue, issue_credit_note
from billing.models import BillingDetails, Invoice, Order, Refund

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

logger = logging.getLogger(__name__)

ON_REQUEST = "document_sent"
ABOUT_REFUNDS = "refund_done"
ABOUT_PAYMENTS = frozenset({"order_fulfilled", "money_added", ABOUT_REFUNDS})
"""Kinds of notices that tell of a payment by its `order_id`, or of a refund by its `refund_id`."""

AN_HOUR = timedelta(hours=1)
MAILS_AN_HOUR = 10


class NotSent(Exception):
    """Why a document was not sent, for the subscriber."""

    def __init__(self, sentence: "_StrPromise") -> None:
        super().__init__(sentence)
        self.sentence = sentence


def send_on_request(*, invoice: Invoice, user: User, now: datetime) -> None:
    """Queue a mail with the document to the person's proved address; asked twice within a minute, it is one mail.

    Raises NotSent where the address is not proved, or too many were asked for within the hour.
    """
    if not _has_proved_address(user):
        raise NotSent(_("Confirm your e-mail address first. The document was not sent."))
    lately = Notification.objects.owned_by(user).filter(kind=ON_REQUEST, created_at__gt=now - AN_HOUR)
    if lately.count() >= MAILS_AN_HOUR:
        raise NotSent(_("That were many documents within an hour. Download this one, or try again later."))
    notify(
        user=user,
        kind=ON_REQUEST,
        key=f"document:{invoice.public_id}:{now:%Y%m%d%H%M}",
        context={"document_id": invoice.public_id, "number": invoice.number, "document_kind": invoice.kind},
        now=now,
        channels=[Channel.EMAIL],
    )


def enclosures(*, notice: Notification, now: datetime) -> Sequence[EmailAttachment]:
    """Return the PDFs that go with a notice, drawn now: the outbox keeps ids, not files."""
    if notice.kind == ON_REQUEST:
        return [as_attachment(Invoice.objects.owned_by(notice.user).get(public_id=notice.context["document_id"]))]
    if notice.kind in ABOUT_PAYMENTS and _wants_documents(notice.user):
        return _document_of_payment(notice, now=now)
    return []


def as_attachment(invoice: Invoice) -> EmailAttachment:
    return EmailAttachment(invoice_pdf.file_name(invoice), invoice_pdf.draw(invoice), "application/pdf")


def _wants_documents(user: User) -> bool:
    wanted = BillingDetails.objects.owned_by(user).filter(attach_to_mails=True).exists()
    # A mistyped address is somebody else's, and a document says where its buyer lives.
    return wanted and _has_proved_address(user)


def _has_proved_address(user: User) -> bool:
    proved: bool = EmailAddress.objects.filter(user=user, email__iexact=user.email, verified=True).exists()
    return proved


def _document_of_payment(notice: Notification, *, now: datetime) -> Sequence[EmailAttachment]:
    try:
        invoice = _issued_about(notice, now=now)
        return [as_attachment(invoice)] if invoice else []
    except Exception:
        # That money moved must be told, with the document or without.
        logger.exception("No document could be attached to notice %s", notice.public_id)
        return []


def _issued_about(notice: Notification, *, now: datetime) -> Invoice | None:
    if notice.kind == ABOUT_REFUNDS:
        refund = Refund.objects.owned_by(notice.user).get(public_id=notice.context["refund_id"])
        return issue_credit_note(refund_id=refund.pk, now=now)
    order = Order.objects.owned_by(notice.user).get(public_id=notice.context["order_id"])
    return issue(order_id=order.pk, now=now)
