"""Staff and invoices: read, taken out as a sheet, never changed; tax rates typed in percent."""

import csv
from datetime import date
from io import BytesIO, StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook
from pypdf import PdfReader

from billing.invoices import issue_due
from billing.models import BillingDetails, TaxRate
from tests import make
from tests.billing.books import NOW
from tests.billing.invoicing import delivered_order, given_back, invoice_of

pytestmark = pytest.mark.django_db

RATES = "/admin/billing/taxrate/"
INVOICES = "/admin/billing/invoice/"
CSV, XLSX = "0", "1"


def send(client, content, file_format=CSV):
    file = SimpleUploadedFile("rates", content if isinstance(content, bytes) else content.encode("utf-8-sig"))
    return client.post(f"{RATES}import/", {"import_file": file, "format": file_format})


def confirm(client, preview):
    return client.post(f"{RATES}process_import/", preview.context["confirm_form"].initial)


def export(client, address, prefix):
    form = client.get(f"{address}export/").context["form"]
    wanted = {name: "on" for name in form.fields if name.startswith(prefix)}
    return client.post(f"{address}export/", {"format": CSV, "resource": "0", **wanted}).content


def test_staff_download_what_the_subscriber_downloads(as_staff, subscriber):
    invoice = invoice_of(delivered_order(subscriber))
    page = as_staff.get(f"{INVOICES}{invoice.pk}/change/").content.decode()

    answer = as_staff.get(f"{INVOICES}{invoice.pk}/pdf/")

    assert f"{INVOICES}{invoice.pk}/pdf/" in page
    assert answer["Content-Disposition"] == 'attachment; filename="invoice-2026-000001.pdf"'
    assert "2026-000001" in PdfReader(BytesIO(answer.content)).pages[0].extract_text()


def test_staff_who_may_not_see_invoices_get_none(client, subscriber):
    invoice = invoice_of(delivered_order(subscriber))
    client.force_login(make.make_user(is_staff=True))

    assert client.get(f"{INVOICES}{invoice.pk}/pdf/").status_code in {302, 403}
    assert client.get(f"{INVOICES}export/").status_code == 403


def test_nobody_brings_invoices_in_or_changes_them(as_staff, subscriber):
    invoice = invoice_of(delivered_order(subscriber))

    assert as_staff.get(f"{INVOICES}import/").status_code == 403
    assert as_staff.get(f"{INVOICES}add/").status_code == 403
    assert as_staff.post(f"{INVOICES}{invoice.pk}/change/", {"amount": "1"}).status_code == 403


def test_the_sheet_of_invoices_sums_to_what_was_earned(as_staff, subscriber):
    TaxRate.objects.create(country="US", name="Sales tax", basis_points=1000, starts_on="2020-01-01")
    BillingDetails.objects.create(owner=subscriber, name="=HYPERLINK(1)", country="US", tax_id="12-3456789")
    given_back(delivered_order(subscriber), amount=500)
    issue_due(now=NOW)

    sheet = export(as_staff, INVOICES, "invoiceresource_").decode("utf-8-sig")

    rows = {row["number"]: row for row in csv.DictReader(StringIO(sheet))}
    sold, returned = rows["2026-000001"], rows["C2026-000001"]
    assert (sold["net"], sold["tax"], sold["total"], sold["tax_percent"]) == ("13.55", "1.35", "14.90", "10")
    assert (returned["total"].lstrip("'"), returned["corrects"]) == ("-5.00", "2026-000001")
    assert not sold["buyer"].startswith("=")


@pytest.mark.parametrize("typed", ["=1+1", "+1+1", "-1+1", "@SUM(1+1)"])
def test_what_a_buyer_typed_is_no_formula_for_the_accountants(as_staff, subscriber, typed):
    BillingDetails.objects.create(owner=subscriber, name=typed, country="US", tax_id=typed)
    invoice_of(delivered_order(subscriber))

    sheet = export(as_staff, INVOICES, "invoiceresource_").decode("utf-8-sig")

    row = next(csv.DictReader(StringIO(sheet)))
    assert (row["buyer"], row["buyer_tax_id"]) == (f"'{typed}", f"'{typed}")


