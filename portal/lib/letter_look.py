"""How letters look: the colours of frontend/tokens.css, and typefaces that every reader has."""

from functools import lru_cache

from portal.lib.colours import oklch_to_hex

# Lightness and chroma by the names of frontend/tokens.css; the hue is the brand's. tests/portal/test_design.py compares.
LIGHT = {
    "base-100": (1, 0),
    "base-200": (0.976, 0.004),
    "base-300": (0.905, 0.007),
    "base-content": (0.23, 0.015),
    "muted": (0.46, 0.018),
    "primary": (0.465, 0.16),
    "primary-content": (0.99, 0.004),
    "wash": (0.96, 0.016),
}
DARK = {
    "base-100": (0.205, 0.01),
    "base-200": (0.16, 0.008),
    "base-300": (0.31, 0.012),
    "base-content": (0.94, 0.006),
    "muted": (0.74, 0.014),
    "primary": (0.76, 0.12),
    "primary-content": (0.18, 0.03),
    "wash": (0.25, 0.03),
}

LATIN = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
TYPEFACES = {
    "zh-hans": "system-ui, -apple-system, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', sans-serif",
    "zh-hant": "system-ui, -apple-system, 'PingFang TC', 'Microsoft JhengHei', 'Noto Sans CJK TC', 'Noto Sans TC', sans-serif",
}


def typeface(language: str) -> str:
    return TYPEFACES.get(language, LATIN)


@lru_cache
def colours(hue: int) -> dict[str, dict[str, str]]:
    """Return the colours of both themes as "#rrggbb", for CSS that no mail client computes."""
    return {
        theme: {name.replace("-", "_"): oklch_to_hex(*values, hue) for name, values in tokens.items()}
        for theme, tokens in (("light", LIGHT), ("dark", DARK))
    }
