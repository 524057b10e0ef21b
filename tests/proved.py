"""Browsers whose user has just shown who they are, and where a page that follows the proof leads on."""

import re
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.http import HttpRequest, HttpResponse
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


def address_of_form(answer: HttpResponse, *, field: str) -> str:
    """Return where the form with this field leads, as a browser reads it: without an action to the page's own address."""
    for attributes, inside in re.findall(r"<form([^>]*)>(.*?)</form>", answer.content.decode(), re.DOTALL):
        if f'name="{field}"' in inside:
            named = re.search(r'action="([^"]*)"', attributes)
            return (named and named[1]) or answer.request["PATH_INFO"]  # type: ignore[attr-defined]
    raise AssertionError(field)
