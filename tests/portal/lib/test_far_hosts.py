"""Where nothing may be posted to, and what is posted where it may: a listener counts who connects."""

import socket
import threading
from contextlib import contextmanager, suppress

import pytest

from portal.lib import far_hosts
from portal.lib.far_hosts import AddressRefused, check_url, is_public, post
from portal.lib.http import NoAnswer, NoConnection

INSIDE = [
    "127.0.0.1", "127.9.9.9", "0.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "100.100.100.200", "192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "168.63.129.16",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
    "::ffff:a00:1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::", "::127.0.0.1", "2001:db8::1",
]  # fmt: skip
OUTSIDE = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"]


class Listener:
    """Counts connections, and answers each with what it is told to."""

    def __init__(self, answer=b"HTTP/1.1 204 No Content\r\n\r\n"):
        self.answer, self.connections, self.seen = answer, 0, b""
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def serve(self):
        while True:
            try:
                connection, _who = self.socket.accept()
            except OSError:
                return
            with connection:
                self.connections += 1
                while not self.seen.endswith(b"}") and (part := connection.recv(65536)):
                    self.seen += part
                connection.sendall(self.answer)


@contextmanager
def listening(**options):
    listener = Listener(**options)
    thread = threading.Thread(target=listener.serve)
    thread.start()
    try:
        yield listener
    finally:
        listener.socket.shutdown(socket.SHUT_RDWR)
        listener.socket.close()
        thread.join()


@pytest.fixture
def listener():
    with listening() as one:
        yield one


def leading_to(monkeypatch, *answers):
    """Have every name lead to these addresses, one answer a look-up; return the look-ups that were made."""
    asked, waiting, real = [], list(answers), socket.getaddrinfo

    def look_up(host, port, *args, **options):
        if host[0].isdigit():
            return real(host, port, *args, **options)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in waiting.pop(0)]

    monkeypatch.setattr(far_hosts.socket, "getaddrinfo", look_up)
    return asked


def test_no_address_of_the_inside_is_public():
    assert [address for address in INSIDE if is_public(address)] == []
    assert [address for address in OUTSIDE if not is_public(address)] == []


HERE = ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "0", "[::]"]


def test_nothing_connects_to_this_machine(listener):
    for host in HERE:
        with pytest.raises((AddressRefused, NoConnection)):
            post(f"https://{host}:{listener.port}/", b"{}", {})

    assert listener.connections == 0


NO_ADDRESSES = [
        "http://example.com/", "file:///etc/passwd", "gopher://example.com/", "ftp://example.com/", "//example.com/",
        "https://", "https:///x", "https://user@example.com/", "https://a:b@example.com/", "https://example.com/#x",
        "https://example.com:99999/", "https://exa mple.com/", "https://example.com\\@evil/", "https://[::1/",
        "https://exam\nple.com/", "https://例え.jp/", "javascript:alert(1)", "",
]  # fmt: skip


def test_only_https_addresses_in_plain_letters_are_taken():
    for url in NO_ADDRESSES:
        with pytest.raises(AddressRefused):
            check_url(url)


def test_a_name_is_looked_up_once_and_what_it_leads_to_later_changes_nothing(listener, monkeypatch):
    # First a public address, for whoever checks; then this machine, for whoever connects.
    asked = leading_to(monkeypatch, ["203.0.114.1"], ["127.0.0.1"])
    monkeypatch.setattr(far_hosts, "CONNECT_SECONDS", 0.01)

    with pytest.raises((NoConnection, NoAnswer)):
        post(f"https://rebinding.example:{listener.port}/", b"{}", {})

    assert asked == ["rebinding.example"]
    assert listener.connections == 0


def test_one_private_address_among_public_ones_is_refused(listener, monkeypatch):
    leading_to(monkeypatch, ["1.1.1.1", "127.0.0.1"])

    with pytest.raises(AddressRefused):
        post(f"https://both.example:{listener.port}/", b"{}", {})

    assert listener.connections == 0


def test_control_without_the_check_this_machine_is_reached(listener):
    answer = post(f"http://localhost:{listener.port}/hook?a=b", b'{"x": 1}', {"X-Test": "yes"}, anywhere=True)

    assert (answer.status, listener.connections) == (204, 1)
    assert listener.seen.startswith(b"POST /hook?a=b HTTP/1.1\r\n")
    assert f"Host: localhost:{listener.port}".encode() in listener.seen
    assert listener.seen.endswith(b'{"x": 1}')


def test_a_redirect_is_an_answer_and_leads_nowhere(listener):
    to = f"HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:{listener.port}/\r\nContent-Length: 0\r\n\r\n".encode()
    with listening(answer=to) as first:
        answer = post(f"http://localhost:{first.port}/", b"{}", {}, anywhere=True)

    assert (answer.status, first.connections, listener.connections) == (307, 1, 0)


def test_an_endless_answer_is_cut_off():
    with listening(answer=b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 300_000) as endless:
        answer = post(f"http://localhost:{endless.port}/", b"{}", {}, anywhere=True)

    assert len(answer.body) == far_hosts.MOST_READ


class Dripping:
    """A host that begins an answer and goes on byte by byte, for five seconds or until it is hung up on."""

    def __init__(self, *, begins, pause=0.05):
        self._begins, self._pause = begins, pause
        self._over = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._drip)
        self._end = threading.Timer(5, self._over.set)
        self.url = f"http://localhost:{self._server.getsockname()[1]}"

    def __enter__(self):
        self._thread.start()
        self._end.start()
        return self

    def __exit__(self, *_error):
        self._over.set()
        self._end.cancel()
        self._thread.join()
        self._server.close()

    @property
    def is_over(self):
        return self._over.is_set()

    def _drip(self):
        connection, _who = self._server.accept()
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(self._begins)
            while not self._over.wait(self._pause):
                connection.sendall(b"x")


@pytest.mark.parametrize("begins", [b"", b"HTTP/1.1 200 OK\r\nX-Drip: "], ids=["status", "header"])
@pytest.mark.slow
def test_a_host_that_drips_before_it_answers_is_hung_up_on(monkeypatch, begins):
    """Each byte keeps the socket busy, and a worker with it: a few such messages, and nothing is renewed any more."""
    monkeypatch.setattr(far_hosts, "TOTAL_SECONDS", 0.3)
    with Dripping(begins=begins) as host:
        with suppress(NoAnswer):
            post(host.url, b"{}", {}, anywhere=True)
        was_left = not host.is_over

    assert was_left


@pytest.mark.slow
def test_a_host_that_answers_and_drips_is_left_with_its_answer(monkeypatch):
    """Whenever we hang up: a byte that comes just then makes an error of the end of a connection."""
    monkeypatch.setattr(far_hosts, "TOTAL_SECONDS", 0.1)
    for _ in range(20):
        with Dripping(begins=b"HTTP/1.1 200 OK\r\n\r\n", pause=0.002) as host:
            answer = post(host.url, b"{}", {}, anywhere=True)
            was_left = not host.is_over

        assert (answer.status, was_left) == (200, True)


def test_a_host_that_breaks_off_gave_no_answer():
    with listening(answer=b"") as silent, pytest.raises(NoAnswer):
        post(f"http://localhost:{silent.port}/", b"{}", {}, anywhere=True)
