"""Sheets of A4 in our own fonts: any name can be written, and the same words make the same bytes."""

import re
import unicodedata
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

from fpdf import FPDF
from fpdf.fonts import TTFFont

from portal.lib.colours import Rgb

FONTS = Path(__file__).resolve().parent.parent / "fonts"
LATIN = "latin"
FAMILIES = {LATIN: "noto-sans", "sc": "noto-sans-sc", "tc": "noto-sans-tc"}
Style = Literal["", "B"]
Face = tuple[str, Style]
WEIGHTS: dict[Style, int] = {"": 400, "B": 600}
REGULAR_ONLY: tuple[Style, ...] = ("",)
BOLD_FIRST: tuple[Style, ...] = ("B", "")
READ_IN = {"zh-hans": ["sc", LATIN, "tc"], "zh-hant": ["tc", LATIN, "sc"]}
"""Which family is asked for a character first: one character is drawn differently in Beijing and in Taipei."""

MISSING = "\N{REPLACEMENT CHARACTER}"
PIECES = re.compile(r"[⺀-鿿豈-﫿＀-￯、-〿]|\s+|[^\s⺀-鿿豈-﫿＀-￯、-〿]+")
"""Where a line may break: after a blank, and around every Chinese character."""
NEVER_FIRST = frozenset("、。，．：；！？）」』】》〉〕’”…·,.:;!?)]}%")
PICTURES_AND_MARKS = frozenset({"So", "Sk", "Mn", "Me", "Cc", "Cf", "Cs", "Co", "Cn"})
"""Categories of Unicode; letters, digits and signs of currencies are in none of them."""

POINTS_PER_MM = 72 / 25.4


class Sheet(FPDF):
    """An A4 document whose text falls back from font to font; characters that none has become MISSING.

    Pictures that no font has (emoji) are left out: they say nothing that a document needs.
    """

    def __init__(self, *, language: str, title: str, author: str, made_at: datetime) -> None:
        super().__init__(format="A4", unit="mm")
        self.families = READ_IN.get(language, [LATIN, "sc", "tc"])
        self.characters: dict[Face, Collection[int]] = {}
        """What each of the loaded faces can draw."""
        self.set_auto_page_break(auto=False)
        self.set_margin(0)
        self.c_margin = 0
        self.set_lang({"zh-hans": "zh-Hans", "zh-hant": "zh-Hant"}.get(language, language))
        self.set_title(title)
        self.set_author(author)
        self.set_creator(author)
        # By the clock of the moment, the same document would be another file each time.
        self.set_creation_date(made_at)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files of the fonts."""
        for font in self.fonts.values():
            if isinstance(font, TTFFont):
                font.close()

    def pen(self, size: float, *, bold: bool = False, colour: Rgb = (0, 0, 0), latin: bool = False) -> None:
        """Choose size (in points), weight and colour of what is written next.

        `latin` is for signs that Chinese fonts draw as wide as a character, such as dots.
        """
        face: Face = (LATIN if latin else self.families[0], "B" if bold else "")
        self._drawn_by(face)
        self.set_font(*face, size)
        self.set_text_color(*colour)

    def turn_to(self, page: int) -> None:
        """Go on writing on a page that was left before."""
        self.page = page
        # It takes a font that is chosen already for one that this page knows.
        self.font_family = ""

    @property
    def leading(self) -> float:
        """The height of a line in mm; Chinese characters need more air than letters."""
        return self.font_size_pt / POINTS_PER_MM * 1.45

    def write_at(self, x: float, y: float, text: str, *, width: float = 0, align: Literal["L", "R"] = "L") -> None:
        """Write one line whose box begins at (x, y); aligned right, it ends at x + width."""
        if drawn := self.writable(text):
            self.set_xy(x, y)
            self.cell(width or None, self.leading, drawn, align=align)

    def block(self, x: float, y: float, text: str, *, width: float) -> float:
        """Write text in as many lines as it takes and return where it ends."""
        for line in self.lines(text, width=width):
            self.write_at(x, y, line)
            y += self.leading
        return y

    def lines(self, text: str, *, width: float) -> list[str]:
        """Break text into lines: between words, between Chinese characters, and inside a word that is too long."""
        lines = [""]
        for piece in PIECES.findall(self.writable(text)):
            for part in self._fitting(piece, width):
                if set(part) <= NEVER_FIRST or self.get_string_width(lines[-1] + part.rstrip()) <= width:
                    lines[-1] += part
                else:
                    lines.append(part.lstrip())
        return [line.rstrip() for line in lines if line.strip()]

    def writable(self, text: str) -> str:
        """Return the text as our fonts can draw it, and load the fonts it takes."""
        return "".join(self._drawn(char) for char in unicodedata.normalize("NFC", " ".join(text.split())))

    def _drawn(self, char: str) -> str:
        for family in self.families:
            # What the bold font of a family lacks, its regular one may have.
            for style in BOLD_FIRST if self.font_style else REGULAR_ONLY:
                if ord(char) in self._drawn_by((family, style)):
                    return char
        return "" if unicodedata.category(char) in PICTURES_AND_MARKS else MISSING

    def can_write(self, text: str) -> bool:
        """Tell whether every character of a text is drawn as it is."""
        return self.writable(text) == text

    def _drawn_by(self, face: Face) -> Collection[int]:
        """Return the characters that a face has; a face is loaded when it is first asked for one."""
        if face not in self.characters:
            family, style = face
            self.add_font(family, style, FONTS / f"{FAMILIES[family]}-{WEIGHTS[style]}.woff")
            font = self.fonts[f"{family}{style}"]
            self.characters[face] = font.cmap.keys() if isinstance(font, TTFFont) else ()
            self.set_fallback_fonts(list(dict.fromkeys(name for name, _ in self.characters)), exact_match=False)
        return self.characters[face]

    def _fitting(self, piece: str, width: float) -> list[str]:
        parts = [""]
        for char in piece:
            if self.get_string_width(parts[-1] + char) > width and parts[-1]:
                parts.append("")
            parts[-1] += char
        return parts
