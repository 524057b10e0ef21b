"""Whether a device takes an eSIM: looked up by anybody, before anything is bought."""

from allauth.account.utils import get_next_redirect_url
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from esim import device_check
from esim.device_forms import DeviceCheckForm
from esim.devices import devices_matching, last_reviewed

SHOWN = 8
LONGEST_SEARCH = 60


@require_http_methods(["GET", "HEAD", "POST"])
def devices(request: HttpRequest) -> HttpResponse:
    known = device_check.recall(request.session)
    form = DeviceCheckForm(request.POST if request.method == "POST" else None)
    onward = _onward(request)
    if form.is_valid():
        if any(form.found.values()):
            device_check.remember(request.session, **form.found)
            if not onward:
                messages.success(request, _("Noted. It stands beside what you buy."))
        return HttpResponseRedirect(onward or reverse("esim:devices"))
    context = {"nav": "plans", "form": form, "known": known, "onward": onward, **_search(request)}
    return render(request, "esim/devices.html", context, status=422 if form.is_bound else 200)


def _onward(request: HttpRequest) -> str:
    """Return the page that somebody came from, as long as it is one of ours."""
    address = get_next_redirect_url(request) or ""
    return address if address.startswith("/") else ""


def _search(request: HttpRequest) -> dict[str, object]:
    text = (request.POST.get("q") or request.GET.get("q") or "").strip()[:LONGEST_SEARCH]
    found = devices_matching(text)
    return {"text": text, "found": found[:SHOWN], "more": len(found) - SHOWN, "reviewed_date": last_reviewed()}
