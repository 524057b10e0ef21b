"""Several ticks at once on one referral: it is credited once, and without the lock the constraint still holds."""

import logging
from datetime import timedelta

import pytest

from accounts import referrals
from billing import ledger, referral_credits
from billing.models import LedgerEntry, ReferralCredit
from portal.lib.money import Money
from tests import make
from tests.billing.books import NOW, delivered
from tests.fakes.crowd import slowed, together

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

WITHIN = timedelta(days=14)
CROWD = 10


@pytest.fixture
def referrer(subscriber, plan, gateway, carrier):
    """Ada, whose friend has kept the first purchase."""
    make.make_reward()
    make.make_referral_code(owner=subscriber, code="comewithme")
    friend = make.make_user()
    referrals.join(newcomer=friend, code="comewithme", device="", now=NOW)
    line = make.make_line(owner=friend)
    make.make_profile(line=line)
    delivered(line, plan, gateway=gateway, carrier=carrier)
    return subscriber


def settle_together():
    with slowed("billing_referralcredit", "INSERT", seconds=0.05):
        together(CROWD, lambda _: referral_credits.settle_referrals(within=WITHIN, now=NOW + WITHIN))


def test_settled_by_many_it_is_credited_once(referrer, caplog):
    settle_together()

    assert ledger.wallet_balance(referrer, "USD") == Money(500, "USD")
    assert LedgerEntry.objects.filter(kind="rewarded").count() == 2
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


def test_control_without_the_lock_only_the_constraint_is_left(referrer, caplog, monkeypatch):
    monkeypatch.setattr(referral_credits, "_is_open", lambda _referral: True)

    settle_together()

    assert [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert ReferralCredit.objects.count() == 1
