"""What is written to whom when somebody is let into a line, or a line goes to another account."""

import re
from datetime import datetime
from typing import Any

from accounts.models import User
from accounts.models.notifications import Channel
from accounts.notifications import every_channel, notify
from esim import sharing_links
from esim.models import Line, LineInvitation, LineMember, LineMove

LIKE_A_LINK = re.compile(r"\w[.:/@]+\w|www")
"""What mail programs make a link of: whoever can type a name must not write to anybody in ours."""


def without_addresses(text: str) -> str:
    """Return what somebody called themselves, or a line; empty where it would be a link in a letter to a stranger."""
    return "" if LIKE_A_LINK.search(text) else text


def invited(invitation: LineInvitation, *, now: datetime) -> None:
    """Write the letter with the link, and tell the owner that it went out."""
    about = {
        "line": str(invitation.line),
        "role": invitation.role,
        "expires_at": invitation.expires_at.isoformat(),
    }
    theirs = _as_a_stranger_reads(invitation.line, by=invitation.invited_by)
    letter = {**about, **theirs, "to_address": invitation.email, "token": sharing_links.invitation_token(invitation)}
    _write(
        invitation.invited_by,
        "line_invitation",
        f"invitation:{invitation.public_id}",
        letter,
        now=now,
        channels=[Channel.EMAIL],
    )
    told = {**about, "what": "invited", "who": invitation.email, "line_id": invitation.line.public_id}
    owner = invitation.invited_by
    _write(
        owner, "line_shared", f"invitation:{invitation.public_id}:told", told, now=now, channels=every_channel(owner)
    )


def joined(member: LineMember, *, now: datetime) -> None:
    """Tell the owner who has the role now, and the member what it lets them do."""
    line, key = member.line, f"member:{member.public_id}:{now:%Y%m%d%H%M%S%f}"
    about = {"line": str(line), "line_id": line.public_id, "role": member.role}
    told = {**about, "what": "joined", "who": member.user.email}
    _write(line.owner, "line_shared", f"{key}:joined", told, now=now, channels=every_channel(line.owner))
    mine = {**about, "what": "you_joined", "who": str(line.owner)}
    _write(member.user, "line_shared", f"{key}:you", mine, now=now, channels=None)


def ended(line: Line, *, member: LineMember, left: bool, now: datetime, tells_owner: bool = True) -> None:
    """Tell both that a role is over."""
    about = {"line": str(line), "role": member.role}
    key = f"member:{member.public_id}:{now:%Y%m%d%H%M%S%f}"
    if tells_owner:
        told = {**about, "line_id": line.public_id, "what": "left" if left else "removed", "who": member.user.email}
        _write(line.owner, "line_shared", f"{key}:ended", told, now=now, channels=None)
    mine = {**about, "what": "you_left" if left else "you_removed", "who": ""}
    _write(member.user, "line_shared", f"{key}:ended:you", mine, now=now, channels=None)


def move_offered(move: LineMove, *, now: datetime) -> None:
    """Write the letter with the link, and tell the owner everywhere: it may not have been them."""
    about = _about(move)
    letter = {
        **about,
        "to_address": move.to_email,
        "token": sharing_links.move_token(move),
        **_as_a_stranger_reads(move.line, by=move.from_owner),
    }
    owner = move.from_owner
    _write(owner, "line_move_offer", f"move:{move.public_id}", letter, now=now, channels=[Channel.EMAIL])
    told = {**about, "what": "offered", "is_owner": True}
    _write(owner, "line_move", f"move:{move.public_id}:offered", told, now=now, channels=every_channel(owner))


def move_told(move: LineMove, *, what: str, now: datetime) -> None:
    """Tell both, wherever they can be reached, what has become of a move; one who never said yes hears nothing."""
    about = {**_about(move), "what": what}
    owner, new = move.from_owner, move.to_owner
    told = {**about, "is_owner": True}
    _write(owner, "line_move", f"move:{move.public_id}:{what}", told, now=now, channels=every_channel(owner))
    if new is not None:
        name = _number_only(move.line) if move.by_claim else about["line"]
        mine = {
            **about,
            "line": name,
            "is_owner": False,
            "new_line_id": move.new_line.public_id if move.new_line else "",
        }
        _write(new, "line_move", f"move:{move.public_id}:{what}:new", mine, now=now, channels=every_channel(new))


def _as_a_stranger_reads(line: Line, *, by: User) -> dict[str, str]:
    name = without_addresses(str(line)) or _number_only(line)
    return {"line": name, "by": without_addresses(by.full_name)}


def _number_only(line: Line) -> str:
    return f"•••• {line.msisdn[-4:]}"


def _about(move: LineMove) -> dict[str, Any]:
    return {
        "line": str(move.line),
        "line_id": move.line.public_id,
        "move_id": move.public_id,
        "who": move.to_email,
        "expires_at": move.expires_at.isoformat(),
        "moves_at": move.moves_at.isoformat() if move.moves_at else "",
    }


def _write(
    user: User, kind: str, key: str, context: dict[str, Any], *, now: datetime, channels: list[Channel] | None
) -> None:
    kept = {name: value for name, value in context.items() if not (name.endswith("_at") and not value)}
    notify(user=user, kind=kind, key=key, context=kept, now=now, channels=channels)
