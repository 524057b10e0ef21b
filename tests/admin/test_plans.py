"""Staff arrange, price and change plans; what was sold stays as it was."""

import pytest
from django.urls import reverse
from django.utils import timezone

from plans.models import Plan, PlanPrice
from plans.terms import PlanTerms
from portal.lib.data_size import GB
from portal.lib.dates import held_together
from tests import make

pytestmark = pytest.mark.django_db

ADD = "/admin/plans/plan/add/"


def change(plan):
    return reverse("admin:plans_plan_change", args=[plan.pk])


def plan_form(**fields):
    """Return what the form posts for a month of 10 GB in Europe without prices."""
    return {
        "kind": "plan",
        "code": "europe-month",
        "name": "Europe",
        "name_zh_hans": "欧洲",
        "name_zh_hant": "歐洲",
        "region": "europe",
        "countries": ["FR", "DE"],
        "data_bytes": "10",
        "daily_cap_bytes": "",
        "throttled_kbps": "",
        "voice_minutes": "0",
        "sms_count": "0",
        "period_unit": "month",
        "period_count": "1",
        "fair_use": "",
        "is_active": "on",
        "active_from_0": "2026-11-01",
        "active_from_1": "00:00:00",
        "active_until_0": "",
        "active_until_1": "",
        **prices_form(),
        **fields,
    }


def prices_form(*rows, existing=0):
    """Return the inline rows: each (id or "", currency, price)."""
    form = {
        "prices-TOTAL_FORMS": str(len(rows)),
        "prices-INITIAL_FORMS": str(existing),
        "prices-MIN_NUM_FORMS": "0",
        "prices-MAX_NUM_FORMS": "1000",
    }
    for number, (pk, currency, price) in enumerate(rows):
        form |= {
            f"prices-{number}-id": str(pk),
            f"prices-{number}-currency": currency,
            f"prices-{number}-price": price,
            f"prices-{number}-valid_from_0": "2026-11-01",
            f"prices-{number}-valid_from_1": "00:00:00",
        }
    return form


def errors_of(response):
    """Return every error of the form and its inline rows."""
    forms = [response.context["adminform"].form]
    forms += [form for formset in response.context["inline_admin_formsets"] for form in formset.formset.forms]
    return " ".join(str(error) for form in forms for errors in form.errors.values() for error in errors)


def test_new_plan_with_three_prices_is_in_the_catalogue_in_chinese(
    as_staff, client, django_capture_on_commit_callbacks
):
    client.get("/plans/")
    form = plan_form(**prices_form(("", "USD", "14.90"), ("", "EUR", "13.90"), ("", "CNY", "98"), ("", "JPY", "2200")))

    with django_capture_on_commit_callbacks(execute=True):
        answer = as_staff.post(ADD, form)

    plan = Plan.objects.get(code="europe-month")
    assert answer.status_code == 302
    assert plan.data_bytes == 10 * GB
    assert plan.countries == ["DE", "FR"]
    assert plan.prices_at(timezone.now()) == {"USD": 1490, "EUR": 1390, "CNY": 9800, "JPY": 2200}
    client.logout()
    page = client.get("/plans/?currency=CNY", headers={"accept-language": "zh-hans"}).content.decode()
    assert "欧洲" in page
    assert "¥98.00" in page


def test_form_of_a_new_plan_offers_a_row_for_each_currency(as_staff, settings):
    response = as_staff.get(ADD)

    formset = response.context["inline_admin_formsets"][0].formset
    assert [form.initial["currency"] for form in formset.forms] == settings.PORTAL_CURRENCIES


@pytest.mark.parametrize(
    ("currency", "price", "said"),
    [
        ("JPY", "22.50", "JPY, which has no decimals"),
        ("USD", "14.905", "USD, which has 2 decimals. Write it like 14.90."),
        ("USD", "14,90", "“14,90” is not a price in USD"),
        ("USD", "9" * 18, "is not a price in USD"),
        ("USD", "-5", "A price is not negative."),
        ("USD", "lots", "“lots” is not a price"),
        ("XXX", "5", "XXX is not one of the available choices"),
    ],
)
def test_price_the_currency_cannot_have_is_refused_with_the_reason(as_staff, currency, price, said):
    answer = as_staff.post(ADD, plan_form(**prices_form(("", currency, price))))

    assert answer.status_code == 200
    assert said in errors_of(answer)
    assert not Plan.objects.exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"data_bytes": "ten"}, "Write gigabytes as a number such as 10 or 0.5, not “ten”."),
        ({"data_bytes": ""}, "Unlimited data needs its numbers"),
        ({"countries": ["FR", "ZZZ"]}, "ZZZ is not one of the available choices"),
        ({"active_until_0": "2026-10-01", "active_until_1": "00:00"}, "would end before it begins"),
        ({"code": "two words"}, "slug"),
    ],
)
def test_plan_that_makes_no_sense_is_refused_with_the_reason(as_staff, fields, said):
    answer = as_staff.post(ADD, plan_form(**fields))

    assert answer.status_code == 200
    assert said in errors_of(answer)
    assert not Plan.objects.exists()


