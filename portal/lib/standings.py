"""Something that goes on for a while, as its page says it: where it stands, and the steps behind and ahead of it."""

from dataclasses import dataclass

from django.utils.functional import Promise

Words = str | Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What happened and what is next; `kind` is that of the alert."""

    kind: str
    title: Words
    text: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a timeline, as templates/components/timeline.html takes it."""

    state: str
    title: Words
    text: Words = ""
    at: str = ""
