"""Text messages through a provider: a real HTTP request to a server that plays one."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import override

from accounts import sms
from accounts.adapter import AccountAdapter
from accounts.models import OutboxMessage
from accounts.sms import SmsNotSent


class Provider(HTTPServer):
    """Takes messages until it is told to refuse."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Desk)
        self.taken, self.answer = [], 200


class Desk(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, json.loads(body)["message"]))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def provider(settings):
    server = Provider()
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    settings.SMS_BACKEND = f"json://127.0.0.1:{server.server_port}/?method=POST"
    yield server
    server.shutdown()
    server.server_close()


def test_provider_gets_the_text_and_the_number(provider):
    sms.chosen().send(to="+14155550101", text="Hello")

    assert provider.taken == [("/+14155550101", "Hello")]


def test_refusal_of_the_provider_is_an_error(provider):
    provider.answer = 500

    with pytest.raises(SmsNotSent):
        sms.chosen().send(to="+14155550101", text="Hello")


def test_outbox_keeps_the_text(db, settings):
    settings.SMS_BACKEND = "outbox"

    sms.chosen().send(to="+14155550101", text="Hello")

    message = OutboxMessage.objects.get()
    assert (message.channel, message.recipient, message.body) == ("sms", "+14155550101", "Hello")


def test_no_provider_sends_nothing_and_says_so(settings):
    settings.SMS_BACKEND = ""

    with pytest.raises(SmsNotSent):
        sms.chosen().send(to="+14155550101", text="Hello")
    assert not sms.is_configured()


def test_unknown_provider_is_refused_without_its_secret(settings):
    settings.SMS_BACKEND = "pigeon://user:secret@coop"

    with pytest.raises(ImproperlyConfigured) as refusal:
        sms.chosen()
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(("language", "limit"), [("en", 160), ("zh-hans", 70), ("zh-hant", 70)])
@pytest.mark.parametrize("name", ["send_unknown_account_sms", "send_account_already_exists_sms"])
def test_texts_fit_into_one_message(db, settings, language, limit, name):
    settings.SMS_BACKEND = "outbox"
    with override(language):
        getattr(AccountAdapter(), name)("+14155550101")
        AccountAdapter().send_verification_code_sms(phone="+14155550101", code="123456", user=None)

    lengths = [len(message.body) for message in OutboxMessage.objects.all()]
    assert len(lengths) == 2
    assert max(lengths) <= limit
