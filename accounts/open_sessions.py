"""The sessions of a person, wherever they are signed in."""

from allauth.usersessions.models import UserSession

from accounts.models import User
from portal.lib.sessions import SessionStore


def end_sessions_of(user: User) -> None:
    """Sign a person out everywhere."""
    for key in UserSession.objects.filter(user=user).values_list("session_key", flat=True):
        SessionStore(key).delete()
