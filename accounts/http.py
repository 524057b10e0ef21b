"""Types of requests."""

from django.http import HttpRequest

from accounts.models import User


class SubscriberRequest(HttpRequest):
    """A request of somebody who is signed in (the view is behind `login_required`)."""

    user: User  # type: ignore[assignment]
