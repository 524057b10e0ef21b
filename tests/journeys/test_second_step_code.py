"""The other QR code of the portal: that of an authenticator app."""

import pytest

from tests import make
from tests.journeys.qr_codes import read_from_screen
from tests.journeys.steps import enter, prove_again

pytestmark = pytest.mark.browser


def test_the_code_of_an_app_is_read_in_both_themes_on_phone_and_desk(page, at_sandbox, subscriber):
    enter(page, at_sandbox, subscriber)
    page.goto(f"{at_sandbox}/accounts/2fa/totp/activate/")
    prove_again(page, make.PASSWORD)
    page.wait_for_url("**/totp/activate/**")
    read = set()
    for width in (390, 1280):
        for theme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=theme)
            read.add(read_from_screen(page, name="QR code for your authenticator app"))

    (text,) = read
    assert text.startswith("otpauth://totp/")
