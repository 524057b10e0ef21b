"""Proving who one is by a one-time code, sent to a confirmed address: allauth knows it for signing in only."""

from typing import Any, Self

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.forms import BaseConfirmCodeForm
from allauth.account.internal.flows.code_verification import AbstractCodeVerificationProcess
from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress

from accounts.forms import SixDigits
from accounts.http import SubscriberRequest
from accounts.models import User
from accounts.security_events import record_event

SESSION_KEY = "proof_by_code"
EMAIL, SMS = "email", "sms"


class ProofCodeForm(SixDigits, BaseConfirmCodeForm):
    pass


class ProofByCode(AbstractCodeVerificationProcess):
    """A code under way in this session: three guesses and a few minutes, as for signing in."""

    def __init__(self, request: SubscriberRequest, state: dict[str, Any]) -> None:
        self.request = request
        super().__init__(
            state=state,
            timeout=app_settings.LOGIN_BY_CODE_TIMEOUT,
            max_attempts=app_settings.LOGIN_BY_CODE_MAX_ATTEMPTS,
            user=request.user,
        )

    @classmethod
    def under_way(cls, request: SubscriberRequest) -> Self | None:
        """Return the code that was sent and still counts."""
        state = request.session.get(SESSION_KEY)
        process = cls(request, state) if isinstance(state, dict) else None
        return process.abort_if_invalid() if process else None

    @classmethod
    def begin(cls, request: SubscriberRequest, *, channel: str) -> Self:
        """Send a code to the confirmed address of this channel; the one sent before counts no more."""
        address = addresses_of(request.user)[channel]
        target = {"email": address} if channel == EMAIL else {"phone": address}
        process = cls(request, cls.initial_state(request.user, **target))
        process.send()
        process.persist()
        return process

    @property
    def sent_to(self) -> str:
        return str(self.state.get("email") or self.state.get("phone"))

    def send(self) -> None:
        adapter = get_adapter()
        self.state["code"] = adapter.generate_login_code()
        if email := self.state.get("email"):
            adapter.send_mail("account/email/proof_code", email, {"code": self.code})
        else:
            adapter.send_verification_code_sms(phone=self.state["phone"], code=self.code)

    def persist(self) -> None:
        self.request.session[SESSION_KEY] = self.state

    def abort(self) -> None:
        self.request.session.pop(SESSION_KEY, None)

    def record_invalid_attempt(self) -> bool:
        """Count a wrong code; return whether there is another try."""
        record_event(self.request, self.request.user, "account.code_rejected")
        return bool(super().record_invalid_attempt())

    def succeed(self) -> None:
        """Remember the proof for the next minutes; the code is used up."""
        self.abort()
        target = {name: self.state[name] for name in ("email", "phone") if self.state.get(name)}
        record_authentication(self.request, self.request.user, method="code", reauthenticated=True, **target)


def addresses_of(user: User) -> dict[str, str]:
    """Return where a code can be sent, by channel: confirmed addresses only."""
    addresses = {}
    if email := EmailAddress.objects.filter(user=user, verified=True).order_by("-primary").first():
        addresses[EMAIL] = email.email
    if user.phone_verified:
        addresses[SMS] = user.phone
    return addresses
