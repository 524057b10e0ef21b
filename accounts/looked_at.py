"""Staff pages about somebody: that they were opened goes on record, where that person reads it."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts import audit
from accounts.http import client_ip
from accounts.models import AuditEvent, User

ACTION = "account.looked_at_by_staff"
ONCE_IN = timedelta(hours=12)


class RecordsLooks:
    """For a page of the admin whose row belongs to somebody; `owner_of` says to whom."""

    def owner_of(self, row: Any) -> User | None:
        owner: User | None = row.owner
        return owner

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().change_view(request, object_id, *args, **kwargs)  # type: ignore[misc]
        row: Any = self.get_object(request, object_id) if request.method == "GET" else None  # type: ignore[attr-defined]
        owner = self.owner_of(row) if row is not None else None
        if owner is not None and response.status_code == HttpResponse.status_code:
            record_look(
                staff=request.user, owner=owner, target=row.public_id, ip=client_ip(request), now=timezone.now()
            )
        return response


def record_look(*, staff: Any, owner: User, target: str, ip: str | None, now: datetime) -> bool:
    """Write down that somebody of the staff looked, once in half a day for each row; False where it is known."""
    known = AuditEvent.objects.filter(actor=staff, subject=owner, action=ACTION, target=target, at__gt=now - ONCE_IN)
    if staff.pk == owner.pk or known.exists():
        return False
    audit.record(actor=staff, subject=owner, action=ACTION, target=target, ip=ip, now=now)
    return True
