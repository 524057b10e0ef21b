"""Who else sees a line or pays for it, and ending that.

Letting somebody in asks who it is each time, and so has no operation.
"""

from datetime import datetime
from typing import Annotated, Any

from django.utils import timezone
from ninja import Router
from pydantic import Field

from accounts.api_tokens import ACCOUNT_READ, ACCOUNT_WRITE
from accounts.http import client_ip
from esim import invitations
from esim.models import Line, LineInvitation, LineMember
from portal.api.door import ApiRequest, Needs
from portal.api.lines import own_line, seen_line
from portal.api.refusals import not_found
from portal.api.shapes import Shape, page_url, problems
from portal.lib.public_ids import is_public_id

router = Router(tags=["people"], by_alias=True)


class MemberShape(Shape):
    """Somebody who sees a line (viewer), or also renews and tops it up (payer)."""

    id: str
    name: str
    email: str
    role: str
    since: datetime

    @classmethod
    def of(cls, member: LineMember) -> "MemberShape":
        user = member.user
        return cls(
            id=member.public_id, name=user.full_name, email=user.email, role=member.role, since=member.created_at
        )


class InvitationShape(Shape):
    """Somebody who has not answered yet."""

    id: str
    email: str
    role: str
    expires_at: datetime

    @classmethod
    def of(cls, invitation: LineInvitation) -> "InvitationShape":
        return cls(
            id=invitation.public_id, email=invitation.email, role=invitation.role, expires_at=invitation.expires_at
        )


class PeopleShape(Shape):
    """With whom a line is shared: its owner sees everybody, somebody else themselves."""

    members: list[MemberShape]
    invitations: list[InvitationShape]
    page: Annotated[str, Field(description="Where its owner invites somebody.")]


@router.get(
    "/{line_id}/people", response={200: PeopleShape, **problems(404, 422)}, auth=Needs(ACCOUNT_READ), url_name="people"
)
def get_people(request: ApiRequest, line_id: str) -> Any:
    """Return with whom a line is shared, and who is invited."""
    return _people(request, seen_line(request, line_id))


@router.delete(
    "/{line_id}/people/{member_id}",
    response={200: PeopleShape, **problems(404, 422)},
    auth=Needs(ACCOUNT_WRITE),
    url_name="member",
)
def remove_person(request: ApiRequest, line_id: str, member_id: str) -> Any:
    """End what somebody may do with a line: its owner anybody's, somebody else their own."""
    line = seen_line(request, line_id)
    shown = LineMember.objects.owned_by(request.owner).filter(line=line).select_related("line__owner", "user")
    member = shown.filter(public_id=member_id).first() if is_public_id(member_id) else None
    if member is None:
        raise not_found()
    invitations.remove(member=member, by=request.owner, ip=client_ip(request), now=timezone.now())
    return _people(request, line)


@router.delete(
    "/{line_id}/invitations/{invitation_id}",
    response={200: PeopleShape, **problems(404, 422)},
    auth=Needs(ACCOUNT_WRITE),
    url_name="invitation",
)
def withdraw_invitation(request: ApiRequest, line_id: str, invitation_id: str) -> Any:
    """Withdraw an invitation to a line of yours; answered or withdrawn already, nothing changes."""
    line = own_line(request, line_id)
    own = LineInvitation.objects.owned_by(request.owner).filter(line=line).select_related("line")
    invitation = own.filter(public_id=invitation_id).first() if is_public_id(invitation_id) else None
    if invitation is None:
        raise not_found()
    invitations.withdraw(invitation=invitation, by=request.owner, ip=client_ip(request), now=timezone.now())
    return _people(request, line)


def _people(request: ApiRequest, line: Line) -> PeopleShape:
    shown = LineMember.objects.owned_by(request.owner).filter(line=line).select_related("user")
    waiting = LineInvitation.objects.owned_by(request.owner).open(timezone.now()).filter(line=line)
    return PeopleShape(
        members=[MemberShape.of(member) for member in shown.order_by("created_at", "pk")],
        invitations=[InvitationShape.of(one) for one in waiting.order_by("-created_at", "-pk")],
        page=page_url("esim:people", line.public_id),
    )
