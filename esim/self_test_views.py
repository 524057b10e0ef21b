"""The page on which a subscriber tries whether a SIM works, and gets help with what does not."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.http import SubscriberRequest
from accounts.ticket_posts import may_write, post_key, too_often
from esim import carriers, self_test
from esim.models import Line
from esim.self_test_forms import SelfTestForm
from esim.views import line_of


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Show the checks; take what was ticked; send it to support only where that was asked for."""
    line = line_of(request, public_id)
    form = SelfTestForm(request.POST if request.method == "POST" else None)
    if not form.is_bound or not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
        return _page(request, line, form, status=status)
    if form.is_for_support:
        if may_write(request):
            return _sent(request, line, form)
        form.add_error(None, too_often())
        return _page(request, line, form, status=HTTPStatus.TOO_MANY_REQUESTS)
    if form.all_work:
        messages.success(request, _("All four work. The card is ready."))
        return redirect("line", public_id)
    return _page(request, line, form)


def _sent(request: SubscriberRequest, line: Line, form: SelfTestForm) -> HttpResponse:
    now = timezone.now()
    ticket = self_test.ask_for_help(
        line=line,
        user=request.user,
        known=self_test.known_of(line, carrier=carriers.chosen(), now=now),
        outcomes=form.outcomes,
        text=form.cleaned_data["text"],
        key=post_key(request, form),
        now=now,
    )
    messages.success(request, _("Your request is with us, and so is what you tried. We answer here."))
    return redirect("ticket", ticket.public_id)


def _page(request: SubscriberRequest, line: Line, form: SelfTestForm, *, status: int = HTTPStatus.OK) -> HttpResponse:
    carrier = carriers.chosen()
    known = self_test.known_of(line, carrier=carrier, now=timezone.now())
    checks = [{"known": one, "field": form[one.check], "fails": form.failed(one.check)} for one in known]
    context = {"nav": "lines", "line": line, "form": form, "checks": checks, "apn": carrier.apn}
    return render(request, "esim/self_test.html", context, status=status)
