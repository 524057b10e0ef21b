"""The PDF, read back with somebody else's parser."""

from contextlib import contextmanager
from io import BytesIO

import pytest
from pypdf import PdfReader

from billing.invoice_pdf import draw, file_name
from billing.invoices import issue_credit_note
from billing.models import BillingDetails, Invoice, TaxRate
from portal.lib.pdf import Sheet
from tests import make
from tests.billing.books import NOW
from tests.billing.invoicing import delivered_order, given_back, invoice_of, top_up

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def read(pdf):
    return PdfReader(BytesIO(pdf))


def text_of(pdf):
    return "\n".join(page.extract_text() for page in read(pdf).pages)


def drawn_text(invoice):
    return text_of(draw(invoice))


@pytest.fixture
def operator(settings):
    settings.PORTAL_OPERATOR_NAME = "LEB Mobile GmbH"
    settings.PORTAL_OPERATOR_ADDRESS = "Torstraße 99 | 10119 Berlin"
    settings.PORTAL_OPERATOR_COUNTRY = "DE"
    settings.PORTAL_OPERATOR_TAX_ID = "DE123456789"
    TaxRate.objects.create(country="DE", name="VAT", basis_points=1900, starts_on="2020-01-01")
    return settings


def test_it_says_what_a_tax_office_wants_to_read(subscriber, operator):
    method = make.make_method(owner=subscriber)
    order = delivered_order(subscriber, wallet_amount=490, method=method, public_id="ord_7f3kz0v8m2q4x9tb")

    text = drawn_text(invoice_of(order))

    for said in (
        "Invoice",
        "2026-000001",
        "21 Nov 2026",
        "ord_7f3kz0v8m2q4x9tb",
        "LEB Mobile GmbH",
        "Torstraße 99",
        "DE123456789",
        "Germany",
        "Ada Lin",
        "Europe 10 GB",
        "Total (USD)",
        "US$14.90",
        "VAT 19%, Germany",
        "US$2.38",
        "US$12.52",
        "Visa •••• 4242",
        "US$10.00",
        "Balance",
        "US$4.90",
        "page 1 of 1",
    ):
        assert said in text


@pytest.mark.parametrize(
    ("language", "name", "plan", "date"),
    [
        ("zh-hans", "深圳市喆堃科技有限公司", "欧洲 10 GB 套餐", "2026年11月21日"),
        ("zh-hant", "臺北市張偉股份有限公司", "歐洲 10 GB 方案", "2026年11月21日"),
        ("en", "张伟 / Дмитрий Łukasiewicz / Ελένη", "Europe 10 GB", "21 Nov 2026"),
    ],
)
def test_it_speaks_the_readers_language_and_writes_any_name(subscriber, language, name, plan, date):
    type(subscriber).objects.update(language=language)
    subscriber.refresh_from_db()
    BillingDetails.objects.create(owner=subscriber, name=name, country="TW")
    sold = make.make_plan(name_zh_hans="欧洲 10 GB 套餐", name_zh_hant="歐洲 10 GB 方案")

    pdf = draw(invoice_of(delivered_order(subscriber, plan=sold)))

    text = text_of(pdf)
    assert name in text
    assert plan in text
    assert date in text
    assert read(pdf).trailer["/Root"]["/Lang"] == {"zh-hans": "zh-Hans", "zh-hant": "zh-Hant"}.get(language, language)


def test_it_has_its_fonts_and_its_title_in_it(subscriber):
    reader = read(draw(invoice_of(delivered_order(subscriber))))

    fonts = [font.get_object() for font in reader.pages[0]["/Resources"]["/Font"].values()]
    described = [font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object() for font in fonts]
    assert fonts
    assert all("/FontFile2" in font for font in described)
    assert reader.metadata.title == "Invoice 2026-000001"
    assert reader.metadata.creation_date == NOW


def test_the_same_document_is_the_same_file_each_time(subscriber):
    kept = invoice_of(delivered_order(subscriber))

    assert draw(kept) == draw(Invoice.objects.get(pk=kept.pk))


HARD_NAMES = [
    "🌍🚀",
    "\N{ZERO WIDTH JOINER}\N{VARIATION SELECTOR-16}",
    "한국 주식회사",
    "شركة",
    "𠮷野家",  # beyond the basic plane
    "e\N{COMBINING ACUTE ACCENT}" * 60,
    "W" * 120,
    "（" * 120,
    " ",
    "<b>&amp;</b> **bold** --__",
]


