"""What people are told about their orders."""

import pytest

from accounts.letters import write_email, write_sms
from accounts.models import Notification
from billing import charges
from billing.models import Order
from billing.orders import fulfil
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, buy, paid_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(subscriber):
    """Ada, who reads notices in London."""
    subscriber.time_zone = "Europe/London"
    subscriber.save()
    return subscriber


def written(reader):
    """Return subject, body and SMS of the only notice, as Ada gets them."""
    notice = Notification.objects.get()
    letter = write_email(kind=notice.kind, user=reader, context=notice.context)
    return letter.subject, letter.body, write_sms(kind=notice.kind, user=reader, context=notice.context)


def test_a_renewal_says_until_when(line, plan, carrier, reader):
    fulfil(order_id=paid_order(line, plan).pk, carrier=carrier, now=NOW)

    subject, body, sms = written(reader)

    order = Order.objects.get()
    assert subject == f"{line} is renewed until 21 Dec 2026"
    assert body.startswith(f"{line} is renewed until 21 Dec 2026 with Europe 10 GB.\n\nPaid: US$14.90.")
    assert f"/orders/{order.public_id}/receipt/" in body
    assert sms == f"{line} is renewed until 21 Dec 2026."


def test_a_new_line_says_where_to_install_it(line, plan, carrier, reader):
    order = paid_order(line, plan, kind=Order.Kind.NEW_LINE, line=None, owner=reader)
    fulfil(order_id=order.pk, carrier=carrier, now=NOW)

    subject, body, sms = written(reader)

    assert subject == "Your new line is ready: Europe 10 GB"
    assert "valid until 21 Dec 2026" in body
    assert "FAKE" not in body + sms


def test_a_top_up_says_what_was_added(line, carrier, reader):
    make.make_allowance(line=line)
    order = paid_order(line, make.make_data_pack(), kind=Order.Kind.TOP_UP)
    fulfil(order_id=order.pk, carrier=carrier, now=NOW)

    subject, body, sms = written(reader)

    assert subject == f"{line}: 5 GB more added"
    assert "It can be used until 11 Dec 2026." in body
    assert sms == f"{line}: 5 GB more added."


def test_an_undeliverable_order_says_where_the_money_is(line, plan, carrier, reader):
    carrier.refusing = {"grant": "no_capacity"}
    fulfil(order_id=paid_order(line, plan).pk, carrier=carrier, now=NOW)

    subject, body, sms = written(reader)

    assert subject == "Your order could not be delivered: US$14.90 is back in your balance"
    assert body.startswith("US$14.90 is back in your balance")
    assert "no_capacity" not in body + sms


def test_added_money_says_how_much(line, gateway, reader):
    order = buy(line, None, kind=Order.Kind.CREDIT, line=None, price=Money(2000, "USD"))
    pay(order.charges.get(), gateway)

    subject, body, sms = written(reader)

    assert subject == "US$20.00 added to your balance"
    assert body.startswith("US$20.00 was added to your balance.")
    assert sms == "US$20.00 was added to your balance."


def test_a_late_payment_says_that_it_is_not_lost(line, plan, gateway, reader):
    order = buy(line, plan)
    Order.objects.update(state="expired")
    pay(order.charges.get(), gateway)

    subject, body, sms = written(reader)

    assert subject == "A payment of US$14.90 came too late and is in your balance"
    assert body.startswith("Your payment of US$14.90 is in your balance")
    assert len(sms) < 160


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant"])
def test_a_plan_is_named_in_the_readers_language(language, line, carrier, reader):
    reader.language = language
    plan = make.make_plan(name_zh_hans="欧洲 10 GB 简", name_zh_hant="歐洲 10 GB 繁")
    fulfil(order_id=paid_order(line, plan).pk, carrier=carrier, now=NOW)

    _subject, body, _sms = written(reader)

    assert {"zh-hans": "欧洲 10 GB 简", "zh-hant": "歐洲 10 GB 繁"}[language] in body


def pay(charge, gateway):
    charges.open_page(charge=charge, gateway=gateway, return_url="/back/", locale="en", now=NOW)
    gateway.bank_says(charge.gateway_payment_id, "paid")
    result = gateway.look_up(payment_id=charge.gateway_payment_id, key="")
    charges.settle(charge_id=charge.pk, result=result, now=NOW)
