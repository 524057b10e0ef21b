"""Keys for programs: staff make them, see them once, and revoke them."""

import re
from io import StringIO

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import api_tokens
from accounts.models import ApiToken, AuditEvent
from tests import make

ADD = "/admin/accounts/apitoken/add/"
FORM = {"name": "Mediation", "scopes": ["usage:write"], "source": "core", "expires_at_0": "", "expires_at_1": ""}

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_staff(client, staff):
    client.force_login(staff)
    return client


def test_a_token_is_shown_once_to_whoever_made_it(as_staff, staff):
    answer = as_staff.post(ADD, FORM)

    [secret] = re.findall(r"esimp_[\w-]{40,}", answer.content.decode())
    assert f"Authorization: Bearer {secret[:8]}" in answer.content.decode()
    token = ApiToken.objects.get()
    assert "no-store" in answer.headers["Cache-Control"]
    assert api_tokens.bearer(f"Bearer {secret}", scope="usage:write", now=timezone.now()) == token
    for page in ("/admin/accounts/apitoken/", f"/admin/accounts/apitoken/{token.pk}/change/"):
        assert secret not in as_staff.get(page).content.decode()
    assert AuditEvent.objects.get(action="api_token.made").actor == staff


def test_a_token_for_usage_names_its_source(as_staff):
    answer = as_staff.post(ADD, {**FORM, "source": ""})

    assert not ApiToken.objects.exists()
    assert b"Say whose usage records come with it" in answer.content


def test_who_may_not_make_tokens_makes_none(client):
    colleague = make.make_user(is_staff=True)
    colleague.user_permissions.add(Permission.objects.get(codename="view_apitoken"))
    client.force_login(colleague)

    assert client.post(ADD, FORM).status_code == 403
    assert not ApiToken.objects.exists()


def test_a_revoked_token_is_worth_nothing(as_staff):
    token, secret = api_tokens.make(
        name="old", scopes=["usage:write"], source="core", actor=None, ip=None, now=timezone.now()
    )

    as_staff.post("/admin/accounts/apitoken/", {"action": "revoke", "_selected_action": [token.pk]})

    with pytest.raises(api_tokens.TokenRefused):
        api_tokens.bearer(f"Bearer {secret}", scope="usage:write", now=timezone.now())
    assert AuditEvent.objects.filter(action="api_token.revoked").count() == 1


def test_a_token_is_made_on_the_command_line():
    out = StringIO()

    call_command("make_api_token", "Mediation", "--source", "core", "--days", "30", stdout=out, stderr=StringIO())

    token = api_tokens.bearer(f"Bearer {out.getvalue().strip()}", scope="usage:write", now=timezone.now())
    assert (token.name, token.source, token.scopes) == ("Mediation", "core", ["usage:write"])
    assert token.expires_at is not None
    with pytest.raises(CommandError):
        call_command("make_api_token", "Mediation")
