"""Files that a page hands out."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header


def download(content: bytes, *, name: str, content_type: str) -> HttpResponse:
    """Return an answer that the browser saves under `name` and that nobody in between keeps."""
    headers = {"Cache-Control": "private, no-store"}
    if disposition := content_disposition_header(as_attachment=True, filename=name):
        headers["Content-Disposition"] = disposition
    return HttpResponse(content, content_type=content_type, headers=headers)
