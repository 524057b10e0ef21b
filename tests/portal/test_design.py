"""What the design promises: readable in every hue, small, and nothing that the content policy forbids."""

import gzip
import math
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

from portal.lib.letter_look import DARK, LIGHT

# No style sheet goes with a letter: tests/accounts/test_letters.py.
LETTERS = settings.BASE_DIR / "templates/emails"
TEMPLATES = sorted(path for path in (settings.BASE_DIR / "templates").rglob("*.html") if path.parent != LETTERS)
STATIC = settings.BASE_DIR / "static"
TOKENS = (settings.BASE_DIR / "frontend" / "tokens.css").read_text(encoding="utf-8")

TEXT_ON_GROUND = [
    ("base-content", "base-100"),
    ("base-content", "base-200"),
    ("base-content", "wash"),
    ("base-content", "track"),
    ("base-content", "base-300"),
    ("base-content", "success-wash"),
    ("base-content", "warning-wash"),
    ("base-content", "error-wash"),
    ("muted", "base-100"),
    ("muted", "base-200"),
    ("muted", "wash"),
    ("muted", "track"),
    ("muted", "error-wash"),
    ("primary", "base-100"),
    ("primary", "base-200"),
    ("primary", "wash"),
    ("primary", "track"),
    ("primary-content", "primary"),
    ("success", "base-100"),
    ("success", "success-wash"),
    ("warning", "base-100"),
    ("warning", "base-200"),
    ("warning", "warning-wash"),
    ("error", "base-100"),
    ("error", "base-200"),
    ("error", "error-wash"),
    ("neutral-content", "neutral"),
]
PARTS_ON_GROUND = [("edge", "base-100"), ("edge", "base-200"), ("primary", "track")]


def theme(name):
    block = re.search(rf'@plugin "daisyui/theme" \{{\s*name: "{name}";(.*?)\n\}}', TOKENS, re.DOTALL).group(1)
    return dict(re.findall(r"--color-([\w-]+): oklch\(([^;]+)\);", block))


def luminance(token, hue):
    lightness, chroma, angle = re.sub(r"var\(--brand-hue, \d+\)", str(hue), token).split()
    light = float(lightness.rstrip("%")) / 100
    a = float(chroma) * math.cos(math.radians(float(angle)))
    b = float(chroma) * math.sin(math.radians(float(angle)))
    l_, m_, s_ = (
        (light + 0.3963377774 * a + 0.2158037573 * b) ** 3,
        (light - 0.1055613458 * a - 0.0638541728 * b) ** 3,
        (light - 0.0894841775 * a - 1.2914855480 * b) ** 3,
    )
    # Browsers clip what the screen cannot show, channel by channel.
    red, green, blue = (
        min(max(channel, 0.0), 1.0)
        for channel in (
            4.0767416621 * l_ - 3.3077115913 * m_ + 0.2309699292 * s_,
            -1.2684380046 * l_ + 2.6097574011 * m_ - 0.3413193965 * s_,
            -0.0041960863 * l_ - 0.7034186147 * m_ + 1.7076147010 * s_,
        )
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def worst_contrast(colours, front, back):
    ratios = []
    for hue in range(360):
        lighter, darker = sorted((luminance(colours[front], hue), luminance(colours[back], hue)), reverse=True)
        ratios.append((lighter + 0.05) / (darker + 0.05))
    return min(ratios)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_is_readable_in_every_brand_hue(name):
    worst = {pair: worst_contrast(theme(name), *pair) for pair in TEXT_ON_GROUND}

    assert {pair: ratio for pair, ratio in worst.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("name", ["light", "dark"])
def test_edges_of_controls_are_visible_in_every_brand_hue(name):
    worst = {pair: worst_contrast(theme(name), *pair) for pair in PARTS_ON_GROUND}

    assert {pair: ratio for pair, ratio in worst.items() if ratio < 3} == {}


@pytest.mark.parametrize(("name", "tokens"), [("light", LIGHT), ("dark", DARK)])
def test_letters_have_the_colours_of_pages(name, tokens):
    colours = theme(name)

    for token, (lightness, chroma) in tokens.items():
        expected = colours[token].split()
        assert (100 * lightness, chroma) == pytest.approx((float(expected[0].rstrip("%")), float(expected[1]))), token


def test_templates_keep_the_content_policy():
    for path in TEMPLATES:
        source = path.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle\s*=", source), path
        assert not re.search(r"<style", source), path
        assert not re.search(r"\son[a-z]+\s*=\s*[\"']", source), path
        assert not re.search(r"<script(?![^>]*\b(src=|type=\"application/json\"))", source), path
        assert not re.search(r"(src|href)=\"(https?:)?//", source), path


def test_every_icon_that_a_template_names_is_drawn():
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "img" / "icons.svg").read_text(encoding="utf-8")))
    named = set()

    for path in TEMPLATES:
        source = path.read_text(encoding="utf-8")
        named |= set(re.findall(r'components/icon\.html"\s+with\s+name="([\w-]+)"', source))
        named |= set(re.findall(r'\bicon="([\w-]+)"', source))

    assert len(named) > 20
    assert named <= drawn


def test_every_class_that_a_template_uses_is_styled():
    ours = (STATIC / "css" / "portal.css").read_text(encoding="utf-8").replace("\\", "")
    unfolds = Path(finders.find("unfold/css/styles.css")).read_text(encoding="utf-8").replace("\\", "")
    unstyled = {}

    for path in TEMPLATES:
        css = unfolds if {"admin", "unfold"} & set(path.parts) else ours
        source = re.sub(r"\{[%{].*?[%}]\}", "\x00", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for names in re.findall(r'class="([^"]*)"', source):
            for name in names.split():
                if "\x00" not in name and f".{name}" not in css:
                    unstyled.setdefault(name, path.name)

    assert not unstyled


def test_every_component_is_explained():
    folder = settings.BASE_DIR / "templates" / "components"
    explained = set(re.findall(r"`([\w_]+\.html)`", (folder / "README.md").read_text(encoding="utf-8")))
    parts_of_others = {
        "account_menu.html",
        "bottom_bar.html",
        "brand.html",
        "chart_plot.html",
        "demo_banner.html",
        "field_notes.html",
        "footer.html",
        "htmx.html",
        "language_menu.html",
        "places.html",
        "theme_switch.html",
        "topbar.html",
    }

    assert {path.name for path in folder.glob("*.html")} - parts_of_others <= explained


def test_a_first_visit_is_light():
    def transferred(*names):
        return sum(len(gzip.compress((STATIC / name).read_bytes())) for name in names)

    assert transferred("css/portal.css") < 12_000
    assert transferred("css/portal.css", "js/theme.js", "js/app.js", "img/icons.svg", "vendor/htmx.min.js") < 50_000


@pytest.mark.parametrize("template", ["400.html", "500.html"])
def test_error_page_stands_without_any_context(template):
    page = render_to_string(template)

    assert "css/portal.css" in page
    assert "{{" not in page


@pytest.mark.django_db
def test_missing_page_says_what_to_do(client):
    page = client.get("/no-such-page/")

    assert page.status_code == 404
    assert b"There is nothing at this address" in page.content
    assert b'href="/help/"' in page.content


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"])
def test_signing_in_wears_our_look_and_no_inline_style(client, path):
    page = client.get(path).content.decode()

    assert 'class="btn btn-primary' in page
    assert 'class="field"' in page
    assert not re.search(r"\sstyle\s*=", page)
