"""Pages on which an owner lets people into a line, and on which those accept, or leave."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.fresh_proof import ask_first, is_fresh
from accounts.http import SubscriberRequest, at_secret_address, client_ip
from accounts.locks import refuse_if_locked
from accounts.masking import masked_address
from accounts.models import User
from esim import invitations
from esim.invitations import CannotInvite, NotAcceptable
from esim.models import Line, LineInvitation, LineMember, Role
from esim.sharing_forms import InviteForm, TakeForm
from esim.sharing_links import invitation_of
from esim.views import line_of


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def people(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Show who may see a line or pay for it, and invite one more."""
    line, form = line_of(request, public_id), InviteForm(request.POST or None)
    if not form.is_bound:
        return _people_page(request, line, InviteForm(initial={"role": Role.VIEWER}))
    if not form.is_valid():
        return _people_page(request, line, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    refuse_if_locked(request.user)
    return _invite(request, line, form) if is_fresh(request) else ask_first(request)


@login_required
@require_POST
def withdraw_invitation(request: SubscriberRequest, public_id: str) -> HttpResponse:
    own = LineInvitation.objects.owned_by(request.user).select_related("line")
    invitation = get_object_or_404(own, public_id=public_id)
    if invitations.withdraw(invitation=invitation, by=request.user, ip=client_ip(request), now=timezone.now()):
        messages.success(request, _("The invitation to %(who)s is withdrawn.") % {"who": invitation.email})
    return redirect("esim:people", invitation.line.public_id)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def remove_member(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Say what ending a role means, then end it: the owner somebody's, or somebody their own."""
    theirs = LineMember.objects.owned_by(request.user).select_related("line__owner", "user")
    member = get_object_or_404(theirs, public_id=public_id)
    leaves = member.user_id == request.user.pk
    if request.method != "POST":
        context = {"nav": "lines", "member": member, "line": member.line, "leaves": leaves}
        return render(request, "esim/remove_member.html", context)
    if not leaves:
        refuse_if_locked(request.user)
    invitations.remove(member=member, by=request.user, ip=client_ip(request), now=timezone.now())
    if leaves:
        messages.success(request, _("You no longer share “%(line)s”.") % {"line": member.line})
        return redirect("home")
    messages.success(request, _("%(who)s no longer shares this line.") % {"who": member.user.email})
    return redirect("esim:people", member.line.public_id)


@at_secret_address
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Show what an invitation offers; signed in, a form that is sent accepts or declines it."""
    invitation = invitation_of(token)
    if invitation is None:
        return render(request, "esim/join_unknown.html", status=HTTPStatus.NOT_FOUND)
    return _answer(request, invitation, token) if request.method == "POST" else _join_page(request, invitation, token)


def _invite(request: SubscriberRequest, line: Line, form: InviteForm) -> HttpResponse:
    email, role = form.cleaned_data["email"], Role(form.cleaned_data["role"])
    try:
        made = invitations.invite(
            line=line, by=request.user, email=email, role=role, ip=client_ip(request), now=timezone.now()
        )
    except CannotInvite as refusal:
        form.add_error("email", str(refusal.sentence))
        return _people_page(request, line, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    messages.success(request, _("The invitation is on its way to %(who)s.") % {"who": made.email})
    return redirect("esim:people", line.public_id)


def _people_page(request: SubscriberRequest, line: Line, form: InviteForm, *, status: int = 200) -> HttpResponse:
    context = {
        "nav": "lines",
        "line": line,
        "form": form,
        "members": LineMember.objects.filter(line=line).select_related("user").order_by("created_at", "pk"),
        "waiting": LineInvitation.objects.open(timezone.now()).filter(line=line).order_by("-created_at", "-pk"),
    }
    return render(request, "esim/people.html", context, status=status)


def _join_page(
    request: HttpRequest, invitation: LineInvitation, token: str, form: TakeForm | None = None, *, status: int = 200
) -> HttpResponse:
    user = request.user if isinstance(request.user, User) else None
    is_meant = user is not None and invitations.is_meant_for(user, invitation.email)
    context = {
        "nav": "lines",
        "invitation": invitation,
        "line": invitation.line,
        "number": invitation.line.msisdn[-4:],
        "token": token,
        "is_open": invitation.can_be_accepted(timezone.now()),
        "is_mine": user is not None and invitation.accepted_by_id == user.pk,
        "is_owner": user is not None and invitation.line.owner_id == user.pk,
        "sent_to": masked_address(invitation.email),
        "is_meant": is_meant,
        "form": form or TakeForm(is_meant=is_meant),
    }
    return render(request, "esim/join.html", context, status=status)


def _answer(request: HttpRequest, invitation: LineInvitation, token: str) -> HttpResponse:
    if not isinstance(request.user, User):
        return redirect_to_login(request.get_full_path())
    user, ip, now = request.user, client_ip(request), timezone.now()
    is_meant = invitations.is_meant_for(user, invitation.email)
    form = TakeForm(request.POST, is_meant=is_meant)
    try:
        if request.POST.get("answer") == "decline":
            invitations.decline(invitation=invitation, user=user, ip=ip, now=now)
            messages.success(request, _("You declined the invitation."))
            return redirect("home")
        if not form.is_valid():
            return _join_page(request, invitation, token, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        member = invitations.accept(invitation=invitation, user=user, ip=ip, now=now)
    except NotAcceptable as refusal:
        messages.warning(request, refusal.sentence)
        return redirect("esim:join", token)
    messages.success(request, _("You share “%(line)s” now.") % {"line": member.line})
    return redirect("line", member.line.public_id)
