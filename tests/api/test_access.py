"""Whose things a program reaches: every operation that names one, for everybody there is."""

import pytest

from esim import invitations
from tests import make
from tests.api.bodies import BODIES, ask, operations
from tests.api.conftest import Program, make_token
from tests.portal.walking import first_visit

pytestmark = pytest.mark.django_db

OF_NOBODY = {"get_plan", "get_quote"}
"""What they name is on sale for everybody."""

SEES = {"get_line", "list_allowances", "list_days", "list_months", "list_records", "get_full_speed", "get_people"}
OPENED = {"payer": {*SEES, "list_queue"}, "viewer": SEES, "former member": set(), "stranger": set()}
"""What each role reaches of a line; everything else about it is not found."""


@pytest.fixture
def known(ids_of_ada):
    """What to put into addresses, by the name of the argument."""
    return {name: value for values in ids_of_ada.values() for name, value in values.items() if name.endswith("_id")}


@pytest.fixture
def people(subscriber, stranger, known, now):
    """Everybody but Ada, with her line of `ids_of_ada`; the former member was a payer until a moment ago."""
    line = subscriber.lines.get(public_id=known["line_id"])
    payer, viewer, former = (make.make_user(full_name=name) for name in ("Pat Payer", "Vic Viewer", "Fay Former"))
    make.make_member(line=line, user=payer, role="payer")
    make.make_member(line=line, user=viewer)
    gone = make.make_member(line=line, user=former, role="payer")
    invitations.remove(member=gone, by=subscriber, ip=None, now=now)
    return {"payer": payer, "viewer": viewer, "former member": former, "stranger": stranger}


def naming(client, known):
    """Return (name, method, address) of what names a row of somebody."""
    return [
        (name, method, path.format(**known))
        for name, method, path, _operation in operations(client)
        if "{" in path and name not in OF_NOBODY
    ]


def test_there_is_a_body_for_each_operation_that_takes_one(client):
    taking = {name for name, _method, _path, operation in operations(client) if "requestBody" in operation}

    assert taking == set(BODIES)


def test_a_stranger_finds_nothing_of_hers(client, stranger, known):
    strange = Program(client, make_token(stranger)[1])

    found = {name: ask(strange, name, *at, key=name).status_code for name, *at in naming(client, known)}

    assert len(found) > 40
    assert {name: status for name, status in found.items() if status != 404} == {}


def test_lists_of_a_stranger_hold_nothing_of_hers(client, stranger, known):
    strange = Program(client, make_token(stranger)[1])
    lists = [(name, method, path) for name, method, path, _one in operations(client) if "{" not in path]
    reading = [(name, path) for name, method, path in lists if method == "get" and name != "list_plans"]

    texts = {name: ask(strange, name, "get", path).content.decode() for name, path in reading}

    hers = {*known.values(), "ada@example.com", "4242"} - {known["plan_id"]}
    assert len(texts) > 10
    assert {name for name, text in texts.items() if any(one in text for one in hers)} == set()


@pytest.mark.parametrize("role", OPENED)
def test_each_role_reaches_what_its_pages_show_and_nothing_else(client, people, known, role):
    program = Program(client, make_token(people[role])[1])
    of_line = [one for one in naming(client, known) if one[2].startswith(f"/lines/{known['line_id']}")]
    statuses = {}

    for name, method, address in of_line:
        with first_visit(client) as visitor:
            program.client = visitor
            statuses[name] = ask(program, name, method, address).status_code

    assert {name for name, status in statuses.items() if status != 404} == OPENED[role]


def test_what_others_see_of_a_line_says_nothing_that_is_its_owners(client, people, known):
    for role in ("payer", "viewer"):
        program = Program(client, make_token(people[role])[1])
        texts = [program.ask("get", f"/lines/{known['line_id']}{path}").content.decode() for path in ("", "/people")]

        assert people[role].email in texts[1]
        assert not any(other.email in text for text in texts for name, other in people.items() if name != role)
        assert "invited" not in "".join(texts).replace("invitations", "")


def test_who_shares_a_line_leaves_it_and_sends_nobody_else_away(client, people, known, subscriber):
    line = subscriber.lines.get(public_id=known["line_id"])
    program = Program(client, make_token(people["viewer"])[1])
    path = f"/lines/{line.public_id}/people"
    [own] = program.get(path)[1]["members"]

    others = program.do("delete", f"{path}/{known['member_id']}")[0]
    left = program.do("delete", f"{path}/{own['id']}")

    assert (others, left[0], left[1]["members"]) == (404, 200, [])
    assert program.get(path)[0] == 404
    assert line.members.count() == 2
