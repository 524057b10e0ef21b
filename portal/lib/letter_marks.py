"""What templates of letters say beside their text: which words are a link of ours, what its button is called, key figures.

It stands in the text behind a mark that is random and new with each process, so that nobody can write one: a link or a
figure comes from a template of ours, never from a nickname or a ticket. No mark leaves the portal.
"""

import re
from secrets import token_hex

MARK = f"\x02{token_hex(16)}"
_LINK, _DEED, _FIGURE, _VALUE, _END = (f"{MARK}{sign}" for sign in "ldfv.")

_DEEDS = re.compile(f"{_DEED}.*?{_END}")
_FIGURES = re.compile(f"{_FIGURE}(?P<label>.*?){_VALUE}(?P<value>.*?){_END}")
# An address ends where what is no part of one begins, such as the full stop of a sentence in Chinese.
LINK = re.compile(rf"{_LINK}(?P<address>[!-~]*[\w/=-])(?P<deed>{_DEED}(?P<label>.*?){_END})?", re.ASCII)


def link(address: str) -> str:
    """Mark an address, or its beginning, as ours."""
    return f"{_LINK}{address}"


def deed(label: str) -> str:
    """Mark the link before it as the one that the letter is about; without a label its own words name the button."""
    return f"{_DEED}{_one_line(label)}{_END}"


def figure(label: str, value: str) -> str:
    return f"{_FIGURE}{_one_line(label)}{_VALUE}{_one_line(value)}{_END}"


def without_figures(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Take the figures, label and value each, out of a text."""
    return _FIGURES.sub("", text), [(found["label"], found["value"]) for found in _FIGURES.finditer(text)]


def plain(text: str) -> str:
    """Return what a person reads who is shown text alone."""
    return _DEEDS.sub("", _FIGURES.sub("", text)).replace(_LINK, "")


def begins_with_link(text: str) -> bool:
    return text.startswith(_LINK)


def _one_line(text: str) -> str:
    return " ".join(text.split())
