"""Staff bring fifty plans at once, from the spreadsheet they keep anyway."""

from io import BytesIO

import pytest
from openpyxl import Workbook
from playwright.sync_api import expect

from plans.models import Plan
from portal.demo.people import STAFF
from tests.journeys.steps import sign_in

pytestmark = pytest.mark.browser
COLUMNS = ["code", "kind", "name", "name_zh_hans", "region", "countries", "data_gb", "period_unit", "period_count"]
PRICES = {"price_USD": "9.90", "price_CNY": "70.00", "price_EUR": "8.90"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def sheet(rows):
    book, file = Workbook(), BytesIO()
    book.active.append([*COLUMNS, *PRICES])
    for number in range(rows):
        name = f"Nordic {number + 1} GB"
        plan = [f"nordic-{number}", "plan", name, f"北欧 {number + 1} GB", "europe", "NO, SE", number + 1, "day", 30]
        book.active.append([*plan, *PRICES.values()])
    book.save(file)
    return {"name": "plans.xlsx", "mimeType": XLSX, "buffer": file.getvalue()}


def test_fifty_plans_from_a_spreadsheet_are_on_sale(page, portal):
    sign_in(page, portal, STAFF.email)
    page.goto(f"{portal}/admin/plans/plan/import/")
    page.locator("[name=import_file]").set_input_files(sheet(50))
    page.get_by_role("button", name="Submit").click()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("50").first).to_be_visible()

    page.goto(f"{portal}/plans/?q=Norway")

    expect(page.get_by_role("main")).to_contain_text("Nordic 50 GB")
    assert Plan.objects.filter(code__startswith="nordic-").count() == 50
