"""Staff pay a balance out in dialogs, and write down the transfer that no card takes."""

import pytest
from django.contrib.messages import get_messages

from billing.models import LedgerAccount, Payout
from billing.payouts import NothingToPayOut
from portal.lib.money import Money
from tests.admin.dialogs import dialog, helper, told
from tests.billing.books import fund

pytestmark = pytest.mark.django_db

WISH = {"amount": "5.00", "reason": "Moves away; her bank account is in ticket 4711"}


@pytest.fixture
def wallet(subscriber):
    """US$5.00 of Ada's that no card had paid in."""
    fund(subscriber, Money(500, "USD"))
    return LedgerAccount.objects.get(owner=subscriber)


@pytest.fixture
def ask_first(settings):
    settings.PORTAL_REFUND_APPROVAL_ABOVE = {"USD": Money(499, "USD")}


def test_the_dialog_offers_all_of_it(as_staff, wallet):
    page = as_staff.get(f"/admin/billing/ledgeraccount/{wallet.pk}/pay-out/").content.decode()

    assert "At most all of it: US$5.00." in page
    assert 'value="5.00"' in page


def test_a_balance_is_paid_out_and_its_transfer_written_down(as_staff, staff, wallet):
    answer = dialog(as_staff, wallet, "pay-out", **WISH)
    (told,) = get_messages(answer.wsgi_request)
    assert str(told) == "Now transfer US$5.00 at your bank, and write down its reference on the page of the payout."

    dialog(as_staff, Payout.objects.get(), "transfer", reference="SEPA 4711")

    payout = Payout.objects.get()
    assert (payout.state, payout.reference, payout.requested_by) == ("done", "SEPA 4711", staff)


def test_what_the_bank_sends_back_is_balance_again(as_staff, wallet):
    dialog(as_staff, wallet, "pay-out", **WISH)

    dialog(as_staff, Payout.objects.get(), "put-back", why="No such account")

    wallet.refresh_from_db()
    assert (Payout.objects.get().state, wallet.balance) == ("returned", 500)


@pytest.mark.parametrize("wrong", [{"reason": ""}, {"amount": "0"}, {"amount": "all"}, {"amount": "-5"}])
def test_without_a_reason_or_an_amount_it_is_asked_again(as_staff, wallet, wrong):
    answer = dialog(as_staff, wallet, "pay-out", **{**WISH, **wrong})

    assert "HX-Refresh" not in answer.headers
    assert not Payout.objects.exists()


def test_who_asked_may_not_approve_and_somebody_else_may(client, as_staff, wallet, ask_first):
    dialog(as_staff, wallet, "pay-out", **WISH)
    payout = Payout.objects.get()
    assert (payout.state, dialog(as_staff, payout, "approve").status_code) == ("requested", 403)

    client.force_login(second := helper("approve_payout", "view_payout"))
    dialog(client, payout, "approve")

    payout.refresh_from_db()
    assert (payout.state, payout.decided_by) == ("to_transfer", second)


def test_a_refusal_says_why(client, as_staff, wallet, ask_first):
    dialog(as_staff, wallet, "pay-out", **WISH)
    client.force_login(helper("approve_payout", "view_payout"))

    dialog(client, Payout.objects.get(), "refuse", why="She stays")

    assert (Payout.objects.get().state, Payout.objects.get().refusal) == ("refused", "She stays")


@pytest.mark.parametrize("powers", [(), ("view_payout", "approve_payout", "view_ledgeraccount", "add_leftover")])
def test_without_the_permission_nobody_pays_out(client, wallet, powers):
    client.force_login(helper(*powers))

    assert dialog(client, wallet, "pay-out", **WISH).status_code == 403
    assert not Payout.objects.exists()


def test_it_is_offered_where_there_is_a_balance_of_somebody_who_stays(as_staff, wallet):
    ours = LedgerAccount.objects.get(kind="gateway")

    pages = [as_staff.get(f"/admin/billing/ledgeraccount/{one.pk}/change/") for one in (wallet, ours)]

    assert ["/pay-out/" in page.content.decode() for page in pages] == [True, False]


def test_who_pays_out_what_a_colleague_just_paid_out_reads_so(as_staff, wallet):
    dialog(as_staff, wallet, "pay-out", **WISH)

    assert told(dialog(as_staff, wallet, "pay-out", **WISH))[-1] == NothingToPayOut.sentence
    assert Payout.objects.count() == 1
