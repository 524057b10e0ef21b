"""Whatever the hand or the line does to a form: one order, one charge."""

import re

import pytest

from billing.models import Charge, Order
from tests.journeys.steps import await_confirmed

pytestmark = pytest.mark.browser
FORM = "Object.fromEntries(new FormData(document.querySelector('main form[method=post]')))"


@pytest.fixture
def check_page(signed_in):
    """The check page of a renewal that a kept card pays."""
    signed_in.get_by_role("article", name="Berlin").get_by_role("link", name="Renew").click()
    signed_in.get_by_role("button", name="Continue").click()
    signed_in.wait_for_url(re.compile("plan="))
    return signed_in


@pytest.fixture
def bought_before(portal):
    return Order.objects.count(), Charge.objects.count()


def assert_bought_once(bought_before):
    orders, charges = bought_before
    assert (Order.objects.count(), Charge.objects.count()) == (orders + 1, charges + 1)
    assert Order.objects.latest("created_at").state == Order.State.FULFILLED


def test_clicked_twice_is_bought_once(bought_before, check_page):
    check_page.get_by_role("button", name=re.compile("^Renew for")).dblclick()

    await_confirmed(check_page)
    assert_bought_once(bought_before)


def test_sent_again_after_the_answer_got_lost_is_bought_once(bought_before, check_page):
    form = check_page.evaluate(FORM)
    check_page.request.post(check_page.url, form=form, headers={"Referer": check_page.url}, max_redirects=0)

    check_page.get_by_role("button", name=re.compile("^Renew for")).click()

    await_confirmed(check_page)
    assert_bought_once(bought_before)


def test_going_back_and_forward_buys_nothing(bought_before, check_page):
    check_page.get_by_role("radio", name="Another card").check()
    check_page.get_by_role("button", name=re.compile("^Renew for")).click()
    check_page.wait_for_url(re.compile("/sandbox/pay/"))
    check_page.get_by_role("radio", name=re.compile("4242")).check()
    check_page.get_by_role("button", name=re.compile("^Pay ")).click()
    await_confirmed(check_page)

    check_page.go_back()
    check_page.go_forward()
    check_page.reload()

    await_confirmed(check_page)
    assert_bought_once(bought_before)
