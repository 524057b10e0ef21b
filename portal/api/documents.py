"""Invoices, receipts and credit notes (TM Forum 678: CustomerBill): the list, the PDF, and one that is wanted now."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from django.http import HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from accounts.api_tokens import DOCUMENTS_READ
from billing import invoice_pdf, invoices
from billing.models import Invoice
from portal.api.cursors import Part, newest_first
from portal.api.door import ApiRequest, Needs
from portal.api.orders import own_order
from portal.api.references import to_order
from portal.api.refusals import not_found, refused
from portal.api.shapes import Amount, Page, Reference, Shape, href, page_of, problems
from portal.lib.downloads import download
from portal.lib.public_ids import is_public_id

router = Router(tags=["documents"], by_alias=True, auth=Needs(DOCUMENTS_READ))

PDF = "application/pdf"
AS_PDF = {"responses": {200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}}}


class DocumentShape(Shape):
    """A numbered document about a purchase, or about money given back for one; it never changes."""

    id: str
    href: str
    kind: Annotated[str, Field(description="invoice, receipt, or credit_note, whose amounts went back.")]
    bill_no: str
    bill_date: datetime
    tax_included_amount: Amount
    tax_excluded_amount: Amount
    order: Reference
    corrects: Annotated[str | None, Field(description="The id of what a credit note takes back.")]
    pdf: str

    @classmethod
    def of(cls, invoice: Invoice) -> "DocumentShape":
        return cls(
            id=invoice.public_id,
            href=href("document", invoice.public_id),
            kind=invoice.kind,
            bill_no=invoice.number,
            bill_date=invoice.issued_at,
            tax_included_amount=Amount.of(invoice.total),
            tax_excluded_amount=Amount.of(invoice.net),
            order=to_order(invoice.order),
            corrects=invoice.corrects.public_id if invoice.corrects else None,
            pdf=href("document_pdf", invoice.public_id),
        )


@router.get("/documents", response={200: Page[DocumentShape], **problems(404, 422)}, url_name="documents")
def list_documents(request: ApiRequest, part: Annotated[Part, Query()]) -> Any:
    """Return your invoices, receipts and credit notes, the newest first."""
    own = Invoice.objects.owned_by(request.owner).select_related("corrects", "order")
    rows, following = newest_first(own, part=part)
    return page_of([DocumentShape.of(invoice) for invoice in rows], following)


@router.get("/documents/{document_id}", response={200: DocumentShape, **problems(404, 422)}, url_name="document")
def get_document(request: ApiRequest, document_id: str) -> Any:
    """Return one of your documents."""
    return DocumentShape.of(_own(request, document_id))


@router.get(
    "/documents/{document_id}/pdf",
    response={200: None, **problems(404, 422)},
    url_name="document_pdf",
    openapi_extra=AS_PDF,
)
def get_document_pdf(request: ApiRequest, document_id: str) -> HttpResponse:
    """Hand out a document as PDF, in the language it was issued in; the same bytes each time."""
    invoice = _own(request, document_id)
    return download(invoice_pdf.draw(invoice), name=invoice_pdf.file_name(invoice), content_type=PDF)


@router.post("/orders/{order_id}/document", response={200: DocumentShape, **problems(404, 409, 422)})
def issue_document(request: ApiRequest, order_id: str) -> Any:
    """Return the document of a delivered order, issued now where that has not happened yet."""
    order = own_order(request, order_id)
    invoice = invoices.issue(order_id=order.pk, now=timezone.now())
    if invoice is None:
        detail = "The invoice is made as soon as the order is delivered."
        raise refused(HTTPStatus.CONFLICT, "not-delivered", detail)
    return DocumentShape.of(invoice)


def _own(request: ApiRequest, document_id: str) -> Invoice:
    own = Invoice.objects.owned_by(request.owner).select_related("corrects", "order")
    invoice = own.filter(public_id=document_id).first() if is_public_id(document_id) else None
    if invoice is None:
        raise not_found()
    return invoice
