"""A new password for who forgot the old one: by a link to the mailbox, or by a code to the bound number."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from allauth.account.internal.flows.login_by_code import LoginCodeVerificationProcess
from allauth.account.views import PasswordResetFromKeyView
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.forms import RequestLoginCodeForm
from accounts.http import at_secret_address
from accounts.reset_links import send_link, use_link

SENT_TO = "reset_link_sent_to"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reset_password(request: HttpRequest) -> HttpResponse:
    """Ask what the person signs in with, and answer the same whether an account has it or not."""
    form = RequestLoginCodeForm(request.POST or None)
    if not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
        return render(request, "account/password_reset.html", {"form": form}, status=status)
    if phone := form.cleaned_data.get("phone"):
        return _send_code(request, form, phone)
    email = form.cleaned_data["email"]
    send_link(request, email=email, user=form.found)
    request.session[SENT_TO] = email
    return redirect("accounts:reset_link_sent")


def _send_code(request: HttpRequest, form: RequestLoginCodeForm, phone: str) -> HttpResponse:
    """Lead on to the code; the page after it takes a new password without the old one."""
    onward = urlencode({"next": reverse("account_change_password")})
    if request.user.is_authenticated:
        return redirect(f"{reverse('accounts:confirm_by_code')}?{onward}")
    LoginCodeVerificationProcess.initiate(request=request, user=form.found, phone=phone)
    return redirect(f"{reverse('account_confirm_login_code')}?{onward}")


@never_cache
@require_safe
def reset_link_sent(request: HttpRequest) -> HttpResponse:
    """Say where the letter went and how long its link works."""
    if not (sent_to := request.session.get(SENT_TO)):
        return redirect("accounts:reset_password")
    context = {"sent_to": sent_to, "minutes": settings.PASSWORD_RESET_TIMEOUT // 60}
    return render(request, "account/password_reset_done.html", context)


class NewPasswordView(PasswordResetFromKeyView):
    """The page behind the link. Looking at it changes nothing, not even who is signed in in this browser.

    The token goes from the address into the session first (by allauth), so that no page ever names it.
    """

    success_url = reverse_lazy("account_login")

    def logout(self) -> None:
        """Leave signed in whoever is: allauth signs out before it shows the form."""

    def form_valid(self, form: Any) -> HttpResponse:
        password = form.cleaned_data["password1"]
        if not use_link(self.request, user=self.reset_user, token=self.key, password=password):
            return self.render_to_response(self.get_context_data(token_fail=True))
        super().logout()
        return redirect(self.success_url)

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=HTTPStatus.UNPROCESSABLE_ENTITY)

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        if context.get("token_fail"):
            kwargs["status"] = HTTPStatus.NOT_FOUND
        response: HttpResponse = super().render_to_response(context, **kwargs)
        return response


new_password = at_secret_address(NewPasswordView.as_view())
