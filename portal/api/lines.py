"""Lines and what is left on them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from django.utils import timezone
from ninja import Query, Router
from pydantic import Field

from accounts.api_tokens import LINES_READ
from esim.models import Allowance, Line, LineMember
from esim.models.lines import LineQuerySet
from portal.api.cursors import Part, newest_first
from portal.api.door import ApiRequest, Needs
from portal.api.refusals import not_found
from portal.api.shapes import Page, Quantity, Reference, Shape, TimePeriod, href, page_of, problems
from portal.lib.public_ids import is_public_id

OWNER = "owner"
router = Router(tags=["lines"], by_alias=True, auth=Needs(LINES_READ))


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
            usage_as_of=line.usage_reported_at,
            last_used=line.last_used_at,
        )


class Bucket(Shape):
    """What a plan gives of one thing (TM Forum 654: Bucket); `remainingValue` null: unlimited."""

    usage_type: str
    initial_value: Quantity | None
    used_value: Quantity
    remaining_value: Quantity | None


class AllowanceShape(Shape):
    """What one purchase granted on a line, with a bucket for each thing it gives."""

    id: str
    product_offering: Reference
    is_data_pack: bool
    status: str
    valid_for: TimePeriod
    bucket: list[Bucket]
    daily_cap: Quantity | None
    throttled_kbps: int | None

    @classmethod
    def of(cls, allowance: Allowance, *, now: datetime) -> "AllowanceShape":
        plan, cap = allowance.plan, allowance.daily_cap_bytes
        return cls(
            id=allowance.public_id,
            product_offering=Reference(id=plan.public_id, href=href("plan", plan.public_id), name=plan.label),
            is_data_pack=allowance.is_data_pack,
            status="active" if allowance.starts_at <= now else "queued",
            valid_for=TimePeriod(start_date_time=allowance.starts_at, end_date_time=allowance.ends_at),
            bucket=_buckets(allowance),
            daily_cap=None if cap is None else Quantity(amount=cap, units="byte"),
            throttled_kbps=allowance.throttled_kbps,
        )


class PartOfLines(Part):
    """Which part of your lines, or of those that others share with you."""

    shared: bool = False


@router.get("", response={200: Page[LineShape], **problems(404, 422)}, url_name="lines")
def list_lines(request: ApiRequest, part: Annotated[PartOfLines, Query()]) -> Any:
    """Return your lines, or those that others share with you; the newest first, ended ones among them."""
    own, seen = Line.objects.owned_by(request.owner), Line.objects.visible_to(request.owner)
    rows, following = newest_first(seen.exclude(owner=request.owner) if part.shared else own, part=part)
    roles = _roles(request, rows)
    return page_of([LineShape.of(line, role=roles.get(line.pk, OWNER)) for line in rows], following)


@router.get("/{line_id}", response={200: LineShape, **problems(404, 422)}, url_name="line")
def get_line(request: ApiRequest, line_id: str) -> Any:
    """Return one line that you own, or that is shared with you."""
    line = seen_line(request, line_id)
    return LineShape.of(line, role=_roles(request, [line]).get(line.pk, OWNER))


@router.get("/{line_id}/allowances", response={200: list[AllowanceShape], **problems(404, 422)}, url_name="allowances")
def list_allowances(request: ApiRequest, line_id: str) -> Any:
    """Return what runs on a line and what waits, in the order in which it is used up: earliest end first."""
    line, now = seen_line(request, line_id), timezone.now()
    standing = Allowance.objects.filter(line=line).not_ended(now).select_related("plan")
    return [AllowanceShape.of(one, now=now) for one in standing.order_by("ends_at", "id")]


def own_line(request: ApiRequest, line_id: str) -> Line:
    """Return a line of the token's owner; anybody else's is not found."""
    return _found(Line.objects.owned_by(request.owner), line_id)


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


def _buckets(allowance: Allowance) -> list[Bucket]:
    given = [
        ("data", "byte", allowance.data_bytes, allowance.used_bytes),
        ("voice", "minute", allowance.voice_minutes or None, allowance.used_minutes),
        ("sms", "sms", allowance.sms_count or None, allowance.used_sms),
    ]
    return [
        Bucket(
            usage_type=what,
            initial_value=None if granted is None else Quantity(amount=granted, units=units),
            used_value=Quantity(amount=used, units=units),
            remaining_value=None if granted is None else Quantity(amount=max(0, granted - used), units=units),
        )
        for what, units, granted, used in given
        if granted is not None or what == "data"
    ]
