"""Draws an invoice, receipt or credit note: one calm page of A4, more where there are many lines."""

from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from billing.invoice_facts import Facts, Line, Payment
from billing.means import name_of
from billing.models import Invoice, Order
from billing.models.taxes import percent
from plans.countries import country_name
from portal.lib.brand import Party
from portal.lib.colours import oklch_to_rgb
from portal.lib.dates import format_date_for, zone_or_utc
from portal.lib.money import SYMBOLS, Money, format_money

if TYPE_CHECKING:
    from portal.lib.pdf import Sheet

LEFT, RIGHT, TOP, BOTTOM = 20.0, 190.0, 18.0, 272.0
WIDTH = RIGHT - LEFT
HALF = (WIDTH - 10) / 2
GAP = 3.0
COLUMNS = [LEFT, LEFT + 45, RIGHT - HALF, RIGHT - HALF + 34]
AMOUNT_WIDTH = 60.0
SUMS_LEFT = RIGHT - HALF
PAYMENTS_WIDTH = HALF - 10
INK, GREY, HAIRLINE = (28, 29, 33), (96, 98, 107), (212, 213, 218)
TEXT, SMALL, LABEL = 10.0, 9.0, 8.0

MARK = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="24" height="24" fill="none"'
    ' stroke="rgb({},{},{})" stroke-width="4.5" stroke-linecap="round">'
    '<path d="M12 3.75a8.25 8.25 0 1 1-8.25 8.25"/><path d="M6.16 6.17l.01 .01"/></svg>'
)
"""The mark of the portal's pages (static/img/icons.svg)."""


def file_name(invoice: Invoice) -> str:
    return f"{invoice.kind.replace('_', '-')}-{invoice.number}.pdf"


def draw(invoice: Invoice) -> bytes:
    """Return the PDF of a document, in the language it was issued in; the same bytes each time."""
    from portal.lib.pdf import Sheet  # noqa: PLC0415 - a fifth of the time that any process takes to start

    facts: Facts = invoice.details
    with translation.override(invoice.language):
        title, author = f"{invoice.get_kind_display()} {invoice.number}", facts["seller"]["name"]
        with Sheet(language=invoice.language, title=title, author=author, made_at=invoice.issued_at) as sheet:
            return _Drawing(invoice, sheet).finish()


