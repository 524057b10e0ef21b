"""Files that a page hands out."""

from csp.constants import HEADER
from django.http import HttpResponse
from django.utils.http import content_disposition_header

SANDBOX = "default-src 'none'; sandbox"


def foreign_download(content: bytes, *, name: str, content_type: str) -> HttpResponse:
    """Return a file that somebody uploaded: should a browser show it after all, nothing in it can run or load."""
    response = download(content, name=name, content_type=content_type)
    response.headers[HEADER] = SANDBOX
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def download(content: bytes, *, name: str, content_type: str) -> HttpResponse:
    """Return an answer that the browser saves under `name` and that nobody in between keeps."""
    return HttpResponse(content, content_type=content_type, headers=headers_to_save(name))


def headers_to_save(name: str) -> dict[str, str]:
    """Return what tells a browser to save under `name`, and everybody in between to keep nothing."""
    headers = {"Cache-Control": "private, no-store"}
    if disposition := content_disposition_header(as_attachment=True, filename=name):
        headers["Content-Disposition"] = disposition
    return headers
