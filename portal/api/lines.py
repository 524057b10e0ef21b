"""Lines: which there are, and what their owner says about them."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from ninja import Query, Router
from pydantic import Field

from accounts.api_tokens import LINES_READ, LINES_WRITE
from accounts.models import Business
from esim.forms import LineSettingsForm
from esim.models import Line, LineMember
from esim.models.lines import LineQuerySet
from portal.api.cursors import Part, newest_first
from portal.api.door import ApiRequest, Needs
from portal.api.refusals import not_found, refused, refused_form
from portal.api.shapes import Page, Shape, Wish, href, page_of, problems
from portal.lib.public_ids import is_public_id

OWNER = "owner"
router = Router(tags=["lines"], by_alias=True)


class LineShape(Shape):
    """A number and its service: what the pages call "my card"."""

    id: str
    href: str
    role: Annotated[str, Field(description="What you are to it: owner, payer (renews and tops up) or viewer.")]
    name: str
    msisdn: str
    form: str
    service_state: str
    hidden: bool
    time_zone: str
    cost_centre: Annotated[str, Field(description="Of a business; empty on the lines of others.")]
    usage_as_of: datetime | None
    last_used: datetime | None

    @classmethod
    def of(cls, line: Line, *, role: str) -> "LineShape":
        return cls(
            id=line.public_id,
            href=href("line", line.public_id),
            role=role,
            name=str(line),
            msisdn=line.msisdn,
            form=line.form,
            service_state=line.service_state,
            hidden=line.hidden and role == OWNER,
            time_zone=line.time_zone,
            cost_centre=line.cost_centre if role == OWNER else "",
            usage_as_of=line.usage_reported_at,
            last_used=line.own_last_use,
        )


class LineWish(Wish):
    """What is to change; a zone is named like Asia/Taipei."""

    nickname: Annotated[str, Field(max_length=40)] = ""
    hidden: bool = False
    time_zone: Annotated[str, Field(max_length=64)] = ""
    cost_centre: Annotated[str, Field(max_length=40)] = ""


class PartOfLines(Part):
    """Which part of your lines, or of those that others share with you."""

    shared: bool = False


@router.get("", response={200: Page[LineShape], **problems(404, 422)}, auth=Needs(LINES_READ), url_name="lines")
def list_lines(request: ApiRequest, part: Annotated[PartOfLines, Query()]) -> Any:
    """Return your lines, or those that others share with you; the newest first, ended ones among them."""
    own, seen = Line.objects.owned_by(request.owner), Line.objects.visible_to(request.owner)
    rows, following = newest_first(seen.exclude(owner=request.owner) if part.shared else own, part=part)
    roles = _roles(request, rows)
    return page_of([LineShape.of(line, role=roles.get(line.pk, OWNER)) for line in rows], following)


@router.get("/{line_id}", response={200: LineShape, **problems(404, 422)}, auth=Needs(LINES_READ), url_name="line")
def get_line(request: ApiRequest, line_id: str) -> Any:
    """Return one line that you own, or that is shared with you."""
    line = seen_line(request, line_id)
    return LineShape.of(line, role=_roles(request, [line]).get(line.pk, OWNER))


@router.patch("/{line_id}", response={200: LineShape, **problems(400, 404, 409, 422)}, auth=Needs(LINES_WRITE))
def change_line(request: ApiRequest, line_id: str, wish: LineWish) -> Any:
    """Name a line of yours, hide it on the front page, or say where its days begin; what is left out stays."""
    line = own_line(request, line_id)
    wished = wish.model_dump(exclude_unset=True)
    is_business = Business.objects.filter(user=request.owner).exists()
    if "cost_centre" in wished and not is_business:
        raise refused(HTTPStatus.CONFLICT, "cannot-save", "Only a business account has cost centres.")
    form = LineSettingsForm(None, instance=line, is_business=is_business)
    form = LineSettingsForm({**form.initial, **wished}, instance=line, is_business=is_business)
    if not form.is_valid():
        raise refused_form(form, "cannot-save")
    form.save()
    return LineShape.of(own_line(request, line_id), role=OWNER)


def own_line(request: ApiRequest, line_id: str) -> Line:
    """Return a line of the token's owner; anybody else's is not found."""
    return _found(Line.objects.owned_by(request.owner), line_id)


def line_in_use(request: ApiRequest, line_id: str) -> Line:
    """Return a line of the token's owner that has not ended."""
    return _found(Line.objects.owned_by(request.owner).in_use(), line_id)


def seen_line(request: ApiRequest, line_id: str) -> Line:
    """Return a line that the token's owner may look at: their own, or one that is shared with them."""
    return _found(Line.objects.visible_to(request.owner), line_id)


def _found(lines: LineQuerySet, line_id: str) -> Line:
    line = lines.filter(public_id=line_id).first() if is_public_id(line_id) else None
    if line is None:
        raise not_found()
    return line


def _roles(request: ApiRequest, lines: Sequence[Line]) -> dict[int, str]:
    """Return what somebody is to the lines of others, by line."""
    others = [line.pk for line in lines if line.owner_id != request.owner.pk]
    members = LineMember.objects.filter(user=request.owner, line__in=others)
    return dict(members.values_list("line_id", "role")) if others else {}
