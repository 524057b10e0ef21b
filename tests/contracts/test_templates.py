"""What no linter knows about our templates: the strict policy, and which app may include which."""

import re
from pathlib import Path

from django.conf import settings

ROOT = settings.BASE_DIR / "templates"
TEMPLATES = sorted(ROOT.rglob("*.html"))
LAYERS = {"components": 0, "layouts": 0, "accounts": 1, "plans": 1, "esim": 2, "billing": 3, "portal": 4}
REFERENCE = re.compile(r"""{%\s*(?:include|extends)\s+["']([^"']+)["']""")
REFUSED_BY_THE_POLICY = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*="),
    "an event handler": re.compile(r"<[^>]*\son[a-z]+\s*="),
    "a style element": re.compile(r"<style\b"),
    "a javascript: address": re.compile(r"javascript:", re.IGNORECASE),
    "a script of another host": re.compile(r"""<(?:script|link|img)[^>]*(?:src|href)\s*=\s*["'](?:https?:)?//"""),
}
# A letter is no page: no style sheet goes with it, and mail programs read styles on the element.
LETTERS, STYLES = ROOT / "emails", {"a style attribute", "a style element"}
INLINE_SCRIPT = re.compile(r"<script\b(?P<attributes>[^>]*)>(?P<body>.*?)</script>", re.DOTALL)
COMMENT = re.compile(r"{%\s*comment.*?endcomment\s*%}|{#.*?#}|<!--.*?-->", re.DOTALL)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def source(path: Path) -> str:
    return COMMENT.sub("", path.read_text(encoding="utf-8"))


def faults(found_in):
    """Return what a function finds in the templates, by the name of the template."""
    assert len(TEMPLATES) > 100
    return {name(path): found for path in TEMPLATES if (found := found_in(path))}


def test_no_template_holds_what_the_policy_refuses():
    def refused(path):
        found = [what for what, pattern in REFUSED_BY_THE_POLICY.items() if pattern.search(source(path))]
        return found if path.parent != LETTERS else sorted(set(found) - STYLES)

    assert faults(refused) == {}


def test_no_template_has_an_inline_script():
    def scripts(path):
        return [
            match["body"].strip()
            for match in INLINE_SCRIPT.finditer(source(path))
            if 'type="application/json"' not in match["attributes"] and match["body"].strip()
        ]

    assert faults(scripts) == {}


def test_templates_include_downwards_only():
    def upward(path):
        here = LAYERS.get(path.relative_to(ROOT).parts[0], max(LAYERS.values()))
        return [
            reference
            for reference in REFERENCE.findall(source(path))
            if "/" in reference and LAYERS.get(reference.partition("/")[0], -1) > here
        ]

    assert faults(upward) == {}
