"""Staff clear what closed accounts left behind in dialogs: with a reason, and above a limit two of them."""

import pytest

from accounts.models import AccountClosing
from billing.leftovers import NothingToClear
from billing.models import LedgerAccount, Leftover
from portal.lib.money import Money
from tests import make
from tests.admin.dialogs import dialog, helper, told
from tests.billing.books import NOW, fund

pytestmark = pytest.mark.django_db

WISH = {"way": "by_hand", "reason": "To her bank, 21 Nov, ref. 4711"}

NOT_ALLOWED = "Nothing was changed: its state does not allow it."


@pytest.fixture
def wallet(subscriber):
    """US$5.00 of a closed account that no card had paid in."""
    fund(subscriber, Money(500, "USD"))
    ended = {"state": "closed", "closes_at": NOW, "look_at": NOW, "ended_at": NOW}
    AccountClosing.objects.create(user=subscriber, **ended)
    return LedgerAccount.objects.get(owner=subscriber)


@pytest.fixture
def ask_first(settings):
    settings.PORTAL_REFUND_APPROVAL_ABOVE = {"USD": Money(499, "USD")}


def test_the_dialog_says_how_much_it_is_about(as_staff, wallet):
    page = as_staff.get(f"/admin/billing/ledgeraccount/{wallet.pk}/clear/").content.decode()

    assert "All of it: US$5.00." in page


def test_a_balance_is_cleared_with_a_reason(as_staff, staff, wallet):
    answer = dialog(as_staff, wallet, "clear", **WISH)

    leftover = Leftover.objects.get()
    assert answer.headers["HX-Refresh"] == "true"
    assert (leftover.state, leftover.way, leftover.reason) == ("cleared", "by_hand", WISH["reason"])
    assert leftover.requested_by == staff


@pytest.mark.parametrize("wrong", [{"reason": ""}, {"way": ""}, {"way": "for_me"}, {"reason": "x" * 301}])
def test_without_a_reason_or_a_way_it_is_asked_again(as_staff, wallet, wrong):
    answer = dialog(as_staff, wallet, "clear", **{**WISH, **wrong})

    assert "HX-Refresh" not in answer.headers
    assert not Leftover.objects.exists()


def test_it_is_offered_only_where_something_was_left_behind(as_staff, wallet):
    open_one = make.make_user()
    fund(open_one, Money(500, "USD"))
    theirs = LedgerAccount.objects.get(owner=open_one)

    pages = [as_staff.get(f"/admin/billing/ledgeraccount/{one.pk}/change/") for one in (wallet, theirs)]

    assert [f"/{wallet.pk}/clear/" in pages[0].content.decode(), "/clear/" in pages[1].content.decode()] == [
        True,
        False,
    ]
    assert told(dialog(as_staff, theirs, "clear", **WISH)) == [NothingToClear.sentence]
    assert not Leftover.objects.exists()


def test_who_clears_what_a_colleague_just_cleared_reads_that_it_was_done(as_staff, wallet):
    dialog(as_staff, wallet, "clear", **WISH)

    assert told(dialog(as_staff, wallet, "clear", **WISH))[-1] == NothingToClear.sentence
    assert Leftover.objects.count() == 1


def test_who_approves_what_a_colleague_just_refused_reads_so(client, as_staff, wallet, ask_first):
    dialog(as_staff, wallet, "clear", **WISH)
    leftover = Leftover.objects.get()
    client.force_login(helper("approve_leftover", "view_leftover"))
    dialog(client, leftover, "refuse", why="She wrote to us")

    answer = dialog(client, leftover, "approve")

    leftover.refresh_from_db()
    assert told(answer)[-1] == NOT_ALLOWED
    assert leftover.state == "refused"


def test_who_asked_may_not_approve_and_somebody_else_may(client, as_staff, wallet, ask_first):
    dialog(as_staff, wallet, "clear", **WISH)
    leftover = Leftover.objects.get()
    assert leftover.state == "requested"
    assert dialog(as_staff, leftover, "approve").status_code == 403

    client.force_login(second := helper("approve_leftover", "view_leftover"))
    dialog(client, leftover, "approve")

    leftover.refresh_from_db()
    assert (leftover.state, leftover.decided_by) == ("cleared", second)


def test_refusing_says_why(client, as_staff, wallet, ask_first):
    dialog(as_staff, wallet, "clear", **WISH)
    client.force_login(helper("approve_leftover", "view_leftover"))

    dialog(client, Leftover.objects.get(), "refuse", why="She wrote to us")

    assert (Leftover.objects.get().state, Leftover.objects.get().refusal) == ("refused", "She wrote to us")


@pytest.mark.parametrize("powers", [(), ("view_leftover", "approve_leftover", "view_ledgeraccount")])
def test_without_the_permission_nobody_clears(client, wallet, powers):
    client.force_login(helper(*powers))

    assert dialog(client, wallet, "clear", **WISH).status_code == 403
    assert not Leftover.objects.exists()


def test_without_the_permission_nobody_approves(client, as_staff, wallet, ask_first):
    dialog(as_staff, wallet, "clear", **WISH)
    client.force_login(helper("add_leftover", "view_leftover", "change_leftover"))

    assert dialog(client, Leftover.objects.get(), "approve").status_code == 403
