"""The page that asks for a one-time code before what matters."""

from http import HTTPStatus
from typing import Any, cast

from allauth.account.views import BaseReauthenticateView
from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _

from accounts.http import SubscriberRequest
from accounts.proof_by_code import ProofByCode, ProofCodeForm, addresses_of


@method_decorator(login_required, name="dispatch")
class ConfirmByCodeView(BaseReauthenticateView):
    """Sends a code when asked to, never by being looked at, and takes it."""

    form_class = ProofCodeForm
    template_name = "account/reauthenticate_by_code.html"
    request: SubscriberRequest

    def post(self, request: SubscriberRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        channel = request.POST.get("send_to", "")
        if channel not in addresses_of(request.user):
            return cast("HttpResponse", super().post(request, *args, **kwargs))
        address = addresses_of(request.user)[channel]
        refused: HttpResponse | None = ratelimit.consume_or_429(request, action="request_login_code", key=address)
        if refused is not None:
            return refused
        ProofByCode.begin(request, channel=channel)
        return cast("HttpResponse", self.render_to_response(self.get_context_data(form=ProofCodeForm())))

    def get_form_kwargs(self) -> dict[str, Any]:
        process = ProofByCode.under_way(self.request)
        return {**super().get_form_kwargs(), "code": process.code if process else ""}

    def form_valid(self, form: ProofCodeForm) -> HttpResponse:
        process = ProofByCode.under_way(self.request)
        if process is not None:
            process.succeed()
        return cast("HttpResponse", super().form_valid(form))

    def form_invalid(self, form: ProofCodeForm) -> HttpResponse:
        process = ProofByCode.under_way(self.request)
        if process is None:
            messages.error(self.request, _("The code has run out. Ask for a new one."))
        elif not process.record_invalid_attempt():
            messages.error(self.request, _("That was wrong three times. Ask for a new code."))
        context = self.get_context_data(form=form)
        return cast("HttpResponse", self.render_to_response(context, status=HTTPStatus.UNPROCESSABLE_ENTITY))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        process = ProofByCode.under_way(self.request)
        addresses = addresses_of(self.request.user)
        return {**context, "sent_to": process.sent_to if process else "", "addresses": addresses}


confirm_by_code = ConfirmByCodeView.as_view()
