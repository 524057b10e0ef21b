"""Pages on which a line is given to another account, and taken over by it."""

from datetime import timedelta
from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import cool_off
from accounts.fresh_proof import ask_first, is_fresh
from accounts.http import SubscriberRequest, at_secret_address, client_ip
from accounts.locks import refuse_if_locked
from accounts.masking import masked_address
from accounts.models import User
from accounts.two_proofs import may_be_believed, next_way
from esim import moving_lines
from esim.invitations import is_meant_for
from esim.models import Line, LineMove
from esim.moving_lines import CannotMove
from esim.sharing_forms import GiveForm, TakeForm
from esim.sharing_links import move_of
from esim.views import line_of

AN_HOUR = timedelta(hours=1)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def give(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Say what giving a line away means, and offer it after two proofs; one under way has its own page."""
    line, form = line_of(request, public_id), GiveForm(request.POST or None)
    under_way = LineMove.objects.under_way().filter(line=line, expires_at__gt=timezone.now()).first()
    if under_way is not None:
        return redirect("esim:move", under_way.public_id)
    if not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
        return _give_page(request, line, form, status=status)
    refuse_if_locked(request.user)
    if way := next_way(request, now=timezone.now()):
        return ask_first(request, way=way)
    return _offer(request, line, form)


@login_required
@require_safe
def move(request: SubscriberRequest, public_id: str) -> HttpResponse:
    found = _own(request, public_id)
    is_givers = found.from_owner_id == request.user.pk
    context = {"nav": "lines", "move": found, "line": found.line, "is_givers": is_givers, "now": timezone.now()}
    return render(request, "esim/move.html", context)


@login_required
@require_POST
def undo_move(request: SubscriberRequest, public_id: str) -> HttpResponse:
    """Call a move off; open to a locked account, too, because it keeps a line where it is."""
    found = _own(request, public_id)
    try:
        moving_lines.undo(move=found, by=request.user, ip=client_ip(request), now=timezone.now())
    except CannotMove as refusal:
        messages.warning(request, refusal.sentence)
    else:
        messages.success(request, _("Called off. The line stays where it is."))
    return redirect("esim:move", public_id)


@at_secret_address
@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest, token: str) -> HttpResponse:
    """Show what is offered; signed in and with a fresh proof, a form that is sent takes it or declines it."""
    offered = move_of(token)
    if offered is None:
        return render(request, "esim/join_unknown.html", status=HTTPStatus.NOT_FOUND)
    return _answer(request, offered, token) if request.method == "POST" else _take_page(request, offered, token)


def _own(request: SubscriberRequest, public_id: str) -> LineMove:
    own = LineMove.objects.owned_by(request.user).select_related("line__owner", "from_owner", "to_owner", "new_line")
    return get_object_or_404(own, public_id=public_id)


def _offer(request: SubscriberRequest, line: Line, form: GiveForm) -> HttpResponse:
    now = timezone.now()
    if not may_be_believed(request, now=now):
        form.add_error(
            None,
            _(
                "Your e-mail address was changed, your password reset, or a second step added, a short while ago."
                " Try again tomorrow, or ask support."
            ),
        )
        return _give_page(request, line, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    email = form.cleaned_data["email"]
    try:
        made = moving_lines.offer(line=line, by=request.user, email=email, ip=client_ip(request), now=now)
    except CannotMove as refusal:
        form.add_error(None, str(refusal.sentence))
        return _give_page(request, line, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    messages.success(request, _("We asked %(who)s. Nothing changes until they say yes.") % {"who": made.to_email})
    return redirect("esim:move", made.public_id)


def _give_page(request: SubscriberRequest, line: Line, form: GiveForm, *, status: int = 200) -> HttpResponse:
    context = {
        "nav": "lines",
        "line": line,
        "form": form,
        "hours": settings.PORTAL_COOL_OFF // AN_HOUR,
        "can_move": moving_lines.movable_profile(line) is not None,
        "wait_until": cool_off.until(request.user, timezone.now()),
    }
    return render(request, "esim/give.html", context, status=status)


def _take_page(
    request: HttpRequest, offered: LineMove, token: str, form: TakeForm | None = None, *, status: int = 200
) -> HttpResponse:
    user = request.user if isinstance(request.user, User) else None
    is_meant = user is not None and is_meant_for(user, offered.to_email)
    context = {
        "nav": "lines",
        "move": offered,
        "line": offered.line,
        "number": offered.line.msisdn[-4:],
        "token": token,
        "hours": settings.PORTAL_COOL_OFF // AN_HOUR,
        "is_open": offered.can_be_accepted(timezone.now()),
        "is_owner": user is not None and offered.from_owner_id == user.pk,
        "is_mine": user is not None and offered.to_owner_id == user.pk,
        "sent_to": masked_address(offered.to_email),
        "is_meant": is_meant,
        "form": form or TakeForm(is_meant=is_meant),
    }
    return render(request, "esim/take.html", context, status=status)


def _answer(request: HttpRequest, offered: LineMove, token: str) -> HttpResponse:
    if not isinstance(request.user, User):
        return redirect_to_login(request.get_full_path())
    user, ip, now = request.user, client_ip(request), timezone.now()
    form = TakeForm(request.POST, is_meant=is_meant_for(user, offered.to_email))
    declines = request.POST.get("answer") == "decline"
    if not declines and not form.is_valid():
        return _take_page(request, offered, token, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if not declines and not is_fresh(request):
        return ask_first(request)
    try:
        if declines:
            moving_lines.decline(move=offered, user=user, ip=ip, now=now)
            messages.success(request, _("You declined the line."))
            return redirect("home")
        agreed = moving_lines.accept(move=offered, user=user, ip=ip, now=now)
    except CannotMove as refusal:
        messages.warning(request, refusal.sentence)
        return redirect("esim:take", token)
    return redirect("esim:move", agreed.public_id)
