"""What was sold, written down for good: one row for each distinct terms, however often they are sold."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import TypeVar

from plans.models import SoldTerms
from plans.terms import PlanTerms

Key = TypeVar("Key")


def keep(terms: PlanTerms) -> SoldTerms:
    """Return the row of these terms, added where they are new. One query, or three."""
    return keep_each({"": terms})[""]


def keep_each(many: Mapping[Key, PlanTerms]) -> dict[Key, SoldTerms]:
    """Return the row of each of these terms, adding those that are new. One query, or three."""
    digests = {key: digest_of(terms) for key, terms in many.items()}
    kept = _kept(digests.values())
    fresh = {digest: many[key] for key, digest in digests.items() if digest not in kept}
    if fresh:
        # In one order, so that no two who add the same ones wait for each other in a circle.
        rows = [row_of(fresh[digest]) for digest in sorted(fresh)]
        SoldTerms.objects.bulk_create(rows, ignore_conflicts=True)
        # Those that somebody else added meanwhile, too.
        kept |= _kept(fresh)
    return {key: kept[digest] for key, digest in digests.items()}


def _kept(digests: Iterable[str]) -> dict[str, SoldTerms]:
    return {row.digest: row for row in SoldTerms.objects.filter(digest__in=set(digests))}


def row_of(terms: PlanTerms) -> SoldTerms:
    """Return the row that would be added for these terms; not saved."""
    return SoldTerms(digest=digest_of(terms), **terms.to_json())


def digest_of(terms: PlanTerms) -> str:
    """Return what names these terms: the same for the same, whatever the order in which they are written."""
    text = json.dumps(terms.to_json(), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
