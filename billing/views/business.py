"""The pages of a business account: marking it as one, its lines with what each costs, and those as a sheet."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit
from accounts.http import SubscriberRequest, client_ip
from accounts.models import Business
from billing import business_costs
from billing.business_costs import Month
from billing.business_forms import BusinessForm, LinesForm
from billing.buyer_details import details_of
from portal.lib.csv_rows import csv_download

LINES_A_PAGE = 50


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def business(request: SubscriberRequest) -> HttpResponse:
    """Show the lines of a business with their costs; to others, what that is, with a form that makes them one."""
    is_one = Business.objects.filter(user=request.user).exists()
    if request.method != "POST":
        return _lines(request) if is_one else _begin_page(request, BusinessForm(instance=details_of(request.user)))
    form = BusinessForm(request.POST, instance=details_of(request.user, to_change=True))
    if not form.is_valid():
        return _begin_page(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    with transaction.atomic():
        form.save()
        _record(request, "account.business_begun" if not is_one else "")
        Business.objects.get_or_create(user=request.user)
    return redirect("billing:business")


@login_required
@require_POST
def end_business(request: SubscriberRequest) -> HttpResponse:
    """Make it an ordinary account again; lines, people and billing details stay."""
    with transaction.atomic():
        gone, _rows = Business.objects.filter(user=request.user).delete()
        _record(request, "account.business_ended" if gone else "")
    messages.success(request, _("This is an ordinary account again. Lines and people stay as they are."))
    return redirect("billing:business")


@login_required
@require_safe
def costs_csv(request: SubscriberRequest) -> HttpResponseBase:
    month, search = _month(request), _search(request)
    rows = business_costs.sheet_of(request.user, month=month, search=search)
    return csv_download(rows, name=_("Costs %(month)s.csv") % {"month": month.name})


def _lines(request: SubscriberRequest) -> HttpResponse:
    user, month, search = request.user, _month(request), _search(request)
    found = business_costs.lines_of(user, search=search)
    page = Paginator(found, LINES_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "nav": "billing",
        "details": details_of(user),
        "form": LinesForm(initial={"q": search}),
        "search": search,
        "month": month,
        "month_after": month.after(timezone.localdate()),
        "page_obj": page,
        "rows": business_costs.costs_of(page.object_list, user=user, month=month),
        "totals": business_costs.totals_of(user, month=month),
    }
    return render(request, "billing/business.html", context)


def _begin_page(request: SubscriberRequest, form: BusinessForm, *, status: int = 200) -> HttpResponse:
    return render(request, "billing/business_begin.html", {"nav": "billing", "form": form}, status=status)


def _record(request: SubscriberRequest, action: str) -> None:
    if action:
        user, ip = request.user, client_ip(request)
        audit.record(actor=user, subject=user, action=action, target=user.public_id, ip=ip, now=timezone.now())


def _month(request: SubscriberRequest) -> Month:
    return Month.read(request.GET.get("month", ""), zone=request.user.zone, today=timezone.localdate())


def _search(request: SubscriberRequest) -> str:
    form = LinesForm(request.GET)
    return form.cleaned_data["q"] if form.is_valid() else ""