def test_a_rate_is_typed_in_percent_and_keeps_its_history(as_staff, staff):
    given = {"country": "CH", "name": "MWST", "percent": "7.7", "starts_on": "2018-01-01"}

    as_staff.post(f"{RATES}add/", given)
    rate = TaxRate.objects.get()
    as_staff.post(f"{RATES}{rate.pk}/change/", {**given, "percent": "8.1 %"})

    rate.refresh_from_db()
    assert rate.basis_points == 810
    assert [(record.basis_points, record.history_user) for record in rate.history.all()] == [(810, staff), (770, staff)]
    assert "8.1%" in as_staff.get(RATES).content.decode()
    assert as_staff.get(f"{RATES}{rate.pk}/history/").status_code == 200
    assert 'value="8.1"' in as_staff.get(f"{RATES}{rate.pk}/change/").content.decode()


@pytest.mark.parametrize("percent", ["", "abc", "-1", "100.01", "1.234", "1e1", "１９"])
def test_what_is_no_rate_is_refused(as_staff, percent):
    given = {"country": "CH", "name": "MWST", "percent": percent, "starts_on": "2018-01-01"}

    assert as_staff.post(f"{RATES}add/", given).status_code == 200
    assert not TaxRate.objects.exists()


def test_one_country_has_one_rate_a_day(as_staff):
    given = {"country": "CH", "name": "MWST", "percent": "7.7", "starts_on": "2018-01-01"}
    as_staff.post(f"{RATES}add/", given)

    assert as_staff.post(f"{RATES}add/", given).status_code == 200
    assert TaxRate.objects.count() == 1


def test_rates_come_from_a_spreadsheet(as_staff):
    book = Workbook()
    for row in (
        ["country", "starts_on", "name", "percent"],
        ["de", date(2021, 1, 1), "VAT", 19],
        ["CH", "2024-01-01", "MWST", 8.1],
    ):
        book.active.append(row)
    content = BytesIO()
    book.save(content)

    confirm(as_staff, send(as_staff, content.getvalue(), XLSX))

    kept = TaxRate.objects.order_by("country").values_list("country", "starts_on", "name", "basis_points")
    assert list(kept) == [("CH", date(2024, 1, 1), "MWST", 810), ("DE", date(2021, 1, 1), "VAT", 1900)]


def test_rates_exported_and_imported_again_change_nothing(as_staff):
    TaxRate.objects.create(country="DE", name="VAT", basis_points=1900, starts_on="2021-01-01")
    TaxRate.objects.create(country="CH", name="MWST", basis_points=825, starts_on="2024-01-01")
    before = list(TaxRate.objects.values())

    answer = confirm(as_staff, send(as_staff, export(as_staff, RATES, "taxrateresource_")))

    assert answer.status_code == 302
    assert list(TaxRate.objects.values()) == before
    assert TaxRate.history.count() == 2


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("XX,2021-01-01,VAT,19", "is not the code of a country"),
        ("DE,soon,VAT,19", "is not a day"),
        ("DE,2021-13-01,VAT,19", "is not a day"),
        ("DE,2021-01-01,VAT,a lot", "is not a rate"),
        ("DE,,VAT,19", "A row needs its starts_on."),
        ("DE,2021-01-01,VAT,19\nDE,2021-01-01,VAT,20", "stands on lines 3, 4"),
    ],
)
def test_a_sheet_with_a_fault_is_refused_whole(as_staff, row, said):
    page = send(as_staff, f"country,starts_on,name,percent\nFR,2021-01-01,TVA,20\n{row}\n")

    assert said in page.content.decode()
    assert not TaxRate.objects.exists()
