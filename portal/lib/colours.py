"""The brand's colours for paper and letters, which do not speak OKLCH."""

from math import cos, radians, sin

Rgb = tuple[int, int, int]


def oklch_to_rgb(lightness: float, chroma: float, hue: float) -> Rgb:
    """Turn an OKLCH colour (lightness from 0 to 1, hue in degrees) into the nearest sRGB, 0 to 255 each.

    Source of the numbers: Björn Ottosson, "A perceptual color space for image processing".
    """
    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _channel(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _channel(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _channel(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )


def _channel(linear: float) -> int:
    inside = min(max(linear, 0.0), 1.0)
    curved = 12.92 * inside if inside <= 0.0031308 else 1.055 * inside ** (1 / 2.4) - 0.055  # noqa: PLR2004
    return round(255 * curved)


def oklch_to_hex(lightness: float, chroma: float, hue: float) -> str:
    """Turn an OKLCH colour into "#rrggbb"."""
    return "#{:02x}{:02x}{:02x}".format(*oklch_to_rgb(lightness, chroma, hue))
