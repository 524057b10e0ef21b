"""A small Markdown for what staff write: headings, lists, emphasis, links, and nothing that could run.

`[the plans](page:plans:catalogue)` links to a page of the portal by its name, `[roaming](help:roaming)` to another
article of the help centre.
"""

from functools import lru_cache
from urllib.parse import urlsplit

import nh3
from django.core.exceptions import ValidationError
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.token import Token

TAGS = {"p", "br", "h2", "h3", "ul", "ol", "li", "strong", "em", "a", "code", "blockquote", "hr"}
ATTRIBUTES = {"a": {"href", "rel"}, "ol": {"start"}}
RULES = ["heading", "list", "emphasis", "link", "code", "blockquote", "hr", "escape", "entity", "newline", "backticks"]
SCHEMES = {"https", "mailto", "tel"}
PAGE, ARTICLE = "page:", "help:"
NO_PAGE = ("admin:", "billing:webhook")


class UnknownLink(ValueError):
    """A link that leads nowhere."""


def render_markdown(text: str) -> SafeString:
    """Return the text as safe HTML; a link that leads nowhere becomes plain words."""
    tokens = _parser().parse(_plain(text))
    for token in tokens:
        _set_down_headings(token)
        token.children = _with_links(token.children) if token.children else token.children
    html = _parser().renderer.render(tokens, _parser().options, {})
    # The parser makes no markup of its own but this; what it lets through by mistake ends here.
    cleaned = nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel=None)
    return mark_safe(cleaned)  # noqa: S308 - this is the one place that makes it safe


def links_of(text: str) -> list[str]:
    """Return where a text links to, as it was written."""
    tokens = [child for token in _parser().parse(_plain(text)) for child in token.children or []]
    return [str(token.attrs["href"]) for token in tokens if token.type == "link_open"]


def address_of(link: str) -> str:
    """Return where a link of a text leads; raise UnknownLink with a sentence where that is nowhere."""
    try:
        if link.startswith(ARTICLE):
            return reverse("help_article", args=[link.removeprefix(ARTICLE)])
        if link.startswith(PAGE) and not link.removeprefix(PAGE).startswith(NO_PAGE):
            return reverse(link.removeprefix(PAGE))
    except NoReverseMatch:
        pass
    else:
        if urlsplit(link).scheme in SCHEMES:
            return link
    raise UnknownLink(
        _("“%(link)s” leads nowhere. Write page:name, help:address, https://…, mailto:… or tel:….") % {"link": link}
    )


def validate_markdown(text: str) -> None:
    """Refuse links that lead nowhere, before anybody follows them."""
    wrong = []
    for link in links_of(text):
        try:
            address_of(link)
        except UnknownLink as error:
            wrong.append(str(error))
    if wrong:
        raise ValidationError(wrong)


def words_of(text: str) -> str:
    """Return the text without its marks, for searching and for a first line."""
    tokens = [token for token in _parser().parse(_plain(text)) if token.children]
    blocks = (" ".join("".join(_word(child) for child in token.children or []).split()) for token in tokens)
    return " ".join(block for block in blocks if block)


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("zero", {"html": False, "linkify": False, "breaks": False})
    parser.enable(RULES)
    # Judged by `address_of`, which knows our own schemes.
    parser.validateLink = lambda _url: True  # type: ignore[method-assign,assignment]
    return parser


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n")


def _set_down_headings(token: Token) -> None:
    """The page has the one h1: "#" and "##" are h2, everything below h3."""
    if token.type in {"heading_open", "heading_close"}:
        token.tag = "h2" if token.tag in {"h1", "h2"} else "h3"


def _with_links(tokens: list[Token]) -> list[Token]:
    """Give each link its address, and take the marks off those that have none."""
    kept, is_dead = [], False
    for token in tokens:
        if token.type == "link_open":
            is_dead = not _led(token)
        if not (is_dead and token.type in {"link_open", "link_close"}):
            kept.append(token)
    return kept


def _word(token: Token) -> str:
    return " " if token.type in {"softbreak", "hardbreak"} else token.content


def _led(token: Token) -> bool:
    try:
        address = address_of(str(token.attrs["href"]))
    except UnknownLink:
        return False
    token.attrs = {"href": address} if address.startswith("/") else {"href": address, "rel": "noopener"}
    return True
