"""The examples of docs/api.md work as they stand there."""

import re
import shlex

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.api_tokens import PERSONAL_SCOPES
from accounts.webhooks import KINDS
from billing.models import Order
from tests import make

TEXT = (settings.BASE_DIR / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = [
    command
    for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    for command in re.sub(r"\\\n\s*", "", block).splitlines()
]


def run(client, command, values):
    """Do what curl would do."""
    # As a shell: values come in where no single quotes hold them off.
    filled = re.sub(r"\$([A-Z]+)", lambda name: values[name[1]], command)
    words = iter(shlex.split(filled)[1:])
    method, address, headers, body = "", "", {}, ""
    for word in words:
        if word == "-X":
            method = next(words)
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-o":
            next(words)
        elif word == "-d":
            body = next(words)
        else:
            address = word
    return client.generic(
        method or ("POST" if body else "GET"), address, body, headers.pop("Content-Type", ""), headers=headers
    )


@pytest.mark.django_db
def test_every_example_is_answered_as_it_says(program, client, line, plan, card):
    secret = program.headers["Authorization"].removeprefix("Bearer ")
    terms = program.get(f"/lines/{line.public_id}/auto-renewal/terms", plan=plan.public_id, payWith=card.public_id)[1]
    values = {"PORTAL": "", "TOKEN": secret, "LINE": line.public_id, "PLAN": plan.public_id, "CARD": card.public_id}
    values |= {"ORDER": make.make_order(owner=line.owner, line=line, plan=plan, state="expired").public_id}
    bought = make.make_order(owner=line.owner, line=line, plan=plan, state="fulfilled", paid_at=timezone.now())
    values |= {"DOCUMENT": make.make_invoice(order=bought).public_id}
    values |= {"VERSION": terms["termsVersion"], "TEXT": terms["text"]}

    answers = {command: run(client, command, values) for command in EXAMPLES}

    assert len(answers) > 10
    assert {command: (got.status_code, got.content) for command, got in answers.items() if got.status_code > 201} == {}
    assert Order.objects.count() == 4


def test_every_refusal_and_event_is_listed():
    sources = (settings.BASE_DIR / "portal" / "api").glob("*.py")
    kinds = {
        kind
        for source in sources
        for kind in re.findall(
            r'refused(?:\(\s*HTTPStatus\.\w+|_form\([\w.]+),\s*"([\w-]+)"', source.read_text(encoding="utf-8")
        )
    }

    assert len(kinds) > 15
    assert [kind for kind in sorted(kinds) if f"`{kind}`" not in TEXT] == []
    assert [name for name in [*KINDS, *PERSONAL_SCOPES] if f"`{name}`" not in TEXT] == []
