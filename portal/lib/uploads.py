"""Files that people send: what they may be is told from what is in them, never from what they are called."""

import logging
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from threading import BoundedSemaphore
from typing import Any, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_noop

from portal.lib import remaking

logger = logging.getLogger(__name__)

MOST_BYTES = 12 * 1024**2
"""Of one file; a picture of a phone with 108 megapixels has about as many."""
SECONDS = 40
ACCEPT = "image/jpeg,image/png,image/webp,application/pdf"
"""For the browser. Without HEIC in it an iPhone sends its pictures as JPEG by itself."""

AT_ONCE = 2
_turns = BoundedSemaphore(AT_ONCE)
"""Each of these processes may take 200 MB; who comes third in one web process waits."""

NAME_LENGTH = 80
SPACES = re.compile(r"\s+")

ViewT = TypeVar("ViewT", bound=Callable[..., object])


class UploadRefused(Exception):
    """What is wrong with the file, in a sentence for whoever sent it."""


NO_FILE = gettext_noop("Choose a file first.")
TOO_LARGE = gettext_noop("This file is too large. Send a picture or PDF of at most 12 MB.")
WRONG_TYPE = gettext_noop("Only pictures (JPEG, PNG, WebP) and PDF files can be read here.")
HEIC = gettext_noop("This picture is in the HEIC format. Save it as JPEG first, or take a new picture from this page.")
NOT_NOW = gettext_noop("This file can’t be taken at the moment. Nothing else was lost; try again in a few minutes.")
UNREADABLE = gettext_noop("This file can’t be read. It may be damaged; take a new picture or save it again.")
SENTENCES = {
    remaking.TOO_MANY_PIXELS: gettext_noop("This picture has too many pixels. Send a smaller one."),
    remaking.TOO_MANY_PAGES: gettext_noop("This PDF has too many pages. Send at most 10."),
    remaking.ENCRYPTED: gettext_noop("This PDF is locked with a password. Save it without one, or send a picture."),
}


@dataclass(frozen=True, slots=True)
class Remade:
    """A file made by us out of what the sent one showed."""

    content: bytes
    content_type: str
    pages: int


def takes_files(view: ViewT) -> ViewT:
    """Let this page be sent files; elsewhere, but where the staff site takes sheets in, they are dropped unread."""
    setattr(view, "takes_files", True)  # noqa: B010 - a function has no such attribute for mypy
    return view


def taken_from(request: HttpRequest, field: str) -> UploadedFile[Any]:
    """Return the file that was sent; raises UploadRefused where there is none, or it was too large."""
    if getattr(request, "upload_too_large", False):
        raise UploadRefused(gettext(TOO_LARGE))
    file = request.FILES.get(field)
    if file is None or not file.size:
        raise UploadRefused(gettext(NO_FILE))
    return file


def remade(upload: UploadedFile[Any]) -> Remade:
    """Return the file made anew by another process, a JPEG or a PDF of pictures; raises UploadRefused."""
    if (upload.size or 0) > MOST_BYTES:
        raise UploadRefused(gettext(TOO_LARGE))
    upload.seek(0)
    content = upload.read(MOST_BYTES + 1)
    content_type = _type_to_make(content)
    made = _made_by_another_process(content)
    if made.returncode or len(made.stdout) <= remaking.PAGES.size:
        raise UploadRefused(gettext(SENTENCES.get(made.returncode, UNREADABLE)))
    (pages,) = remaking.PAGES.unpack_from(made.stdout)
    return Remade(made.stdout[remaking.PAGES.size :], content_type, pages)


def _made_by_another_process(content: bytes) -> "subprocess.CompletedProcess[bytes]":
    if not _turns.acquire(timeout=SECONDS):
        raise UploadRefused(gettext(NOT_NOW))
    try:
        return subprocess.run(  # noqa: S603 - our own file, and nothing of the visitor's among the arguments
            [sys.executable, "-I", remaking.__file__],
            input=content,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired as error:
        raise UploadRefused(gettext(UNREADABLE)) from error
    except OSError as error:
        logger.exception("An uploaded file could not be made anew")
        raise UploadRefused(gettext(NOT_NOW)) from error
    finally:
        _turns.release()


def shown_name(upload: UploadedFile[Any], *, content_type: str) -> str:
    """Return the name to show: the last part of the one that was sent, without what could mislead, and our ending."""
    last = (upload.name or "").replace("\\", "/").rpartition("/")[2]
    plain = "".join(sign if unicodedata.category(sign)[0] not in "CZ" else " " for sign in last)
    stem = SPACES.sub(" ", PurePosixPath(plain).stem).strip(" .") or "document"
    return f"{stem[: NAME_LENGTH - 4]}{'.pdf' if content_type == 'application/pdf' else '.jpg'}"


def _type_to_make(content: bytes) -> str:
    if content.startswith(b"%PDF-"):
        return "application/pdf"
    if content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (content[:4], content[8:12]) == (
        b"RIFF",
        b"WEBP",
    ):
        return "image/jpeg"
    is_heic = content[4:8] == b"ftyp" and content[8:12] in {b"heic", b"heix", b"mif1", b"heim", b"hevc"}
    raise UploadRefused(gettext(HEIC if is_heic else WRONG_TYPE))
