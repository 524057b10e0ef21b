"""Links to a new password: sent to whoever has the mailbox, good for one password and for an hour.

The token is Django's: made of the password, the addresses and the last sign-in, so that it ends with a change of any.
"""

from allauth.account.adapter import get_adapter
from allauth.account.forms import default_token_generator
from allauth.account.internal.flows.email_verification import verify_email_indirectly
from allauth.account.internal.flows.password_reset import finalize_password_reset, request_password_reset
from allauth.account.models import EmailAddress
from django.db import transaction
from django.http import HttpRequest

from accounts.first_proof import remove_unproved_access
from accounts.models import User


def send_link(request: HttpRequest, *, email: str, user: User | None) -> None:
    """Send a letter to this address: with a link where an account has it, and else one that says so."""
    request_password_reset(request, email, [user] if user else [], default_token_generator)


def use_link(request: HttpRequest, *, user: User, token: str, password: str) -> bool:
    """Set the password for whoever holds the link, which ends every session; False where it was used meanwhile."""
    if not _set_password(request, user_id=user.pk, token=token, password=password):
        return False
    finalize_password_reset(request, User.objects.get(pk=user.pk))
    return True


@transaction.atomic
def _set_password(request: HttpRequest, *, user_id: int, token: str, password: str) -> bool:
    user = User.objects.select_for_update().get(pk=user_id)
    if not default_token_generator.check_token(user, token):
        return False
    if not EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists():
        remove_unproved_access(request, user)
        verify_email_indirectly(request, user, user.email)
    get_adapter().set_password(user, password)
    return True
