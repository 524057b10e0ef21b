"""Somebody's copy of everything that is kept about them: a ZIP of JSON, PDFs and the files they sent."""

import json
import logging
import tempfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.conf import settings
from django.db import transaction
from django.db.models import F, Model, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from accounts import audit, documents
from accounts.document_files import FileLost
from accounts.models import DataExport, Document, User
from accounts.notifications import every_channel, notify
from billing import invoice_pdf
from billing.models import Invoice
from portal.lib.brand import brand
from portal.lib.due_rows import in_pages
from portal.lib.one_by_one import one_by_one
from portal.lib.ticks import InTime, always
from portal.privacy.everything import EVERYTHING
from portal.privacy.rows import Rows

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=15)  # longer than a task may run
TRY_AGAIN = timedelta(hours=6)
A_DAY = timedelta(days=1)
ROWS_AT_ONCE = 500
IN_MEMORY_BYTES = 16 * 1024 * 1024


class AskedAlready(Exception):
    """A copy is being made, or one was asked for a short while ago."""

    sentence = gettext_lazy("You have asked for a copy within the last day. It is listed here as soon as it is made.")


@transaction.atomic
def ask(*, user: User, ip: str | None, now: datetime) -> DataExport:
    """Write down that somebody wants a copy; raises AskedAlready."""
    User.objects.select_for_update().get(pk=user.pk)
    recent = Q(asked_at__gt=now - A_DAY) | Q(document__isnull=True)
    if DataExport.objects.filter(recent, user=user).exists():
        raise AskedAlready
    wish = DataExport.objects.create(user=user, asked_at=now)
    audit.record(actor=user, subject=user, action="data.copy_asked", target=wish.public_id, ip=ip, now=now)
    return wish


def make_due(*, now: datetime, in_time: InTime = always) -> int:
    """Make the copies that are wanted and return how many were; one that fails is tried again hours later."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    wanted = DataExport.objects.filter(free, document__isnull=True).select_related("user")
    done = 0
    for page in in_pages(wanted, order=("id",)):
        done += sum(one_by_one(page, partial(_make, now=now), what="Copying somebody's data", about=_named))
        if not in_time():
            break
    return done


def _make(wish: DataExport, *, now: datetime) -> bool:
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    mine = DataExport.objects.filter(free, pk=wish.pk, document__isnull=True)
    # From the second try on with hours between: what broke it is likely to be in the rows.
    lease = now + (TRY_AGAIN if wish.attempts else LEASE)
    if not mine.update(lease_until=lease, attempts=F("attempts") + 1):
        return False
    with override(wish.user.language):
        document = _kept(wish, content_of(wish.user), now=now)
    with transaction.atomic():
        DataExport.objects.filter(pk=wish.pk).update(document=document)
        context = {"until_at": (now + settings.PORTAL_EXPORT_KEPT).isoformat()}
        notify(
            user=wish.user,
            kind="data_copy_ready",
            key=f"data_copy:{wish.public_id}",
            context=context,
            now=now,
            channels=every_channel(wish.user),
        )
    return True


def _kept(wish: DataExport, content: bytes, *, now: datetime) -> Document:
    document = Document(
        owner=wish.user,
        purpose=Document.Purpose.EXPORT,
        about=wish.public_id,
        form=Document.Form.ZIP,
        added_at=now,
        erase_at=now + settings.PORTAL_EXPORT_KEPT,
    )
    document.name = f"{brand()['name']}-{now:%Y-%m-%d}.zip"
    return documents.keep(document, content)


def content_of(user: User) -> bytes:
    """Return the ZIP of one person, in the active language."""
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as place, ZipFile(place, "w", ZIP_DEFLATED) as copy:
        contents = [(_write_rows(copy, rows, user), rows) for rows in EVERYTHING if rows.told]
        _write_invoices(copy, user)
        missing = list(_write_documents(copy, user))
        copy.writestr(_("READ ME") + ".txt", _explanation([rows for count, rows in contents if count], missing))
        copy.close()
        place.seek(0)
        return place.read()


def _write_rows(copy: ZipFile, rows: Rows, user: User) -> int:
    """Write the rows of one model as they come from the database, and no file where there is none."""
    found = rows.belonging_to(user)
    if not found.exists():
        return 0
    names = rows.told.split()
    with copy.open(rows.file, "w") as file:
        return _write_list(file, (_told(row, names) for row in _with_related(found, names).iterator(ROWS_AT_ONCE)))


def _write_list(file: IO[bytes], rows: Iterator[dict[str, Any]]) -> int:
    count = 0
    for count, row in enumerate(rows, start=1):
        file.write(b"[\n" if count == 1 else b",\n")
        file.write(json.dumps(row, ensure_ascii=False, indent=1, default=_in_json).encode())
    file.write(b"\n]\n")
    return count


def _with_related(found: "QuerySet[Model]", names: list[str]) -> "QuerySet[Model]":
    relations = [field.name for field in found.model._meta.concrete_fields if field.remote_field]  # noqa: SLF001
    return found.select_related(*[name for name in relations if name in names])


def _told(row: Model, names: list[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _in_json(value: object) -> object:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return getattr(value, "public_id", str(value))


def _write_invoices(copy: ZipFile, user: User) -> None:
    for invoice in Invoice.objects.filter(owner=user).order_by("pk").iterator(ROWS_AT_ONCE):
        copy.writestr(f"{_('invoices')}/{invoice_pdf.file_name(invoice)}", invoice_pdf.draw(invoice))


def _write_documents(copy: ZipFile, user: User) -> Iterator[str]:
    """Write what they sent; yield the names of files that could not be read."""
    sent = Document.objects.owned_by(user).exclude(purpose=Document.Purpose.EXPORT).order_by("pk")
    for document in sent:
        try:
            copy.writestr(f"{_('documents')}/{document.public_id}-{document.name}", documents.opened(document))
        except FileLost:
            yield document.name


def _explanation(written: list[Rows], missing: list[str]) -> str:
    name = brand()["name"]
    lines = [
        _("Everything that %(operator)s keeps about you in its portal.") % {"operator": name},
        "",
        _(
            "Each file with .json holds rows of one kind. Amounts are in the smallest unit of their currency, data in bytes, times in UTC."
        ),
        _("Passwords, keys and codes are not in it: whoever has them could act as you."),
        "",
        *(f"{rows.file}: {rows.model_class._meta.verbose_name_plural}" for rows in written),  # noqa: SLF001
    ]
    if missing:
        lines += ["", _("Could not be read, ask support for them:"), *missing]
    return "\n".join(lines) + "\n"


def _named(wish: DataExport) -> dict[str, object]:
    return {"export": wish.public_id}
