"""Signing out one device of several."""

from allauth.usersessions.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.http import SubscriberRequest


def handle(session: UserSession) -> str:
    """Return what a page calls a session by: neither its key, which is a secret, nor a number that counts them."""
    return salted_hmac("accounts.session", session.session_key).hexdigest()[:20]


@login_required
@require_POST
def end_session(request: SubscriberRequest) -> HttpResponse:
    """Sign out another device of one's own; one that is gone already is as good as signed out."""
    wanted = request.POST.get("session", "")
    others = [one for one in UserSession.objects.purge_and_list(request.user) if not one.is_current()]
    get_adapter().end_sessions([one for one in others if constant_time_compare(handle(one), wanted)])
    messages.success(request, _("That device is signed out."))
    return redirect("usersessions_list")