class _Drawing:
    """A document half drawn; `y` is where the next thing goes, in mm from the top."""

    def __init__(self, invoice: Invoice, sheet: "Sheet") -> None:
        self.invoice = invoice
        self.facts: Facts = invoice.details
        self.brand_colour = oklch_to_rgb(0.465, 0.16, settings.PORTAL_BRAND_HUE)
        self.sheet = sheet
        self.sheet.add_page()
        self.y = TOP

    @property
    def is_credit_note(self) -> bool:
        return self.invoice.kind == Invoice.Kind.CREDIT_NOTE

    def finish(self) -> bytes:
        self._head()
        self._strip()
        self._parties()
        self._lines()
        self._sums_and_payments()
        self._footers()
        return bytes(self.sheet.output())

    def _head(self) -> None:
        sheet = self.sheet
        sheet.image(BytesIO(MARK.format(*self.brand_colour).encode()), x=LEFT, y=self.y - 0.1, w=7.5)
        sheet.pen(15, bold=True, colour=INK)
        name_end = sheet.block(LEFT + 10.5, self.y, self.facts["brand"], width=HALF)
        sheet.pen(20, bold=True, colour=self.brand_colour)
        sheet.write_at(RIGHT - HALF, self.y - 1.3, self.invoice.get_kind_display(), width=HALF, align="R")
        self.y = name_end + 8

    def _strip(self) -> None:
        """Number, dates and reference in a row; the reference is the longest."""
        facts, invoice = self.facts, self.invoice
        third = (_("Corrects"), facts["corrects"]) if self.is_credit_note else (_("Paid on"), self._moved())
        cells = [
            (_("Number"), invoice.number),
            (_("Issued on"), self._day(invoice.issued_at)),
            third,
            (_("Order"), facts["order"]),
        ]
        self._hairline()
        self.y += 4
        top = self.y
        ends: list[float] = []
        for x, end, (label, value) in zip(COLUMNS, [*COLUMNS[1:], RIGHT + GAP], cells, strict=True):
            ends.append(self._labelled(x, top, label, [value], width=end - x - GAP))
        self.y = max(ends) + 4
        self._hairline()
        self.y += 9

    def _parties(self) -> None:
        top = self.y
        seller, buyer = self.facts["seller"], self.facts["buyer"]
        left = self._labelled(LEFT, top, _("Seller"), self._about(seller), width=HALF, bold_first=True)
        x = RIGHT - HALF
        right = self._labelled(x, top, _("Billed to"), self._about(buyer), width=HALF, bold_first=True)
        self.y = max(left, right) + 11

    def _about(self, party: Party) -> list[str]:
        country = country_name(party["country"], self.invoice.language) if party["country"] else ""
        tax_id = _("Tax number: %(number)s") % {"number": party["tax_id"]} if party["tax_id"] else ""
        entry = _("Registration: %(number)s") % {"number": party["registration"]} if party["registration"] else ""
        return [line for line in (party["name"], *party["address"], country, tax_id, entry, party["email"]) if line]

    def _labelled(
        self, x: float, y: float, label: str, values: list[str], *, width: float, bold_first: bool = False
    ) -> float:
        self.sheet.pen(LABEL, colour=GREY)
        y = self.sheet.block(x, y, label, width=width) + 0.6
        for position, value in enumerate(values):
            self.sheet.pen(TEXT, bold=bold_first and position == 0, colour=INK)
            y = self.sheet.block(x, y, value, width=width)
        return y

    def _lines(self) -> None:
        self._table_head()
        for line in self.facts["lines"]:
            self._line(line)

    def _table_head(self) -> None:
        self.sheet.pen(LABEL, colour=GREY)
        self.sheet.write_at(LEFT, self.y, _("Item"))
        heading = _("Amount (%(currency)s)") % {"currency": self.invoice.currency}
        self.sheet.write_at(RIGHT - AMOUNT_WIDTH, self.y, heading, width=AMOUNT_WIDTH, align="R")
        self.y += self.sheet.leading + 1.5
        self._hairline()

    def _line(self, line: Line) -> None:
        width = WIDTH - AMOUNT_WIDTH
        self.sheet.pen(TEXT)
        height = len(self.sheet.lines(line["text"], width=width)) * self.sheet.leading
        self.sheet.pen(SMALL)
        height += sum(len(self.sheet.lines(note, width=width)) for note in line["notes"]) * self.sheet.leading
        if self.y + height + 7 > BOTTOM:
            self._next_page()
            self._table_head()
        self.y += 3.5
        self.sheet.pen(TEXT, colour=INK)
        self._amount(line["amount"])
        self.y = self.sheet.block(LEFT, self.y, line["text"], width=width)
        self.sheet.pen(SMALL, colour=GREY)
        for note in line["notes"]:
            self.y = self.sheet.block(LEFT, self.y, note, width=width)
        self.y += 3.5
        self._hairline()

    def _sums_and_payments(self) -> None:
        if self.y + 45 + 6 * len(self.facts["payments"]) > BOTTOM:
            self._next_page()
        self.y += 5
        top = self.y
        self._sums()
        after_sums, self.y = self.y, top
        self._payments()
        self.y = max(self.y, after_sums)

    def _sums(self) -> None:
        invoice = self.invoice
        if self.facts["is_supply"]:
            self.sheet.pen(TEXT, colour=INK)
            self._sum(_("Net amount"), invoice.net)
            self._sum(self._tax_label(), invoice.tax)
            self.y += 2
            self._hairline(SUMS_LEFT)
            self.y += 2.5
        self.sheet.pen(13, bold=True, colour=INK)
        label = _("Total credited (%(currency)s)") if self.is_credit_note else _("Total (%(currency)s)")
        self._sum(label % {"currency": invoice.currency}, invoice.total)

    def _tax_label(self) -> str:
        invoice = self.invoice
        told = {
            "tax": self.facts["tax_name"] or _("Tax"),
            "rate": percent(invoice.tax_basis_points),
            "country": country_name(invoice.tax_country, invoice.language),
        }
        return _("%(tax)s %(rate)s, %(country)s") % told

    def _sum(self, label: str, money: Money, *, left: float = SUMS_LEFT, right: float = RIGHT) -> None:
        amount = self._money(money)
        taken = self.sheet.get_string_width(amount)
        self.sheet.write_at(right - taken, self.y, amount)
        self.y = self.sheet.block(left, self.y, label, width=right - left - taken - 4)

    def _payments(self) -> None:
        payments = self.facts["payments"]
        if payments:
            self.sheet.pen(LABEL, colour=GREY)
            heading = _("Returned to") if self.is_credit_note else _("Paid with")
            self.y = self.sheet.block(LEFT, self.y, heading, width=PAYMENTS_WIDTH) + 0.6
        for payment in payments:
            self.sheet.pen(TEXT, colour=INK, latin=bool(payment["last_four"]))
            money = Money(payment["amount"], self.invoice.currency)
            self._sum(_means(payment), money, left=LEFT, right=LEFT + PAYMENTS_WIDTH)
        self.sheet.pen(SMALL, colour=GREY)
        self.y = self.sheet.block(LEFT, self.y + 1.5, self._closing(), width=PAYMENTS_WIDTH)

    def _closing(self) -> str:
        if self.is_credit_note:
            return _("Given back on %(day)s.") % {"day": self._moved()}
        if self.invoice.kind == Invoice.Kind.RECEIPT and self.invoice.order.kind == Order.Kind.CREDIT:
            return _("Money added to a balance bears no tax. What it pays for later gets an invoice of its own.")
        return _("Nothing is left to pay.")

    def _footers(self) -> None:
        """Number the pages once their count is known."""
        sheet, seller = self.sheet, self.facts["seller"]
        pages = sheet.pages_count
        for page in range(1, pages + 1):
            sheet.turn_to(page)
            self.y = 280
            self._hairline()
            sheet.pen(LABEL, colour=GREY)
            sheet.write_at(LEFT, 282, ", ".join(filter(None, [seller["name"], seller["tax_id"]])))
            place = _("%(number)s, page %(page)d of %(pages)d")
            told = place % {"number": self.invoice.number, "page": page, "pages": pages}
            sheet.write_at(RIGHT - HALF, 282, told, width=HALF, align="R")

    def _next_page(self) -> None:
        self.sheet.add_page()
        self.y = TOP

    def _hairline(self, x: float = LEFT) -> None:
        self.sheet.set_draw_color(*HAIRLINE)
        self.sheet.set_line_width(0.2)
        self.sheet.line(x, self.y, RIGHT, self.y)

    def _amount(self, minor: int) -> None:
        text = self._money(Money(minor, self.invoice.currency))
        self.sheet.write_at(RIGHT - AMOUNT_WIDTH, self.y, text, width=AMOUNT_WIDTH, align="R")

    def _money(self, money: Money) -> str:
        """Write an amount with its sign, or with its code where our fonts lack the sign."""
        text = format_money(money, self.invoice.language)
        return text if self.sheet.can_write(text) else text.replace(SYMBOLS[money.currency], f"{money.currency} ")

    def _moved(self) -> str:
        return self._day(datetime.fromisoformat(self.facts["moved_at"]))

    def _day(self, moment: datetime) -> str:
        return format_date_for(timezone.localtime(moment, zone_or_utc(self.facts["zone"])), self.invoice.language)


def _means(payment: Payment) -> str:
    if payment["last_four"]:
        return f"{payment['brand']} •••• {payment['last_four']}"
    return name_of(payment["means"])
