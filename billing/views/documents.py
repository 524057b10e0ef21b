"""Invoices, receipts and credit notes: the list, the PDF, the mail, and whom they are made out to."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import SubscriberRequest
from billing import invoice_mail, invoice_pdf, invoices
from billing.buyer_details import BillingDetailsForm, details_of
from billing.models import Invoice
from billing.views.own import own_order
from portal.lib.downloads import download

A_PAGE = 20


@login_required
@require_safe
def documents(request: SubscriberRequest) -> HttpResponse:
    issued = Invoice.objects.owned_by(request.user).select_related("corrects", "order").latest_first()
    page = Paginator(issued, A_PAGE).get_page(request.GET.get("page"))
    context = {"nav": "billing", "page_obj": page, "items": page.object_list}
    return render(request, "billing/documents.html", context)


@login_required
@require_safe
def document(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Hand out the PDF."""
    invoice = _invoice(request, public_id)
    return download(invoice_pdf.draw(invoice), name=invoice_pdf.file_name(invoice), content_type="application/pdf")


@login_required
@require_POST
def send_document(request: SubscriberRequest, public_id: str) -> HttpResponse:
    invoice = _invoice(request, public_id)
    try:
        invoice_mail.send_on_request(invoice=invoice, user=request.user, now=timezone.now())
    except invoice_mail.NotSent as problem:
        messages.warning(request, problem.sentence)
    else:
        told = {"number": invoice.number, "address": request.user.email}
        messages.success(request, _("%(number)s is on its way to %(address)s.") % told)
    return redirect("billing:receipt", invoice.order.public_id)


@login_required
@require_POST
def issue_document(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Issue the document of an order now instead of at the next tick, and hand it out."""
    order = own_order(request, public_id)
    invoice = invoices.issue(order_id=order.pk, now=timezone.now())
    if invoice is None:
        messages.info(request, _("The invoice is made as soon as the order is delivered."))
        return redirect("billing:order", public_id)
    return redirect("billing:document", invoice.public_id)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def details(request: SubscriberRequest) -> HttpResponse:
    """Say whom invoices are made out to; those already issued stay as they are."""
    is_sent = request.method == "POST"
    kept = details_of(request.user, to_change=is_sent)
    form = BillingDetailsForm(request.POST if is_sent else None, instance=kept)
    if form.is_valid():
        form.save()
        messages.success(request, _("Saved. It counts for invoices from now on."))
        return redirect("billing:details")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "billing/details.html", {"nav": "billing", "form": form}, status=status)


def _invoice(request: SubscriberRequest, public_id: str) -> Invoice:
    return get_object_or_404(Invoice.objects.owned_by(request.user).select_related("order"), public_id=public_id)