def test_no_name_breaks_it(subscriber):
    BillingDetails.objects.create(
        owner=subscriber, name=" ".join(HARD_NAMES)[:120], address="\n".join(HARD_NAMES)[:300]
    )
    invoice = invoice_of(delivered_order(subscriber))
    line = invoice.details["lines"][0]
    for name in HARD_NAMES:
        invoice.details["lines"].append({**line, "text": name, "notes": [name]})

    text = drawn_text(invoice)

    assert text.count("US$14.90") == 1 + len(HARD_NAMES) + 3  # the lines, then net amount, total and payment
    assert "W" * 20 in text


@pytest.mark.parametrize("name", ["🌍", "한국"])
def test_a_buyer_whose_name_cannot_be_written_gets_an_invoice_all_the_same(subscriber, name):
    BillingDetails.objects.create(owner=subscriber, name=name)

    text = drawn_text(invoice_of(delivered_order(subscriber)))

    assert "ada@example.com" in text


@pytest.mark.parametrize(
    ("currency", "amount", "written"),
    [
        ("JPY", 2200, "JP¥2,200"),
        ("KWD", 999_999_999_999, "KWD 999,999,999.999"),
        ("USD", 0, "US$0.00"),
        ("THB", 49_000, "THB 490.00"),  # none of our fonts has the sign of the baht
        ("VND", 9_000_000_000_000, "₫9,000,000,000,000"),
    ],
)
def test_amounts_of_every_currency_and_size_are_whole(subscriber, currency, amount, written):
    assert written in drawn_text(invoice_of(delivered_order(subscriber, currency=currency, amount=amount)))


@pytest.mark.parametrize(("means", "name"), [("alipay", "Alipay"), ("wechat_pay", "WeChat Pay"), ("", "Card")])
def test_it_names_what_paid(subscriber, means, name):
    assert name in drawn_text(invoice_of(delivered_order(subscriber, paid_with=means)))


def test_many_lines_take_several_pages_each_with_its_number(subscriber):
    invoice = invoice_of(delivered_order(subscriber))
    invoice.details = {**invoice.details, "lines": invoice.details["lines"] * 40}

    pages = [page.extract_text() for page in read(draw(invoice)).pages]

    assert len(pages) > 1
    for number, page in enumerate(pages, start=1):
        assert f"2026-000001, page {number} of {len(pages)}" in page
    assert "Total (USD)" in pages[-1]


def test_a_receipt_of_money_added_has_no_tax_line(subscriber, operator):
    text = drawn_text(invoice_of(top_up(subscriber, amount=5000)))

    assert "Receipt" in text
    assert "US$50.00" in text
    assert "VAT" not in text


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("credit", "What it pays for later gets an invoice of its own."),
        ("arrears", "Nothing is left to pay."),
    ],
)
def test_only_a_receipt_of_money_added_promises_an_invoice(subscriber, kind, said):
    order = delivered_order(subscriber, kind=kind, amount=5000)

    text = " ".join(drawn_text(invoice_of(order)).split())

    assert said in text
    assert ("added to a balance" in text) == (kind == "credit")


def test_a_credit_note_names_the_invoice_it_corrects(subscriber, operator):
    refund = given_back(delivered_order(subscriber), amount=500)
    note = issue_credit_note(refund_id=refund.pk, now=NOW)

    text = drawn_text(note)

    assert file_name(note) == "credit-note-C2026-000001.pdf"
    for said in ("Credit note", "C2026-000001", "2026-000001", "Total credited (USD)", "US$5.00", "US$0.80"):
        assert said in text


@contextmanager
def sheet(language="en"):
    with Sheet(language=language, title="", author="", made_at=NOW) as made:
        made.add_page()
        made.pen(10)
        yield made


LONG_TEXTS = ["欧洲套餐，有效期三十天。" * 12, "Donaudampfschifffahrtsgesellschaft " * 6, "x" * 300, "a, b. (c) " * 40]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_text_is_broken_into_lines_that_fit_and_loses_nothing(language):
    with sheet(language) as page:
        for text in LONG_TEXTS:
            lines = page.lines(text, width=60)

            # A closing sign may hang over the edge rather than begin a line.
            assert all(page.get_string_width(line.rstrip("，。,.)")) <= 60 for line in lines)
            assert "".join("".join(lines).split()) == "".join(text.split())
            assert not any(line[0] in "，。,.)" for line in lines)


def test_fonts_are_loaded_only_for_what_is_written():
    with sheet() as page:
        page.write_at(0, 0, "Ada Lin, 14.90")
        assert set(page.characters) == {("latin", "")}

        page.pen(10, bold=True)
        page.write_at(0, 0, "张伟")
        assert set(page.characters) == {("latin", ""), ("latin", "B"), ("sc", "B")}

        page.write_at(0, 0, "㑇")  # too rare for the bold font
        assert ("sc", "") in page.characters
