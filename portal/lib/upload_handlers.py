"""Receiving files: in memory only, on the pages that ask for one, and no more than is allowed.

Django's own handlers would write what is larger to the disk, in clear, before any page has seen who sends it.
"""

from typing import IO, TYPE_CHECKING, Any, cast

from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, StopFutureHandlers, StopUpload

from portal.lib.uploads import MOST_BYTES

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.urls import ResolverMatch

ROOM_FOR_FIELDS = 256 * 1024
PIECE = 64 * 1024
READ_TO_ITS_END = 8 * MOST_BYTES
"""A browser shows our answer only when it has sent everything: that is waited for where it isn't far off."""


class BoundedUploadHandler(FileUploadHandler):
    """Takes one file a form. `request.upload_too_large` tells the page of what was not taken.

    Sees the announced length before the first byte of a file; the fields before it are read, the token among them.
    """

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: dict[str, str],  # noqa: ARG002, N803 - Django's name
        content_length: int,
        boundary: str,  # noqa: ARG002
        encoding: str | None = None,  # noqa: ARG002
    ) -> None:
        self.body, self.announced = input_data, content_length

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.parts: list[bytes] = []
        self.length = 0
        match = getattr(self.request, "resolver_match", None)
        user = getattr(self.request, "user", None)
        if match is None or user is None or not _may_send(user, match):
            raise SkipFile
        if self.announced > MOST_BYTES + ROOM_FOR_FIELDS:
            self._refuse()
        raise StopFutureHandlers

    def receive_data_chunk(self, raw_data: bytes, _start: int) -> bytes | None:
        self.length += len(raw_data)
        if self.length > MOST_BYTES:
            self._refuse()
        self.parts.append(raw_data)
        return None

    def file_complete(self, _file_size: int) -> UploadedFile[Any] | None:
        content, self.parts = b"".join(self.parts), []
        return SimpleUploadedFile(self.file_name or "", content, self.content_type or "")

    def _refuse(self) -> None:
        setattr(cast("HttpRequest", self.request), "upload_too_large", True)  # noqa: B010
        # By hand: Django would read it by lines, and a file can be one line.
        while self.announced <= READ_TO_ITS_END and self.body.read(PIECE):
            pass
        raise StopUpload(connection_reset=True)


def _may_send(user: Any, match: "ResolverMatch") -> bool:
    """Tell whether the page asks this person for a file; of the staff site, the pages that take sheets in."""
    if match.app_name == "admin":
        return bool(user.is_staff) and (match.url_name or "").endswith("_import")
    return bool(user.is_authenticated) and getattr(match.func, "takes_files", False)
