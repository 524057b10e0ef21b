"""What becomes of an account at its end: each row loses what leads to the person."""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from accounts import audit, documents, tickets
from accounts.models import AccountClosing, Document, Ticket, User
from accounts.open_sessions import end_sessions_of
from esim import applications
from esim.applications import PARTICULARS
from esim.models import SimApplication
from portal.privacy.everything import EVERYTHING
from portal.privacy.rows import OnClosing


@transaction.atomic
def forget(closing: AccountClosing, *, now: datetime) -> bool:
    """Empty every row of what leads to the person; False where that was done."""
    ending = AccountClosing.objects.filter(pk=closing.pk, state=AccountClosing.State.ENDING)
    if not ending.update(state=AccountClosing.State.CLOSED, ended_at=now, held_by=""):
        return False
    user = closing.user
    audit.record(actor=None, subject=user, action="account.closed", target=closing.public_id, ip=None, now=now)
    end_sessions_of(user)
    _end_what_waits(user, now=now)
    for document in Document.objects.kept().filter(owner=user):
        documents.erase(document, now=now)
    for application in SimApplication.objects.filter(owner=user, forgotten_at=None):
        SimApplication.objects.filter(pk=application.pk).update(**PARTICULARS, forget_at=now, forgotten_at=now)
    for rows in EVERYTHING:
        if rows.on_closing == OnClosing.REMOVED:
            rows.belonging_to(user).order_by().delete()
        elif rows.blanked:
            rows.belonging_to(user).order_by().update(**rows.blanked)
    changes_by_staff = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(User), object_id=user.pk)
    changes_by_staff.update(object_repr=user.public_id)
    _forget_user(user)
    return True


def _end_what_waits(user: User, *, now: datetime) -> None:
    """Leave staff nothing to decide or to answer: there is nobody any more who would get it."""
    for application in SimApplication.objects.owned_by(user).open():
        applications.withdraw(application, ip=None, now=now)
    for ticket in Ticket.objects.owned_by(user).exclude(state=Ticket.State.CLOSED):
        tickets.close(ticket=ticket, now=now)


def _forget_user(user: User) -> None:
    EmailAddress.objects.filter(user=user).delete()
    user.email = f"{user.public_id}@closed.invalid"
    user.phone, user.phone_verified, user.full_name = "", False, ""
    user.notify_by_email = user.notify_by_sms = user.is_active = False
    user.set_unusable_password()
    user.calendar_version += 1
    user.save()
