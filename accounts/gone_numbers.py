"""Numbers whose SIM went to somebody else: they say no longer who their former holder is."""

from datetime import datetime

from accounts import audit
from accounts.models import User


def went_to(new_holder: User, *, number: str, now: datetime) -> None:
    """Take a number off the account that signs in with it.

    One-time codes and notices would go to the new holder of the SIM. Inside the caller's transaction.
    """
    # Networks write numbers without the plus that people's have.
    number = f"+{number.lstrip('+')}"
    former = User.objects.filter(phone=number, phone_verified=True).exclude(pk=new_holder.pk).first()
    if former is None:
        return
    former.phone, former.phone_verified = "", False
    former.save(update_fields=["phone", "phone_verified"])
    audit.record(actor=None, subject=former, action="account.number_gone", target=former.public_id, now=now)