def test_half_a_gigabyte_survives_the_form(as_staff):
    plan = make.make_plan(data_bytes=GB // 2)

    page = as_staff.get(change(plan))

    assert page.context["adminform"].form["data_bytes"].value() == "0.5"


def test_changes_of_plan_and_price_are_in_the_history_with_name_and_difference(as_staff):
    plan = make.make_plan(code="europe-month", name="Old name", prices={"USD": 1490})
    price = plan.prices.get()
    form = plan_form(name="New name", **prices_form((price.pk, "USD", "15.90"), existing=1))

    as_staff.post(change(plan), form)
    page = as_staff.get(reverse("admin:plans_plan_history", args=[plan.pk])).content.decode()

    assert "Old name" in page
    assert "New name" in page
    assert "Kim Staff" in page
    assert "US$14.90" in page
    assert "US$15.90" in page
    assert PlanPrice.objects.get(pk=price.pk).amount == 1590


def test_what_was_sold_never_changes(as_staff, subscriber):
    plan = make.make_plan(code="europe-month", name="Europe", prices={"USD": 1490})
    line = make.make_line(owner=subscriber)
    sold = PlanTerms.of(plan).to_json()
    order = make.make_order(owner=subscriber, line=line, plan=plan, plan_terms=sold, amount=1490)
    allowance = make.make_allowance(line=line, plan=plan)
    price = plan.prices.get()
    form = plan_form(name="Half", data_bytes="1", **prices_form((price.pk, "USD", "99.00"), existing=1))

    as_staff.post(change(plan), form)

    plan.refresh_from_db()
    order.refresh_from_db()
    allowance.refresh_from_db()
    assert (plan.name, plan.data_bytes) == ("Half", GB)
    assert order.plan_terms == sold
    assert order.amount == 1490
    assert allowance.data_bytes == 10 * GB


def test_dragging_changes_the_order_of_the_catalogue(as_staff, client, django_capture_on_commit_callbacks):
    first, second = make.make_plan(name="Aaa", position=1), make.make_plan(name="Bbb", position=2)
    client.get("/plans/")
    form = {
        "form-TOTAL_FORMS": "2",
        "form-INITIAL_FORMS": "2",
        "form-0-id": str(first.pk),
        "form-0-position": "2",
        "form-1-id": str(second.pk),
        "form-1-position": "1",
        "_save": "Save",
    }

    with django_capture_on_commit_callbacks(execute=True):
        as_staff.post("/admin/plans/plan/", form)

    page = client.get("/plans/").content.decode()
    assert page.index(">Bbb<") < page.index(">Aaa<")


@pytest.mark.parametrize(("action", "before"), [("take_off_sale", True), ("put_on_sale", False)])
def test_plan_is_taken_off_sale_and_put_back(as_staff, action, before):
    plan = make.make_plan(is_active=before)

    as_staff.post("/admin/plans/plan/", {"action": action, "_selected_action": [plan.pk]})

    plan.refresh_from_db()
    assert plan.is_active is not before
    assert plan.history.count() == 2


def test_plan_page_links_to_the_public_page(as_staff):
    plan = make.make_plan()

    page = as_staff.get(change(plan)).content.decode()

    assert f'href="/plans/{plan.public_id}/"' in page


def test_the_history_writes_prices_and_dates_as_pages_do(as_staff):
    plan = make.make_plan(prices={"JPY": 1234567})

    page = as_staff.get(f"/admin/plans/plan/{plan.pk}/history/").content.decode()

    assert "JP¥1,234,567" in page
    assert held_together("21 Nov 2025, 10:00") in page
