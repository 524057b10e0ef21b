"""Invoices and receipts by a program."""

import pytest
from django.utils import timezone

from accounts.models import Business
from billing.models import BillingDetails, Invoice
from plans.terms import PlanTerms
from tests import make
from tests.api.test_door import kind
from tests.api.test_reading import usd

pytestmark = pytest.mark.django_db


@pytest.fixture
def bought(subscriber, line, plan):
    """An order of Ada's that was delivered a moment ago."""
    now, terms = timezone.now(), PlanTerms.of(plan).to_json()
    sold = {"plan": plan, "plan_terms": terms, "state": "fulfilled"}
    return make.make_order(owner=subscriber, line=line, paid_at=now, confirmed_at=now, created_at=now, **sold)


def test_the_document_of_an_order_is_issued_once_and_handed_out_as_pdf(program, bought):
    path = f"/orders/{bought.public_id}/document"

    [issued, again] = [program.do("post", path) for _ in range(2)]
    pdf = program.ask("get", issued[1]["pdf"].removeprefix("http://localhost:8000/api/v1"))

    assert issued == again
    assert (issued[0], issued[1]["kind"], issued[1]["taxIncludedAmount"]) == (200, "invoice", usd("14.90"))
    assert program.get("/documents")[1]["items"] == [issued[1]]
    assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert "no-store" in pdf["Cache-Control"]
    assert issued[1]["billNo"] in pdf["Content-Disposition"]
    assert Invoice.objects.count() == 1


def test_before_delivery_there_is_none(program, subscriber, line, plan):
    order = make.make_order(owner=subscriber, line=line, plan=plan)

    status, refused = program.do("post", f"/orders/{order.public_id}/document")

    assert (status, kind(refused)) == (409, "not-delivered")


def test_whom_they_are_made_out_to_is_changed_bit_by_bit(program, subscriber):
    first = program.do("patch", "/billing-details", {"name": "Lin Ltd", "country": "DE"})
    status, second = program.do("patch", "/billing-details", {"taxId": "DE123456789"})
    refused = program.do("patch", "/billing-details", {"country": "ZZ"})

    assert (first[0], first[1]["name"]) == (200, "Lin Ltd")
    assert (status, second["name"], second["country"], second["taxId"]) == (200, "Lin Ltd", "DE", "DE123456789")
    assert (refused[0], kind(refused[1]), refused[1]["errors"][0]["location"]) == (
        409,
        "cannot-save",
        ["body", "country"],
    )
    assert BillingDetails.objects.get(owner=subscriber).country == "DE"
    assert program.get("/billing-details")[1] == second


def test_a_business_reads_what_each_line_cost(program, subscriber, bought, line):
    before = program.get("/costs")
    Business.objects.create(user=subscriber)
    program.do("patch", f"/lines/{line.public_id}", {"costCentre": "Sales"})

    costs = program.get("/costs", month=f"{timezone.now():%Y-%m}")[1]

    assert (before[0], kind(before[1])) == (409, "not-a-business")
    assert (costs["total"], costs["month"]) == ([usd("14.90")], f"{timezone.now():%Y-%m}")
    assert [(one["line"]["id"], one["costCentre"], one["cost"]) for one in costs["items"]] == [
        (line.public_id, "Sales", [usd("14.90")])
    ]
    assert program.get("/costs", month="2026-13")[0] == 422
