"""Reads the text of a letter as what its HTML shows: paragraphs, lists, links, and one button."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import attrgetter

from portal.lib.letter_marks import LINK, begins_with_link

PARAGRAPHS = re.compile(r"\n\s*\n")
ITEM = re.compile(r"[*–-] +")
# What names a link: the words after the last sentence before it, up to their colon.
NAMED = re.compile(r"(?P<before>(?:.*(?:[.;?!]['\"”’)]*\s|[。；？！]))?)\s*(?P<name>\S.*?)\s*[:：]\s*")


class Kind(StrEnum):
    TEXT = "text"
    ITEM = "item"
    BUTTON = "button"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words, and where they lead; `href` is empty, or an address of ours."""

    text: str
    href: str = ""
    is_button: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    kind: Kind
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that stand together: a paragraph, a list, or a button."""

    kind: Kind
    lines: tuple[Line, ...]


def blocks(marked: str, *, spells_out: bool) -> list[Block]:
    """Return the blocks of a marked text.

    `spells_out`: each link shows the very address it leads to, and there is no button.
    """
    return [
        Block(kind, tuple(lines))
        for paragraph in PARAGRAPHS.split(marked.strip())
        for kind, lines in groupby(_lines(paragraph, spells_out=spells_out), attrgetter("kind"))
    ]


def _lines(paragraph: str, *, spells_out: bool) -> Iterator[Line]:
    for line in _joined(paragraph):
        item = ITEM.match(line)
        text = line[item.end() :] if item else line
        for pieces in _split(text, is_item=item is not None, spells_out=spells_out):
            shown = tuple(piece for piece in pieces if piece.text)
            for is_button, group in groupby(shown, attrgetter("is_button")):
                kind = Kind.BUTTON if is_button else Kind.ITEM if item else Kind.TEXT
                yield Line(kind, tuple(group))


def _joined(paragraph: str) -> list[str]:
    """Return the lines, with an address on a line of its own beside the words that name it."""
    lines: list[str] = []
    for line in map(str.strip, paragraph.split("\n")):
        if lines and begins_with_link(line) and ITEM.match(lines[-1]):
            lines[-1] = f"{lines[-1]}: {line}"
        elif lines and begins_with_link(line) and lines[-1].endswith((":", "：")):
            lines[-1] = f"{lines[-1]} {line}"
        else:
            lines.append(line)
    return lines


def _split(line: str, *, is_item: bool, spells_out: bool) -> Iterator[list[Piece]]:
    """Yield the line in pieces, and begin another line after each link."""
    start = 0
    for found in LINK.finditer(line):
        before, start = line[start : found.start()], found.end()
        address = found["address"]
        if spells_out:
            yield [Piece(before.lstrip()), Piece(address, address)]
        elif found["label"]:
            yield [Piece(before.strip()), Piece(found["label"], address, is_button=True)]
        elif is_item:
            yield [Piece(before.rstrip(" :：") or address, address)]
        else:
            yield _named(before.lstrip(), address, is_button=found["deed"] is not None)
    yield [Piece(line[start:].strip())]


def _named(before: str, address: str, *, is_button: bool) -> list[Piece]:
    named = NAMED.fullmatch(before)
    if named is None:
        return [Piece(before), Piece(address, address, is_button=is_button)]
    sentence = named["before"].rstrip() if is_button else named["before"]
    return [Piece(sentence), Piece(named["name"], address, is_button=is_button)]
