"""Getting an eSIM onto a phone: the picture and the letters say the same."""

import re

import pytest
from playwright.sync_api import expect

from esim.models import Line
from tests.journeys.qr_codes import read_from_screen
from tests.journeys.steps import await_confirmed, prove_again

pytestmark = pytest.mark.browser


def install_page(page):
    """Open the install page of the line on the screen, proving again who is there."""
    page.get_by_role("link", name=re.compile("^Install")).first.click()
    prove_again(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Install")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_qr_code_says_what_the_page_says(signed_in, theme, width):
    signed_in.set_viewport_size({"width": width, "height": 900})
    signed_in.emulate_media(color_scheme=theme)
    signed_in.get_by_role("article", name="Tokyo in spring").get_by_role("link", name="Tokyo in spring").click()
    install_page(signed_in)

    profile = Line.objects.get(nickname="Tokyo in spring").profiles.get()
    text = read_from_screen(signed_in)

    assert text == f"LPA:{profile.activation_code}"
    expect(signed_in.get_by_role("region", name="By hand")).to_contain_text(text)
    assert signed_in.get_by_role("img", name="QR code").bounding_box()["width"] >= 240


def test_the_code_is_not_shown_to_whoever_finds_the_browser_open(signed_in, portal):
    line = Line.objects.get(nickname="Tokyo in spring")
    signed_in.goto(f"{portal}/lines/{line.public_id}/install/")
    expect(signed_in.get_by_role("heading", level=1)).not_to_contain_text("Install")
    assert line.profiles.get().activation_code not in signed_in.content()


def test_a_line_is_bought_and_installed(signed_in, portal):
    signed_in.goto(f"{portal}/plans/?q=Japan")
    signed_in.get_by_role("link", name="Japan 10 GB").first.click()
    signed_in.get_by_role("link", name=re.compile("^Buy")).first.click()
    signed_in.get_by_role("button", name=re.compile("^Buy|^Pay")).click()
    await_confirmed(signed_in)

    install_page(signed_in)

    bought = Line.objects.latest("created_at")
    assert read_from_screen(signed_in) == f"LPA:{bought.profiles.get().activation_code}"
