"""The plan sheet: whole or not at all, told by line, and back and forth without a trace."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook, load_workbook

from plans.models import Plan, PlanPrice
from plans.resources import PlanResource
from portal.lib import upload_handlers
from portal.lib.data_size import GB
from tests import make
from tests.admin.dialogs import told

pytestmark = pytest.mark.django_db

IMPORT = "/admin/plans/plan/import/"
CONFIRM = "/admin/plans/plan/process_import/"
EXPORT = "/admin/plans/plan/export/"
CSV, XLSX = "0", "1"
HEADERS = ["code", "name", "name_zh_hans", "region", "countries", "data_gb", "period_unit", "period_count"]
PRICES = ["price_USD", "price_EUR", "price_CNY", "price_JPY"]


def xlsx(*rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    content = BytesIO()
    book.save(content)
    return SimpleUploadedFile("plans.xlsx", content.getvalue())


def csv(text):
    return SimpleUploadedFile("plans.csv", text.encode("utf-8-sig"))


def send(client, file, file_format=XLSX):
    return client.post(IMPORT, {"import_file": file, "format": file_format})


def confirm(client, preview):
    return client.post(CONFIRM, preview.context["confirm_form"].initial)


def fifty_rows():
    return [
        [
            f"plan-{n}",
            f"Europe {n} GB",
            f"欧洲 {n} GB",
            "europe",
            "FR DE IT",
            n,
            "month",
            1,
            4.9 + n,
            n + 3.9,
            n * 10,
            n * 100,
        ]
        for n in range(1, 51)
    ]


@pytest.mark.slow
def test_fifty_plans_come_from_a_spreadsheet(as_staff, client, now, django_capture_on_commit_callbacks):
    client.get("/plans/")

    preview = send(as_staff, xlsx(HEADERS + PRICES, *fifty_rows()))
    assert not Plan.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        answer = confirm(as_staff, preview)

    assert answer.status_code == 302
    assert Plan.objects.count() == 50
    plan = Plan.objects.get(code="plan-7")
    assert (plan.data_bytes, plan.countries, plan.name_zh_hans) == (7 * GB, ["FR", "DE", "IT"], "欧洲 7 GB")
    prices = {price.currency: price.amount for price in plan.prices.all()}
    assert prices == {"USD": 1190, "EUR": 1090, "CNY": 7000, "JPY": 700}
    assert "50 plans" in " ".join(client.get("/plans/").content.decode().split())


@pytest.mark.parametrize("file_format", [CSV, XLSX])
def test_exported_and_imported_again_changes_nothing(as_staff, now, file_format):
    make.make_plan(
        name="Europe, “10 GB”",
        name_zh_hans="欧洲",
        prices={"USD": 1490, "JPY": 2200},
        daily_cap_bytes=GB // 3,
        throttled_kbps=512,
        fair_use="Two\nlines; and, commas",
        active_until=now + timedelta(days=400),
    )
    make.make_plan(data_bytes=None, daily_cap_bytes=GB, throttled_kbps=384, is_active=False, prices={"TWD": 49900})
    make.make_data_pack(countries=[])
    before = list(Plan.objects.order_by("pk").values())
    history = Plan.history.count()

    exported = as_staff.post(EXPORT, {"format": file_format, "resource": "0", **fields_wanted(as_staff)})
    preview = send(as_staff, SimpleUploadedFile("plans", exported.content), file_format)
    answer = confirm(as_staff, preview)

    assert answer.status_code == 302
    assert list(Plan.objects.order_by("pk").values()) == before
    assert Plan.history.count() == history
    assert PlanPrice.objects.count() == 4


def test_name_that_looks_like_a_formula_is_not_run_by_the_spreadsheet(as_staff):
    make.make_plan(name="=HYPERLINK(1)")

    exported = as_staff.post(EXPORT, {"format": XLSX, "resource": "0", **fields_wanted(as_staff)})

    cells = [cell for row in load_workbook(BytesIO(exported.content)).active for cell in row]
    assert "f" not in {cell.data_type for cell in cells}


def fields_wanted(client):
    """Tick every column of the export form."""
    form = client.get(EXPORT).context["form"]
    return {name: "on" for name in form.fields if name.startswith("planresource_")}


@pytest.mark.slow
def test_every_bad_row_is_told_by_line_and_nothing_is_imported(as_staff):
    rows = fifty_rows()
    rows[1][4] = "FR XX"
    rows[3][8] = "4.999"
    rows[5][0] = "plan-5"
    rows[7][6] = "fortnight"
    rows[9][5] = "ten"
    rows[11][11] = "9.5"

    page = send(as_staff, xlsx(HEADERS + PRICES, *rows))

    faults = [(row.number + 1, column) for row in page.context["result"].invalid_rows for column in row.error_dict]
    assert faults == [
        (3, "countries"),
        (5, "price_USD"),
        (6, "code"),
        (7, "code"),
        (9, "period_unit"),
        (11, "data_bytes"),
        (13, "price_JPY"),
    ]
    text = page.content.decode()
    assert "Nothing was imported: 7 rows have faults." in text
    assert "“4.999” is not a price in USD, which has 2 decimals. Write it like 14.90." in text
    assert "“plan-5” stands on lines 6, 7." in text
    assert "confirm_form" not in page.context or not page.context["confirm_form"]
    assert not Plan.objects.exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,region\nEurope,europe\n", "has no column “code”"),
        ("code,price_UDS\nplan-1,5\n", "Unknown columns: price_UDS."),
        ("code,price_GBP\nplan-1,5\n", "Unknown columns: price_GBP."),
    ],
)
def test_sheet_with_wrong_columns_is_refused(as_staff, text, said):
    make.make_plan(code="plan-1")

    page = send(as_staff, csv(text), CSV)

    assert said in page.content.decode()
    assert "Traceback" not in page.content.decode()
    assert PlanPrice.objects.count() == 1


@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe", b"PK\x03\x04 not a workbook"])
def test_file_that_is_no_sheet_is_an_error_and_not_a_crash(as_staff, content):
    for file_format in (CSV, XLSX):
        page = send(as_staff, SimpleUploadedFile("plans", content), file_format)

        assert page.status_code == 200
    assert not Plan.objects.exists()


def test_only_the_columns_given_are_changed(as_staff):
    plan = make.make_plan(code="plan-1", name="Europe", prices={"USD": 1490, "EUR": 1390})

    confirm(as_staff, send(as_staff, csv("code,price_USD,price_EUR\nplan-1,12.90,\n"), CSV))

    plan.refresh_from_db()
    assert plan.name == "Europe"
    assert [price.amount for price in plan.prices.filter(currency="USD").order_by("valid_from")] == [1490, 1290]
    assert plan.prices.filter(currency="EUR").count() == 1


def test_row_that_fails_between_preview_and_confirmation_imports_nothing(as_staff):
    preview = send(
        as_staff, csv("code,name,region,countries,data_gb\nplan-1,One,europe,FR,1\nplan-2,Two,europe,FR,1\n"), CSV
    )
    make.make_plan(code="plan-2", data_bytes=None, daily_cap_bytes=GB, throttled_kbps=5, period_count=1)
    Plan.objects.filter(code="plan-2").update(kind="nonsense")

    answer = confirm(as_staff, preview)

    assert answer.url == IMPORT
    assert not Plan.objects.filter(code="plan-1").exists()


@pytest.mark.parametrize("file_format", [CSV, XLSX])
def test_sheet_that_is_confirmed_twice_is_imported_once(as_staff, file_format):
    plan = make.make_plan(code="plan-1", prices={"USD": 1000})
    file = (
        csv("code,price_USD\nplan-1,12.90\n") if file_format == CSV else xlsx(["code", "price_USD"], ["plan-1", 12.9])
    )
    preview = send(as_staff, file, file_format)

    confirm(as_staff, preview)
    again = confirm(as_staff, preview)

    assert again.url == IMPORT
    assert told(again)[-1] == "This sheet is no longer kept. Send it again, unless it was imported already."
    assert plan.prices.count() == 2


def test_sheet_that_is_too_large_is_refused_by_name(as_staff, monkeypatch):
    monkeypatch.setattr(upload_handlers, "MOST_BYTES", 1000)

    page = send(as_staff, csv("code,name\n" + "plan-1,Europe\n" * 100), CSV)

    assert "This file is too large. Send a sheet of at most 12 MB." in page.content.decode()


def test_float_cells_are_read_as_they_are_seen(now):
    resource = PlanResource(now=now)
    make.make_plan(code="plan-1", prices={"USD": 1})
    dataset = resource.export(Plan.objects.prefetch_related("prices"))
    sheet = load_workbook(BytesIO(dataset.export("xlsx"))).active

    assert sheet["V1"].value == "price_USD"
    assert sheet["V2"].value == "0.01"


def test_a_sheet_can_make_a_plan_free(as_staff):
    plan = make.make_plan(code="plan-1", prices={"USD": 1490})

    preview = send(as_staff, csv("code,price_USD\nplan-1,0\n"), CSV)
    confirm(as_staff, preview)

    assert "<ins>0.00</ins>" in preview.content.decode()
    assert [price.amount for price in plan.prices.order_by("valid_from")] == [1490, 0]


def test_staff_who_may_only_look_cannot_import(client):
    helper = make.make_user(is_staff=True)
    client.force_login(helper)

    assert client.get(IMPORT).status_code == 403
    assert client.post(CONFIRM, {}).status_code == 403
