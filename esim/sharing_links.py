"""The links in letters that ask somebody to take part in a line, or to take it over: signed, each for one row only."""

from django.core.signing import BadSignature, Signer

from esim.models import LineInvitation, LineMove

# The salt is the purpose: what is signed for something else opens nothing here.
_INVITATIONS = Signer(sep=".", salt="esim.line-invitation")
_MOVES = Signer(sep=".", salt="esim.line-move")


def invitation_token(invitation: LineInvitation) -> str:
    return _INVITATIONS.sign(invitation.public_id)


def invitation_of(token: str) -> LineInvitation | None:
    """Return what a link invites to, whether it can still be accepted or not; None for a link that isn't ours."""
    public_id = _opened(token, _INVITATIONS)
    about = ("line__owner", "invited_by", "accepted_by")
    return LineInvitation.objects.select_related(*about).filter(public_id=public_id).first()


def move_token(move: LineMove) -> str:
    return _MOVES.sign(move.public_id)


def move_of(token: str) -> LineMove | None:
    """Return the move that a link asks about, whether it still waits or not; None for a link that isn't ours."""
    public_id = _opened(token, _MOVES)
    return LineMove.objects.select_related("line__owner", "from_owner", "to_owner").filter(public_id=public_id).first()


def _opened(token: str, signer: Signer) -> str:
    try:
        return signer.unsign(token)
    except BadSignature:
        return ""
