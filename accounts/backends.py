"""Who a session belongs to."""

from allauth.account.auth_backends import AuthenticationBackend

from accounts.models import User
from portal.lib.kept_sql import KeptQuery, Slot

USER = KeptQuery(lambda: User.objects.filter(pk=Slot("pk")))


class SubscriberBackend(AuthenticationBackend):
    """Allauth's ways to sign in; the person of a session is loaded at every request, so by a kept query."""

    def get_user(self, user_id: int) -> User | None:
        user = USER.first(pk=user_id)
        return user if user is not None and self.user_can_authenticate(user) else None
