"""Reading what a stranger posts: never more than is allowed, whatever length was announced."""

from collections.abc import Callable

from django.http import HttpRequest


class UnreadableBody(Exception):
    """The body breaks off, or its chunks are none."""


class BodyTooLarge(Exception):
    """There is more than is allowed; what was read of it is gone."""


def read_body(request: HttpRequest, *, most: int) -> bytes:
    """Return the body, of `most` bytes at most; raises UnreadableBody or BodyTooLarge."""
    body = reader_of(request)(most + 1)
    if len(body) > most:
        raise BodyTooLarge
    return body


def reader_of(request: HttpRequest) -> Callable[[int], bytes]:
    """Return what reads so many bytes of the body, for a body too long to be held; it raises UnreadableBody."""
    # Django takes a body sent in chunks for an empty one; where the server says that it ends, it can be read.
    in_chunks = not request.META.get("CONTENT_LENGTH") and request.META.get("wsgi.input_terminated")
    source = request.META["wsgi.input"] if in_chunks else request

    def read(size: int) -> bytes:
        try:
            part: bytes = source.read(size)
        except Exception as error:  # every server has its own word for chunks that are none
            raise UnreadableBody from error
        return part

    return read
