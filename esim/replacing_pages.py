"""Where moving a line to another device stands, in words: for its own page and the line's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from esim.models import Line, Replacement
from esim.replacing import is_undoable
from esim.replacing_steps import UNDO_WITHIN
from portal.lib.saying import say_moment
from portal.lib.standings import Standing, Step, Words

State = Replacement.State


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    standing: Standing
    steps: Sequence[Step]
    is_moving: bool
    can_undo: bool
    can_finish: bool
    can_install: bool


STANDINGS = {
    State.ORDERING: Standing(
        kind="info",
        title=_("The new eSIM is being prepared"),
        text=_("This takes a minute or two. Your line goes on working as it is."),
    ),
    State.TO_INSTALL: Standing(
        kind="info",
        title=_("Install the new eSIM"),
        text=_("Open the code on another screen and scan it with the new device. Delete nothing from the old one yet."),
    ),
    State.MOVING: Standing(
        kind="info",
        title=_("The new eSIM is online. Your line is being moved"),
        text=_("Number and plans go over to it. This takes a minute or two."),
    ),
    State.ONLINE: Standing(
        kind="success",
        title=_("Your line is on the new device"),
        text=_("Try a call or some data. The old eSIM has no service any more, and you may delete it."),
    ),
    State.ENDING: Standing(
        kind="success",
        title=_("Your line is on the new device"),
        text=_("The old eSIM is being ended. Nothing is needed from you."),
    ),
    State.UNDOING: Standing(
        kind="info",
        title=_("Being undone"),
        text=_("The line stays with the old eSIM. This takes a minute or two."),
    ),
    State.DONE: Standing(
        kind="success",
        title=_("Done. Your line is on the new device"),
        text=_("The old eSIM is ended. If it still is on a device, you may delete it there."),
    ),
    State.UNDONE: Standing(
        kind="info",
        title=_("Undone. Your line is where it was"),
        text=_("The new eSIM no longer works. Nothing else was changed."),
    ),
    State.FAILED: Standing(
        kind="error",
        title=_("This did not work. Your line is where it was"),
        text=_("We are looking into it: a request for help is open, and we write to you. Nothing is needed from you."),
    ),
}
SAME_CODE_DONE = Standing(
    kind="success", title=_("Done. Your line is on the device"), text=_("The code is used up and no longer shown.")
)
NOT_UNDONE = Standing(
    kind="warning",
    title=_("The network could not move the line back"),
    text=_("It works on the new device. Ask for help if you need it on the old one."),
)
ORDER = (State.ORDERING, State.TO_INSTALL, State.MOVING, State.ONLINE, State.ENDING, State.DONE)


def progress_of(replacement: Replacement) -> Progress:
    state = State(replacement.state)
    return Progress(
        standing=_standing(replacement),
        steps=_steps(replacement),
        is_moving=state in Replacement.UNDER_WAY,
        can_undo=is_undoable(replacement),
        can_finish=state == State.ONLINE,
        can_install=state == State.TO_INSTALL,
    )


def progress_under_way(line: Line) -> Progress | None:
    """Return how far a line is on its way to another device; None where it stays. One query."""
    under_way = Replacement.objects.filter(line=line).under_way().select_related("new_profile").first()
    return progress_of(under_way) if under_way else None


def _standing(replacement: Replacement) -> Standing:
    if replacement.state == State.ONLINE and replacement.problem:
        return NOT_UNDONE
    if replacement.state == State.DONE and replacement.same_code:
        return SAME_CODE_DONE
    return STANDINGS[State(replacement.state)]


def _steps(replacement: Replacement) -> list[Step]:
    new = replacement.new_profile
    made_at = replacement.created_at if replacement.same_code else new.created_at if new else None
    steps = [
        _step(replacement, State.ORDERING, title=_("New eSIM ready"), at=made_at),
        _step(
            replacement, State.TO_INSTALL, title=_("Online on the new device"), at=new.state_changed_at if new else None
        ),
    ]
    if not replacement.same_code:
        steps.append(_step(replacement, State.MOVING, title=_("Number and plans moved")))
        steps.append(_step(replacement, State.ENDING, title=_("Old eSIM ended"), at=replacement.ended_at))
    begun = Step(state="done", title=_("Asked for"), at=_at(replacement.created_at))
    return [begun, *steps] if replacement.state in ORDER else [begun, _ending(replacement)]


def _step(replacement: Replacement, of: State, *, title: Words, at: datetime | None = None) -> Step:
    here, this = ORDER.index(State(replacement.state)) if replacement.state in ORDER else -1, ORDER.index(of)
    if here > this:
        return Step(state="done", title=title, at=_at(at))
    if here == this:
        return Step(state="current", title=title)
    if replacement.state == State.ONLINE and of == State.ENDING:
        until = say_moment(replacement.moved_at + UNDO_WITHIN)
        return Step(
            state="ahead", title=title, text=gettext("%(moment)s; you can undo it until then.") % {"moment": until}
        )
    return Step(state="ahead", title=title)


def _ending(replacement: Replacement) -> Step:
    titles = {State.UNDOING: _("Being undone"), State.UNDONE: _("Undone"), State.FAILED: _("Failed")}
    states = {State.UNDOING: "current", State.UNDONE: "done", State.FAILED: "failed"}
    state = State(replacement.state)
    return Step(state=states[state], title=titles[state], at=_at(replacement.ended_at))


def _at(when: datetime | None) -> str:
    return say_moment(when) if when else ""
