"""What allauth asks of us: where phone numbers live and how messages leave."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter

from accounts.models import User
from portal.lib.crypto import decrypt, encrypt


class AccountAdapter(DefaultAccountAdapter):
    def set_phone(self, user: User, phone: str, verified: bool) -> None:
        user.phone, user.phone_verified = phone, verified
        user.save(update_fields=["phone", "phone_verified"])

    def get_phone(self, user: User) -> tuple[str, bool] | None:
        return (user.phone, user.phone_verified) if user.phone else None

    def set_phone_verified(self, user: User, phone: str) -> None:
        self.set_phone(user, phone, verified=True)

    def get_user_by_phone(self, phone: str) -> User | None:
        return User.objects.filter(phone=phone).order_by("-phone_verified").first()

    def send_verification_code_sms(self, user: User, phone: str, code: str, **kwargs: Any) -> None:
        pass

    def send_unknown_account_sms(self, phone: str, **kwargs: Any) -> None:
        pass

    def send_account_already_exists_sms(self, phone: str, **kwargs: Any) -> None:
        pass


class MFAAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return encrypt(text, context="mfa.Authenticator")

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text, context="mfa.Authenticator")
