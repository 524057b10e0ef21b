"""Pages about what a line used."""

from datetime import date
from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import SubscriberRequest
from accounts.ticket_posts import check_report, post_key
from esim import budgets, usage_history
from esim.looks_wrong import report_figures
from esim.models import Allowance, Line
from esim.throttle_meter import throttle_meter
from esim.usage_forms import BudgetForm, LooksWrongForm, RecordsForm
from esim.usage_history import Measure, Window
from esim.usage_records import chosen_records, sheet_of
from esim.views import line_of, visible_line
from portal.lib.charts import Chart
from portal.lib.csv_rows import csv_download

RECORDS_A_PAGE = 50


@login_required
@require_safe
def usage(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Show what was used by day, in the last 30 days or a month, or by month."""
    line, now = visible_line(request, public_id), timezone.now()
    measure = _measure(request)
    today = timezone.localdate(now, line.zone)
    window = Window.of_month(request.GET.get("month", ""), today=today)
    by = "month" if request.GET.get("by") == "month" else "day"
    meter = throttle_meter(line, now=now)
    standing = Allowance.objects.filter(line=line).not_ended(now).select_related("sold").in_burn_order()
    cap_bytes = meter.cap_bytes if meter else None
    context = {
        "nav": "lines",
        "line": line,
        "is_own": line.owner_id == request.user.pk,
        "measure": measure,
        "measures": Measure,
        "by": by,
        "window": window,
        "month_after": window.after(today),
        "chart": _chart(line, measure=measure, window=window, by=by, today=today, cap_bytes=cap_bytes),
        "meter": meter,
        "budget": budgets.state_of(line, now),
        "running": [one for one in standing if one.starts_at <= now],
        "queued": [one for one in standing if one.starts_at > now],
    }
    return render(request, "esim/usage.html", context)


@login_required
@require_safe
def records(request: SubscriberRequest, public_id: str) -> HttpResponse:
    line, form = visible_line(request, public_id), RecordsForm(request.GET or None)
    form.is_valid()
    page = Paginator(chosen_records(line, **form.choice), RECORDS_A_PAGE).get_page(request.GET.get("page"))
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    context = {"nav": "lines", "line": line, "form": form, "page_obj": page, "is_chosen": any(form.choice.values())}
    context["is_own"] = line.owner_id == request.user.pk
    return render(request, "esim/usage_records.html", context, status=status)


@login_required
@require_safe
def records_csv(request: SubscriberRequest, public_id: str) -> HttpResponseBase:
    line, form = visible_line(request, public_id), RecordsForm(request.GET or None)
    if form.is_bound and not form.is_valid():
        return redirect(reverse("esim:usage_records", args=[public_id], query=request.GET))
    chosen = chosen_records(line, **form.choice)
    return csv_download(sheet_of(chosen, line=line), name=_("Usage of %(line)s.csv") % {"line": line})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def budget(request: SubscriberRequest, public_id: str) -> HttpResponse:
    line, now = line_of(request, public_id), timezone.now()
    form = BudgetForm(request.POST or None, standing=budgets.state_of(line, now))
    if form.is_bound and form.is_valid():
        budgets.save_budget(line, form.bytes_of("daily"), form.bytes_of("monthly"), now=now)
        is_set = budgets.state_of(line, now).parts
        told = _("Saved. We tell you when you get near your budget.") if is_set else _("Saved. There is no budget now.")
        messages.success(request, told)
        return redirect("esim:usage", public_id)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "esim/budget.html", {"nav": "lines", "line": line, "form": form}, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def looks_wrong(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Take what somebody expected to see, and open a ticket that carries what was shown."""
    line, form = line_of(request, public_id), LooksWrongForm(request.POST or None)
    status = check_report(request, form) if form.is_bound else HTTPStatus.OK
    if form.is_bound and status == HTTPStatus.OK:
        return _reported(request, line=line, form=form)
    return render(request, "esim/looks_wrong.html", {"nav": "lines", "line": line, "form": form}, status=status)


def _reported(request: SubscriberRequest, *, line: Line, form: LooksWrongForm) -> HttpResponse:
    text, key = form.cleaned_data["text"], post_key(request, form)
    ticket = report_figures(line=line, user=request.user, text=text, key=key, now=timezone.now())
    messages.success(request, _("Your request is with us, and so are the figures you saw. We answer here."))
    return redirect("ticket", ticket.public_id)


def _measure(request: SubscriberRequest) -> Measure:
    what = request.GET.get("what", "")
    return Measure(what) if what in Measure.values else Measure.DATA


def _chart(line: Line, *, measure: Measure, window: Window, by: str, today: date, cap_bytes: int | None) -> Chart:
    locale = get_language() or "en"
    if by == "month":
        return usage_history.by_month(line, measure=measure, today=today, locale=locale)
    return usage_history.by_day(line, measure=measure, window=window, today=today, locale=locale, cap_bytes=cap_bytes)
