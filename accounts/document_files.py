"""The files behind documents: each encrypted under its own key, in a folder that no address leads to."""

import logging
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from accounts.models import Document
from portal.lib.crypto import DecryptionFailed, decrypt_file, encrypt_file

logger = logging.getLogger(__name__)

UNFINISHED = ".part"
LOOKED_UP_AT_ONCE = 500


class FileLost(Exception):
    """The file is not there, or not what was written: its disk, or a backup, needs staff."""


def new_place() -> str:
    """Return under which name a new file goes; it tells nothing of the row."""
    return secrets.token_hex(24)


def write(document: Document, content: bytes) -> None:
    """Write the file of a row that is not saved yet; it is whole, or not there."""
    place = _path(document.stored_as)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = place.with_suffix(UNFINISHED)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(encrypt_file(content, key=document.file_key, context=_context(document)))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(place)


def read(document: Document) -> bytes:
    """Return what was written; raises FileLost."""
    try:
        sealed = _path(document.stored_as).read_bytes()
        return decrypt_file(sealed, key=document.file_key, context=_context(document))
    except (OSError, DecryptionFailed) as error:
        logger.exception("A document's file can't be read: %s", document.public_id)
        raise FileLost from error


def remove(stored_as: str) -> None:
    _path(stored_as).unlink(missing_ok=True)


def remove_strays(*, older_than_seconds: float) -> int:
    """Remove files that no row keeps: a process died between the file and its row, or between its row and the file."""
    old = time.time() - older_than_seconds
    removed = 0
    for paths in _in_batches(older_than=old):
        kept = Document.objects.kept().filter(stored_as__in=[path.name for path in paths])
        known = set(kept.values_list("stored_as", flat=True))
        for path in paths:
            if path.name not in known:
                path.unlink(missing_ok=True)
                removed += 1
    return removed


def _in_batches(*, older_than: float) -> Iterator[list[Path]]:
    batch: list[Path] = []
    for path in _folder().glob("??/*"):
        if path.stat().st_mtime < older_than:
            batch.append(path)
        if len(batch) == LOOKED_UP_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _folder() -> Path:
    return Path(settings.PORTAL_DOCUMENTS_DIR)


def _path(stored_as: str) -> Path:
    return _folder() / stored_as[:2] / stored_as


def _context(document: Document) -> str:
    return f"document:{document.public_id}:{document.stored_as}"
