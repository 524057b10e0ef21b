"""What people upload, from the check of a file to its end.

Other modules hold `Document` rows and come through here for everything else: `store`, `opened`, `keep_until`, `erase`.
"""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext

from accounts import audit, document_files
from accounts.models import Document, DocumentQuerySet, User
from portal.lib.crypto import new_file_key
from portal.lib.due_rows import in_pages
from portal.lib.one_by_one import one_by_one
from portal.lib.ticks import InTime, always
from portal.lib.uploads import NOT_NOW, UploadRefused, remade, shown_name

logger = logging.getLogger(__name__)

MOST_A_DAY = 60
"""Of one person: decoding costs us more than sending costs them."""
STRAY_AFTER = timedelta(hours=6)


def store(
    *,
    owner: User,
    purpose: Document.Purpose,
    upload: UploadedFile[Any],
    now: datetime,
    about: str = "",
    erase_at: datetime | None = None,
) -> Document:
    """Check the file by what is in it, make it anew, and keep that encrypted; raises UploadRefused with a sentence.

    `about` is the public id of what it belongs to. Without `erase_at` it is erased like a draft nobody finished:
    who takes it into use says with `keep_until` how long. Not for a transaction: it starts a process and writes a file.
    """
    if Document.objects.filter(owner=owner, added_at__gt=now - timedelta(days=1)).count() >= MOST_A_DAY:
        raise UploadRefused(gettext("You have sent many files today. Send the next one tomorrow."))
    made = remade(upload)
    document = Document(
        owner=owner,
        purpose=purpose,
        about=about,
        form=made.content_type,
        pages=made.pages,
        added_at=now,
        erase_at=erase_at or now + settings.PORTAL_DRAFT_KEPT,
    )
    document.name = shown_name(upload, content_type=made.content_type)
    try:
        return keep(document, made.content)
    except OSError as error:
        logger.exception("A document could not be written")
        raise UploadRefused(gettext(NOT_NOW)) from error


def keep(document: Document, content: bytes) -> Document:
    """Encrypt what the portal made itself, or made anew, under a key of its own, and add the row of it."""
    document.size_bytes, document.stored_as = len(content), document_files.new_place()
    document.file_key = new_file_key()
    document_files.write(document, content)
    document.save(force_insert=True)
    return document


def opened(document: Document) -> bytes:
    """Return the file in clear, for its owner; raises FileLost."""
    return document_files.read(document)


def opened_by_staff(document: Document, *, staff: User, reason: str, ip: str | None, now: datetime) -> bytes:
    """Return the file in clear for somebody of the staff; reason and name go on record before it is read."""
    detail = {"reason": reason, "about": document.about}
    _record("document.opened_by_staff", document, actor=staff, detail=detail, ip=ip, now=now)
    return document_files.read(document)


def opened_by_owner(document: Document, *, ip: str | None, now: datetime) -> bytes:
    """Return the file in clear for its owner, who finds that in the trail of the account."""
    _record("document.opened", document, actor=document.owner, detail={}, ip=ip, now=now)
    return document_files.read(document)


def keep_until(documents: DocumentQuerySet, moment: datetime | None) -> int:
    """Keep these until `moment`, or as long as what they are about is under way; return how many."""
    return documents.kept().update(erase_at=moment)


def erase(document: Document, *, now: datetime, by: User | None = None) -> bool:
    """Forget the key, then remove the file; False where it was erased before.

    From the first step on nobody can read it; a file that stays behind is removed as a stray.
    """
    gone = {"data_key_ciphertext": "", "name_ciphertext": "", "erased_at": now}
    with transaction.atomic():
        if not Document.objects.kept().filter(pk=document.pk).update(**gone):
            return False
        _record("document.erased", document, actor=by, detail={"about": document.about}, ip=None, now=now)
        # With the key back after a rollback, the file must be there as well.
        transaction.on_commit(partial(document_files.remove, document.stored_as))
    return True


def erase_due(*, now: datetime, in_time: InTime = always) -> int:
    """Erase what is due, and files that no row keeps; return how many documents."""
    done = 0
    for page in in_pages(Document.objects.due(now), order=("erase_at", "id")):
        done += sum(one_by_one(page, lambda row: erase(row, now=now), what="Erasing a document", about=_named))
        if not in_time():
            return done
    document_files.remove_strays(older_than_seconds=STRAY_AFTER.total_seconds())
    return done


def _named(document: Document) -> dict[str, object]:
    return {"document": document.public_id}


def _record(
    action: str, document: Document, *, actor: User | None, detail: dict[str, str], ip: str | None, now: datetime
) -> None:
    audit.record(
        actor=actor, subject=document.owner, action=action, target=document.public_id, detail=detail, ip=ip, now=now
    )
