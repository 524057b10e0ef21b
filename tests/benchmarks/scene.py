"""What a run measures: the demo with a history, and two subscribers signed in."""

from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.benchmarks.targets import FormReader

HOST = {"HTTP_HOST": "127.0.0.1"}


@dataclass(frozen=True, slots=True)
class Scene:
    """Who asks, and for what."""

    visitor: Client
    reader: Client
    buyer: Client
    proved_buyer: Client
    plan: str
    renew_path: str
    renew_form: dict[str, str]


def build() -> Scene:
    """Fill the database with the demo and sign two subscribers in: one who reads, one who renews.

    Two, so that the dashboard of the first does not change with the orders of the second. The second is signed in a
    second time, with a proof: after what may be paid in a day without one, all further sendings would ask for it.
    """
    from tests.proved import proved_client  # noqa: PLC0415 - needs the settings

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("seed_demo", stdout=StringIO())
    with connection.cursor() as cursor:
        # Without statistics the planner reads every small table from end to end, and remembers it.
        cursor.execute("ANALYZE")
    reader, buyer = _signed_in("demo@example.com"), _signed_in("stranger@example.com")
    proved = proved_client(_user("stranger@example.com"), **HOST)
    line = apps.get_model("esim", "Line").objects.get(owner__email="stranger@example.com")
    path = reverse("billing:renew", args=[line.public_id])
    plan = line.allowances.get(is_data_pack=False).plan.public_id
    page = proved.get(path, {"plan": plan}).content.decode()
    return Scene(
        Client(**HOST),
        reader,
        buyer,
        proved,
        plan,
        path,
        {"plan": plan, **FormReader(page, having="form_key").fields},
    )


def _signed_in(email: str) -> Client:
    client = Client(**HOST)
    client.force_login(_user(email), backend=settings.AUTHENTICATION_BACKENDS[-1])
    return client


def _user(email: str) -> Any:
    return get_user_model().objects.get(email=email)


def count_queries(ask: Callable[[], object]) -> int:
    """Count the statements of one request; the brackets of a transaction are not statements."""
    with CaptureQueriesContext(connection) as captured:
        ask()
    return sum(query["sql"] not in {"BEGIN", "COMMIT"} for query in captured.captured_queries)
