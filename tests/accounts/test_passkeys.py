"""What somebody posts instead of a passkey is refused on the form."""

import pytest
from allauth.mfa.models import Authenticator
from django.urls import reverse

from tests import make

NO_CREDENTIAL = {
    "a number of 5,000 digits": "9" * 5_000,
    "lists in lists": "[" * 100_000,
    "a list": "[]",
    "null": "null",
    "an object of something else": '{"id": 7, "response": []}',
    "no JSON": "{",
}


@pytest.fixture(params=NO_CREDENTIAL.values(), ids=NO_CREDENTIAL)
def credential(request):
    return request.param


@pytest.fixture
def signed_in(client, subscriber):
    """Ada, who has just confirmed that it is her: keys are added by nobody else."""
    client.force_login(subscriber)
    client.post(reverse("account_reauthenticate"), {"password": make.PASSWORD})
    return client


def test_adding_a_passkey_refuses_it(signed_in, credential):
    signed_in.get(reverse("mfa_add_webauthn"))

    answer = signed_in.post(reverse("mfa_add_webauthn"), {"name": "Phone", "credential": credential})

    assert answer.status_code == 200
    assert not Authenticator.objects.exists()


def test_signing_in_refuses_it(client, db, credential):
    client.get(reverse("mfa_login_webauthn"))

    answer = client.post(reverse("mfa_login_webauthn"), {"credential": credential})

    assert answer.status_code in (200, 302)
    assert "_auth_user_id" not in client.session
