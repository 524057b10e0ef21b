"""Which plan would have suited a line: its own days against everything on sale."""

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.http import SubscriberRequest
from billing import advising
from esim.models import Line
from plans import catalogue
from plans.advice_confidence import Confidence, weeks_are_alike
from plans.advice_words import Advice
from plans.trip_forms import PlaceForm
from portal.ticket_searches import ADVICE


@login_required
@require_safe
def advice(request: SubscriberRequest) -> HttpResponse:
    lines = Line.objects.owned_by(request.user).in_use().filter(hidden=False).order_by("nickname", "pk")
    return render(request, "portal/advice_lines.html", {"nav": "plans", "lines": lines})


@login_required
@require_safe
def line_advice(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Rank the plans for a line; `plan` asks for the arithmetic of one."""
    line, now = get_object_or_404(Line.objects.owned_by(request.user), public_id=public_id), timezone.now()
    form = PlaceForm(request.GET, rows=catalogue.snapshot(version=catalogue.version(), now=now).rows)
    found, present = advising.advice_for(line=line, currency=request.user.currency, country=form.chosen, now=now)
    query = urlencode({"country": form.chosen}) if form.chosen else ""
    context = {"line": line, "form": form, "advice": found, "present": present, "query": query, **_sureness(found)}
    context |= {"nav": "plans", "ask": urlencode({"from": ADVICE, "about": line.public_id, "country": form.chosen})}
    return render(request, "portal/line_advice.html", {**context, "shown": found.steps(request.GET.get("plan", ""))})


@login_required
@require_POST
def close_nudge(request: SubscriberRequest, public_id: str) -> HttpResponse:
    line = get_object_or_404(Line.objects.owned_by(request.user), public_id=public_id)
    if advising.close(line=line, now=timezone.now()):
        messages.success(request, _("We will not say this again, unless prices or your use change."))
    return redirect("home")


def _sureness(found: Advice) -> dict[str, str]:
    """Say how far the advice can be believed, and why."""
    labels = {
        Confidence.TOO_LITTLE: "",
        Confidence.ROUGH: _("a rough guess"),
        Confidence.FAIR: _("fairly sure"),
        Confidence.GOOD: _("quite sure"),
    }
    days = ngettext("%(count)d day of use", "%(count)d days of use", found.days) % {"count": found.days}
    alike = _("much the same from week to week") if weeks_are_alike(found.history.days) else _("very uneven weeks")
    return {
        "sureness": labels[found.confidence],
        "sureness_why": _("%(days)s, %(alike)s.") % {"days": days, "alike": alike},
    }
