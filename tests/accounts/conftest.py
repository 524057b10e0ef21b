"""Reading the messages that the account pages send, as the demo does: from rows."""

import re
from urllib.parse import urlsplit

import pytest

from accounts.models import OutboxMessage


class Outbox:
    """What left by e-mail and SMS."""

    def to(self, recipient):
        return list(OutboxMessage.objects.filter(recipient=recipient).order_by("pk"))

    def code(self, recipient):
        """Return the six digits last sent there."""
        last = self.to(recipient)[-1]
        return re.search(r"\b\d{6}\b", f"{last.subject} {last.body}").group()

    def link(self, recipient):
        """Return the path of the link last sent there."""
        return urlsplit(re.search(r"https?://\S+/accounts/password/\S+", self.to(recipient)[-1].body).group()).path


@pytest.fixture
def outbox(db, settings):
    # pytest-django puts its own e-mail backend in front of the configured one.
    settings.EMAIL_BACKEND = "accounts.outbox.OutboxEmailBackend"
    return Outbox()


def is_signed_in(client):
    return "_auth_user_id" in client.session
