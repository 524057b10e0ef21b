"""Browsers whose user has just shown who they are."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.http import HttpRequest
from django.test import Client

from accounts.models import User


def proved_client(user: User, **headers: Any) -> Client:
    """Return a browser in which this person signed in and gave a proof a moment ago."""
    client = Client(**headers)
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    proof = HttpRequest()
    proof.session = client.session
    record_authentication(proof, user, method="password", reauthenticated=True)
    proof.session.save()
    return client
