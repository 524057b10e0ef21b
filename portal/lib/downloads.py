"""Files that a page hands out."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header


def download(content: bytes, *, name: str, content_type: str) -> HttpResponse:
    """Return an answer that the browser saves under `name` and that nobody in between keeps."""
    return HttpResponse(content, content_type=content_type, headers=headers_to_save(name))


def headers_to_save(name: str) -> dict[str, str]:
    """Return what tells a browser to save under `name`, and everybody in between to keep nothing."""
    headers = {"Cache-Control": "private, no-store"}
    if disposition := content_disposition_header(as_attachment=True, filename=name):
        headers["Content-Disposition"] = disposition
    return headers
