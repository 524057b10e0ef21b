"""Forms need their token, looking changes nothing, and proof of who one is runs out."""

from datetime import timedelta
from hashlib import sha256

import pytest
import time_machine
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import make
from tests.portal.routes import routes
from tests.portal.walking import first_visit

ROUTES = [route for route in routes() if not route.is_for_staff]
WITHOUT_TOKEN = {
    "billing:webhook",
    "esim:es2plus_progress",
    "esim:es2plus_progress_by_secret",
    "esim:esimgo_webhook",
    "esim:usage_api",
}
# A view of a code or of an uploaded file is written down, of the first with when it was shown; "pay" goes on with a
# payment begun.
# A session and its list of devices belong to the visit, not to what Ada has.
RECORDS_VIEWS = {"esim:install", "esim:install_qr", "accounts:document", "billing:pay", "billing:method_added"}
OF_THE_VISIT = {"Session", "UserSession"}
CHANGES_NO_ROW = ("SELECT ", "SAVEPOINT ", "RELEASE SAVEPOINT ")


@pytest.mark.slow
def test_a_form_without_its_token_is_refused(subscriber, address_of):
    client = Client(enforce_csrf_checks=True)
    client.force_login(subscriber)

    for route in ROUTES:
        if route.name not in WITHOUT_TOKEN:
            with first_visit(client) as visitor:
                status = visitor.post(address_of(route), {"form_key": "x"}).status_code
            # A session, which a browser sends along by itself, opens nothing to programs: they need no such token.
            assert status in ({401, 405} if route.is_for_programs else {403, 405}), route.name


def everything():
    """Hash each row of each table."""
    return {
        model.__name__: sha256(repr(sorted(map(repr, model._default_manager.values_list()))).encode()).hexdigest()
        for model in apps.get_models()
        if model.__name__ not in OF_THE_VISIT and model._meta.managed
    }


@pytest.mark.slow
@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_changes_nothing(as_ada, address_of, method):
    before, said = everything(), []

    def listen(execute, sql, *args):
        said.append(sql)
        return execute(sql, *args)

    for route in ROUTES:
        if route.name not in RECORDS_VIEWS:
            with connection.execute_wrapper(listen):
                getattr(as_ada, method)(address_of(route))
            if any(not sql.startswith(CHANGES_NO_ROW) for sql in said):
                assert everything() == before, route.name
            said.clear()
    assert everything() == before


@pytest.mark.parametrize("name", ["esim:install", "esim:install_qr", "billing:agree"])
def test_proof_of_who_one_is_runs_out(as_ada, ids_of_ada, name):
    address = reverse(name, kwargs=ids_of_ada["lines/"])
    sign_in = reverse("account_reauthenticate")

    def asks():
        return as_ada.get(address).headers.get("Location", "").startswith(sign_in)

    assert not asks()
    with time_machine.travel(timezone.now() + timedelta(minutes=4, seconds=50)):
        assert not asks()
    with time_machine.travel(timezone.now() + timedelta(minutes=5, seconds=10)):
        assert asks()


def test_signing_in_gives_a_new_session(client, subscriber):
    client.get(reverse("account_login"))
    client.session["planted"] = "by a stranger"
    client.session.save()
    planted = client.cookies.get("sessionid")

    client.post(reverse("account_login"), {"login": subscriber.email, "password": make.PASSWORD})

    assert client.cookies["sessionid"].value != (planted.value if planted else "")
    assert "_auth_user_id" in client.session


def test_a_session_key_of_ones_own_making_is_not_taken(client, subscriber):
    client.cookies["sessionid"] = "a" * 32

    client.post(reverse("account_login"), {"login": subscriber.email, "password": make.PASSWORD})

    assert client.cookies["sessionid"].value != "a" * 32


def test_passwords_are_not_tried_faster_by_spelling_the_sender_differently(client, subscriber):
    wrong = {"login": subscriber.email, "password": "not the password"}
    for number in range(30):
        client.post(reverse("account_login"), wrong, headers={"x-forwarded-for": f"198.51.100.{number}"})

    right = {"login": subscriber.email.upper(), "password": make.PASSWORD}
    client.post(reverse("account_login"), right, headers={"x-forwarded-for": "203.0.113.9"})

    assert "_auth_user_id" not in client.session


@pytest.mark.slow
def test_staff_without_a_permission_see_and_change_nothing(client, ids_of_ada):
    helper = make.make_user(is_staff=True)
    client.force_login(helper)

    for route in routes():
        if route.is_for_staff and route.name.endswith(("_changelist", "_add", "_import", "_export")):
            assert client.get(route.address({})).status_code in {302, 403, 405}, route.name
            assert client.post(route.address({}), {"action": "delete_selected"}).status_code in {302, 403, 405}, (
                route.name
            )
