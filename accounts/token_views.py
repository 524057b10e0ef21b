"""A subscriber's own tokens: which there are, making one, revoking one."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import api_tokens, personal_tokens
from accounts.http import SubscriberRequest, after_fresh_sign_in, client_ip
from accounts.locks import refuse_if_locked
from accounts.models import ApiToken
from accounts.personal_tokens import TooManyTokens
from accounts.token_forms import PersonalTokenForm


@login_required
@require_safe
def tokens(request: SubscriberRequest) -> HttpResponse:
    now = timezone.now()
    usable = ApiToken.objects.owned_by(request.user).usable(now).order_by("-pk")
    shown = [(token, [api_tokens.PERSONAL_SCOPES.get(scope, scope) for scope in token.scopes]) for token in usable]
    return render(request, "accounts/tokens.html", {"nav": "account", "tokens": shown})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@after_fresh_sign_in
def new_token(request: SubscriberRequest) -> HttpResponse:
    """Make a token after a fresh proof, and show it on the answer itself: no page can show it again."""
    form, now = PersonalTokenForm(request.POST or None), timezone.now()
    if form.is_bound and form.is_valid():
        refuse_if_locked(request.user)
        wishes = {"name": form.cleaned_data["name"], "scopes": form.cleaned_data["scopes"]}
        try:
            token, secret = personal_tokens.make(
                user=request.user, expires_at=form.expires_at(now=now), ip=client_ip(request), now=now, **wishes
            )
        except TooManyTokens as refusal:
            form.add_error(None, refusal.sentence)
        else:
            return render(request, "accounts/token_made.html", {"nav": "account", "token": token, "secret": secret})
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "accounts/token_new.html", {"nav": "account", "form": form}, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_token(request: SubscriberRequest, public_id: str) -> HttpResponse:
    token = get_object_or_404(ApiToken.objects.owned_by(request.user), public_id=public_id)
    if request.method != "POST":
        return render(request, "accounts/token_revoke.html", {"nav": "account", "token": token})
    if api_tokens.revoke(token, actor=request.user, ip=client_ip(request), now=timezone.now()):
        messages.success(request, _("The token “%(name)s” is revoked.") % {"name": token.name})
    return redirect("accounts:tokens")
