"""Receiving files: only where one is asked for, from whom is signed in, and never more than is allowed."""

import io

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.handlers.wsgi import WSGIRequest
from django.urls import ResolverMatch, resolve

from portal.lib.upload_handlers import READ_TO_ITS_END
from portal.lib.uploads import MOST_BYTES, UploadRefused, taken_from, takes_files

HEAD = b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\n7\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
TAIL = b"\r\n--b--\r\n"
IMPORT = "/admin/esim/simcard/import/"


class Endless(io.RawIOBase):
    """A body of any length that is made while it is read."""

    def __init__(self, length):
        self.left, self.read_so_far = length, 0

    def read(self, size=-1):
        part = HEAD if not self.read_so_far else b"x" * min(size, self.left)
        self.read_so_far += len(part)
        self.left -= len(part)
        return part


@takes_files
def wanting(request): ...


def not_wanting(request): ...


def request_for(view, body, length, *, user):
    environ = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "multipart/form-data; boundary=b", "wsgi.input": body}
    request = WSGIRequest({**environ, "CONTENT_LENGTH": str(length), "SERVER_NAME": "x", "SERVER_PORT": "80"})
    request.resolver_match, request.user = ResolverMatch(view, (), {}), user
    return request


def request_for_staff_page(address, body, *, user):
    request = request_for(None, io.BytesIO(body), len(body), user=user)
    request.resolver_match = resolve(address)
    return request


def test_a_file_arrives_in_memory(subscriber):
    body = HEAD + b"x" * 4_000_000 + TAIL
    request = request_for(wanting, io.BytesIO(body), len(body), user=subscriber)

    assert taken_from(request, "file").size == 4_000_000
    assert not hasattr(taken_from(request, "file"), "temporary_file_path")
    assert request.POST["key"] == "7"


@pytest.mark.parametrize("length", [2 * 1024**3, READ_TO_ITS_END + MOST_BYTES])
def test_of_two_gigabytes_only_the_beginning_is_read(length, subscriber):
    body = Endless(length)
    request = request_for(wanting, body, length, user=subscriber)

    with pytest.raises(UploadRefused):
        taken_from(request, "file")
    assert request.POST["key"] == "7"
    assert body.read_so_far < 1_000_000


def test_what_is_a_little_too_large_is_read_and_dropped(subscriber):
    length = MOST_BYTES + 1_000_000
    body = Endless(length)
    request = request_for(wanting, body, length, user=subscriber)

    with pytest.raises(UploadRefused):
        taken_from(request, "file")
    assert body.left == 0


def test_a_page_that_asks_for_no_file_gets_none(subscriber):
    body = HEAD + b"x" * 1000 + TAIL
    request = request_for(not_wanting, io.BytesIO(body), len(body), user=subscriber)

    assert not request.FILES
    assert request.POST["key"] == "7"


def test_nobody_sends_files_before_signing_in(rf):
    body = HEAD + b"x" * 1000 + TAIL
    assert not request_for(wanting, io.BytesIO(body), len(body), user=AnonymousUser()).FILES


def test_a_sheet_with_pins_is_taken_in_memory(staff):
    sheet = request_for_staff_page(IMPORT, HEAD + b"x" * 4_000_000 + TAIL, user=staff).FILES["file"]

    assert sheet.size == 4_000_000
    assert not hasattr(sheet, "temporary_file_path")


def test_nor_does_the_staff_site_take_more_than_is_allowed(staff):
    request = request_for_staff_page(IMPORT, HEAD + b"x" * (MOST_BYTES + 1) + TAIL, user=staff)

    assert not request.FILES
    assert request.upload_too_large


def test_the_staff_site_takes_nothing_from_others(subscriber):
    body = HEAD + b"x" * 1000 + TAIL

    assert not request_for_staff_page(IMPORT, body, user=AnonymousUser()).FILES
    assert not request_for_staff_page(IMPORT, body, user=subscriber).FILES


def test_pages_of_the_staff_site_that_take_no_sheet_get_none(staff):
    body = HEAD + b"x" * 1000 + TAIL

    assert not request_for_staff_page("/admin/esim/simcard/", body, user=staff).FILES
