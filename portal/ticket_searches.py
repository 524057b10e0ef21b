"""What somebody looked for before they asked for help: the first words of their request, which they may change."""

from collections.abc import Callable, Mapping

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext

from accounts.article_search import QUERY_LENGTH
from plans import catalogue
from plans.catalogue import PlanRow
from plans.search import SearchForm
from plans.trip_forms import PlaceForm, TripForm

ADVICE, CATALOGUE, HELP, TRIP = "advice", "plans", "help", "trip"

Rows = list[PlanRow]


def text_of(query: QueryDict) -> str:
    """Return the search that an address carries in words; "" where it carries none."""
    if query.get("from") == HELP:
        return f"{query.get('q', '').replace(chr(0), '')[:QUERY_LENGTH]}\n"
    describe = DESCRIBED.get(query.get("from", ""))
    if describe is None:
        return ""
    rows = catalogue.snapshot(version=catalogue.version(), now=timezone.now()).rows
    return "\n".join([gettext("I did not find a plan that fits. I looked for:"), *describe(query, rows), ""])


def _advice(query: QueryDict, rows: Rows) -> list[str]:
    return PlaceForm(query, rows=rows).described()


def _catalogue(query: QueryDict, _rows: Rows) -> list[str]:
    return SearchForm(query.dict()).described()


def _trip(query: QueryDict, rows: Rows) -> list[str]:
    return TripForm(query, rows=rows).described()


DESCRIBED: Mapping[str, Callable[[QueryDict, Rows], list[str]]] = {ADVICE: _advice, CATALOGUE: _catalogue, TRIP: _trip}
