"""What the text of a letter becomes in its HTML: paragraphs, lists, links and a button."""

import pytest
from django.utils import translation

from portal.lib.letter_blocks import Kind, blocks
from portal.lib.letter_marks import MARK, deed, figure, link, plain, without_figures
from portal.lib.saying import close_up

URL = "https://portal.example/orders/ord_1/"


def shown(marked, *, spells_out=False):
    """Return what each block shows: words, and links as (words, address)."""
    return [
        (
            str(block.kind),
            [[(piece.text, piece.href) if piece.href else piece.text for piece in line.pieces] for line in block.lines],
        )
        for block in blocks(marked, spells_out=spells_out)
    ]


def test_empty_lines_part_paragraphs_and_single_ones_break_lines():
    assert shown("One.\nTwo.\n\n \n\nThree.") == [("text", [["One."], ["Two."]]), ("text", [["Three."]])]


def test_lines_with_a_mark_in_front_are_a_list():
    text = "Both cards said no:\n\n* Visa 4242: no money.\n* Visa 1881: lost.\n\nNothing was taken."

    assert shown(text) == [
        ("text", [["Both cards said no:"]]),
        ("item", [["Visa 4242: no money."], ["Visa 1881: lost."]]),
        ("text", [["Nothing was taken."]]),
    ]


@pytest.mark.parametrize(
    ("before", "shown_before", "name"),
    [
        ("Receipt: ", None, "Receipt"),
        ("It was paid. Why you were charged: ", "It was paid. ", "Why you were charged"),
        ("That costs US$14.90 at 14:05. See: ", "That costs US$14.90 at 14:05. ", "See"),
        ("收据：", None, "收据"),
        ("已支付 US$14.90。查看原因：", "已支付 US$14.90。", "查看原因"),
        ("Really? Look here:\n", "Really? ", "Look here"),
    ],
)
def test_a_link_is_named_by_the_words_that_lead_to_it(before, shown_before, name):
    expected = [(name, URL)] if shown_before is None else [shown_before, (name, URL)]

    assert shown(before + link(URL)) == [("text", [expected])]


@pytest.mark.parametrize("before", ["", "Open this page. Opening it changes nothing.\n"])
def test_a_link_that_nothing_names_shows_its_address(before):
    assert shown(before + link(URL))[-1][1][-1] == [(URL, URL)]


def test_the_deed_makes_its_link_the_button_and_keeps_what_leads_to_it():
    text = f"Nothing was taken.\n\nPay it here, with any card: {link(URL)}{deed('Pay US$14.90')}\nOr wait."

    assert shown(text) == [
        ("text", [["Nothing was taken."]]),
        ("text", [["Pay it here, with any card:"]]),
        ("button", [[("Pay US$14.90", URL)]]),
        ("text", [["Or wait."]]),
    ]


def test_a_deed_without_a_label_is_named_by_the_words_that_lead_to_it():
    assert shown(f"It is paid. Receipt: {link(URL)}{deed('')}") == [
        ("text", [["It is paid."]]),
        ("button", [[("Receipt", URL)]]),
    ]


def test_spelled_out_a_link_shows_where_it_leads_and_is_no_button():
    text = f"Keep it: {link(URL)}{deed('Keep the line')}"

    assert shown(text, spells_out=True) == [("text", [["Keep it: ", (URL, URL)]])]


def test_an_address_in_a_list_is_named_by_its_item():
    text = f"Written to again:\n\n– No data? Ever. (yours)\n  {link(URL)}\n– Receipt\n  {link(URL)}"

    assert shown(text)[1] == ("item", [[("No data? Ever. (yours)", URL)], [("Receipt", URL)]])


def test_an_address_that_somebody_wrote_is_no_link():
    text = f"Your line “{URL}” ended. Mark of another process: \x02{'0' * 32}l{URL}"

    assert [
        piece.href for block in blocks(text, spells_out=False) for line in block.lines for piece in line.pieces
    ] == [""]


def test_a_full_stop_after_an_address_is_no_part_of_it():
    assert shown(f"见 {link(URL)}。") == [("text", [["见 ", (URL, URL)], ["。"]])]


def test_text_alone_shows_no_marks_and_no_figures():
    marked = f"{figure('Amount', 'US$14.90')}Paid US$14.90.\n\nReceipt: {link(URL)}{deed('See it')}"

    assert plain(marked) == f"Paid US$14.90.\n\nReceipt: {URL}"
    assert MARK not in plain(marked)


def test_the_space_before_an_address_stays_where_chinese_writes_none():
    with translation.override("zh-hans"):
        assert plain(close_up(f"已支付。 请查看。 {link(URL)}")) == f"已支付。请查看。 {URL}"


def test_figures_are_taken_out_and_a_line_break_in_one_makes_no_second():
    text, figures = without_figures(figure("Amount", "US$14.90") + figure("Line", "Trip\nAmount: US$0") + "Paid.")

    assert text == "Paid."
    assert figures == [("Amount", "US$14.90"), ("Line", "Trip Amount: US$0")]


def test_a_kind_is_its_name_in_templates():
    assert (Kind.BUTTON, Kind.ITEM, Kind.TEXT) == ("button", "item", "text")
