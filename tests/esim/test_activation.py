"""Activation codes: the examples of SGP.22 §4.1 and SGP.23 Annex H, and what a camera reads back."""

from io import BytesIO

import pytest
import zxingcpp
from PIL import Image

from esim.activation import ActivationCode, NotAnActivationCode, android_link, apple_link, lpa_uri, qr_png

SPEC = "1$SMDP.GSMA.COM$04386-AGYFT-A74Y8-3F815"
GOLDEN = [
    (SPEC, ("SMDP.GSMA.COM", "04386-AGYFT-A74Y8-3F815", "", False)),
    (f"{SPEC}$$1", ("SMDP.GSMA.COM", "04386-AGYFT-A74Y8-3F815", "", True)),
    (f"{SPEC}$1.3.6.1.4.1.31746$1", ("SMDP.GSMA.COM", "04386-AGYFT-A74Y8-3F815", "1.3.6.1.4.1.31746", True)),
    (f"{SPEC}$1.3.6.1.4.1.31746", ("SMDP.GSMA.COM", "04386-AGYFT-A74Y8-3F815", "1.3.6.1.4.1.31746", False)),
    ("1$SMDP.GSMA.COM$$1.3.6.1.4.1.31746", ("SMDP.GSMA.COM", "", "1.3.6.1.4.1.31746", False)),
    ("1$testsmdpplus1.gsma.com$04386-AGYFT-A74Y8-3F816$2.999.10",
     ("testsmdpplus1.gsma.com", "04386-AGYFT-A74Y8-3F816", "2.999.10", False)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "parts"), GOLDEN)
def test_examples_of_the_standard_are_read_and_written_back(text, parts):
    code = ActivationCode.parse(text)

    assert (code.smdp_address, code.matching_id, code.oid, code.needs_confirmation_code) == parts
    assert str(code) == text


def test_a_scanned_code_is_the_typed_one():
    assert str(ActivationCode.parse(f"LPA:{SPEC}")) == SPEC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1testsmdpplus1.gsma.com$04386-AGYFT-A74Y8-3F815",
        "1$testsmdpplus1.gsma.com$$",
        f"{SPEC}$",
        f"{SPEC}$$2",
        "2$smdp.example.com$TOKEN",
        "1$smdp.example.com$TOKEN with blanks",
        "1$https://smdp.example.com$TOKEN",
        f"1$smdp.example.com${'A' * 240}",
    ],
)
def test_what_is_no_code_is_refused_without_repeating_it(text):
    with pytest.raises(NotAnActivationCode) as refused:
        ActivationCode.parse(text)

    assert str(refused.value) == "Not an activation code."


def test_a_code_does_not_show_in_a_traceback():
    assert "A74Y8" not in repr(ActivationCode.parse(SPEC))


def test_links_carry_the_code_as_it_is():
    code = "1$smdp.example.com$ABCDE-12345"

    assert apple_link(code) == (
        "https://esimsetup.apple.com/esim_qrcode_provisioning?carddata=LPA:1$smdp.example.com$ABCDE-12345"
    )
    assert android_link(code) == (
        "https://esimsetup.android.com/esim_qrcode_provisioning?carddata=LPA:1$smdp.example.com$ABCDE-12345"
    )


@pytest.mark.parametrize("code", [SPEC, "1$rsp.simulated.example$6YZOO-ACNSC-2DP6P-RNYX2", f"1$a.example${'A' * 240}"])
def test_an_independent_reader_sees_the_code(code):
    picture = Image.open(BytesIO(qr_png(code))).convert("L")

    [found] = zxingcpp.read_barcodes(picture)

    assert found.text == lpa_uri(code)
    assert found.ec_level == "M"


def test_the_picture_is_black_on_white_with_a_quiet_zone():
    picture = Image.open(BytesIO(qr_png(SPEC))).convert("L")

    assert {shade for _, shade in picture.getcolors()} == {0, 255}
    assert picture.crop((0, 0, picture.width, 40)).getcolors() == [(picture.width * 40, 255)]
