"""What a program asks support, and what it reads of it."""

import pytest
from django.utils import timezone

from accounts import tickets
from accounts.models import ApiCall, Ticket, TicketMessage
from accounts.ticket_limits import OPEN_AT_ONCE
from tests import make
from tests.api.test_door import kind

pytestmark = pytest.mark.django_db


def write(program, path, body, *, key):
    answer = program.ask("post", path, body, **{"Idempotency-Key": key})
    return answer.status_code, answer.json()


def test_a_request_is_opened_once_answered_and_gone_on_with(program, line, staff):
    wish = {"kind": "service", "text": "No data since noon.", "about": line.public_id}

    [opened, again] = [write(program, "/tickets", wish, key="k1") for _ in range(2)]
    ticket = Ticket.objects.get()
    tickets.reply(ticket=ticket, text="Restart it.", key="a", staff=staff, now=timezone.now())
    talk = program.get(f"/tickets/{ticket.public_id}")[1]
    more = write(program, f"/tickets/{ticket.public_id}/messages", {"text": "Thanks."}, key="k2")[1]

    assert opened == again
    assert (opened[0], opened[1]["about"]) == (201, [line.public_id])
    assert (talk["state"], [one["author"] for one in talk["messages"]]) == ("answered", ["user", "staff"])
    assert (more["state"], len(more["messages"])) == ("waiting", 3)
    assert [one["id"] for one in program.get("/tickets")[1]["items"]] == [ticket.public_id]


def test_what_is_somebody_elses_is_neither_read_nor_asked_about(program, stranger):
    theirs = make.make_ticket(owner=stranger)
    foreign = make.make_line(owner=stranger)
    wish = {"kind": "service", "text": "Whose is it?", "about": foreign.public_id}

    assert program.get(f"/tickets/{theirs.public_id}")[0] == 404
    assert write(program, f"/tickets/{theirs.public_id}/messages", {"text": "Hello"}, key="k1")[0] == 404
    assert write(program, "/tickets", wish, key="k2")[0] == 404
    assert not TicketMessage.objects.filter(text="Hello").exists()


def test_a_program_asks_no_more_often_than_a_person(program, subscriber):
    for _number in range(OPEN_AT_ONCE):
        make.make_ticket(owner=subscriber)

    status, refused = write(program, "/tickets", {"kind": "other", "text": "And another."}, key="k1")

    assert (status, kind(refused)) == (409, "too-many-requests-for-help")
    assert write(program, "/tickets", {"kind": "other", "text": " "}, key="k2")[0] == 422


def test_a_key_of_long_ago_swallows_nothing_that_is_written_now(program, subscriber):
    wish = {"kind": "other", "text": "First."}
    opened = write(program, "/tickets", wish, key="k1")[1]
    path = f"/tickets/{opened['id']}/messages"
    write(program, path, {"text": "More."}, key="k2")
    for _number in range(OPEN_AT_ONCE - 1):
        make.make_ticket(owner=subscriber)
    ApiCall.objects.all().delete()

    again = write(program, "/tickets", wish, key="k1"), write(program, path, {"text": "More."}, key="k2")
    ApiCall.objects.all().delete()
    other = (
        write(program, "/tickets", wish | {"text": "Another."}, key="k1"),
        write(program, path, {"text": "Yet more."}, key="k2"),
    )

    assert [(status, body["id"]) for status, body in again] == [(201, opened["id"])] * 2
    assert [(status, kind(body)) for status, body in other] == [(422, "key-reused")] * 2
    assert TicketMessage.objects.filter(ticket__public_id=opened["id"]).count() == 2
