"""Locking one's account, unlocking it, and reporting what was not oneself."""

from http import HTTPStatus

from allauth.usersessions.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import calendar_links, locks, personal_tokens, suspicion
from accounts.fresh_proof import ask_first
from accounts.http import SubscriberRequest, client_ip
from accounts.ticket_forms import ReportForm
from accounts.ticket_posts import check_report, post_key
from accounts.two_proofs import may_be_believed, next_way


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def lock(request: SubscriberRequest) -> HttpResponse:
    if request.method == "POST":
        locks.lock(user=request.user, ip=client_ip(request), now=timezone.now())
        messages.success(request, _("Your account is locked."))
        return redirect("accounts:lock")
    return render(request, "accounts/lock.html", {"nav": "account"})


@login_required
@require_POST
def unlock(request: SubscriberRequest) -> HttpResponse:
    """Unlock after two proofs; a session alone, or a mailbox alone, is not enough."""
    now = timezone.now()
    if way := next_way(request, now=now):
        return ask_first(request, way=way)
    if not may_be_believed(request, now=now):
        messages.error(
            request,
            _(
                "Your e-mail address was changed, your password reset, or a second step added, a short while ago."
                " Unlock tomorrow, or ask support."
            ),
        )
    elif locks.unlock(user=request.user, ip=client_ip(request), now=now):
        messages.success(request, _("Your account is unlocked."))
    return redirect("accounts:lock")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: SubscriberRequest) -> HttpResponse:
    form = ReportForm(request.POST or None)
    if not form.is_bound:
        return render(request, "accounts/report.html", {"nav": "account", "form": form})
    status = check_report(request, form)
    if status == HTTPStatus.OK:
        return _reported(request, form)
    return render(request, "accounts/report.html", {"nav": "account", "form": form}, status=status)


def _reported(request: SubscriberRequest, form: ReportForm) -> HttpResponse:
    """End the other sessions first: whatever else happens, whoever sits there is out."""
    user, ip, now = request.user, client_ip(request), timezone.now()
    others = [session for session in UserSession.objects.filter(user=user) if not session.is_current()]
    get_adapter().end_sessions(others)
    personal_tokens.revoke_all(user, ip=ip, now=now)
    calendar_links.replace_link(user=user, ip=ip, now=now)
    if form.cleaned_data["lock"]:
        locks.lock(user=user, ip=ip, now=now)
    ticket = suspicion.report(
        user=user,
        text=form.cleaned_data["text"],
        key=post_key(request, form),
        ended_sessions=len(others),
        ip=ip,
        now=now,
    )
    messages.success(
        request, _("Your report is with us, and every other device is signed out. Now change your password.")
    )
    return redirect("ticket", ticket.public_id)
