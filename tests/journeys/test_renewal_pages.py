"""The pages of auto-renewal, of rules for what runs low and of requests for help: whole, narrow, dark and in Chinese."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.tickets import reply
from billing.models import Order, Subscription
from billing.question_links import token_for
from plans.terms import PlanTerms
from tests import make
from tests.journeys.renewing import DAY, keep_card, tick
from tests.journeys.test_accessibility import complaints_in_both_themes, too_wide

pytestmark = pytest.mark.browser


@pytest.fixture
def addresses(renewing, staff):
    """The address of each page, on four lines whose auto-renewals stand each in another way."""
    owner, card = renewing.owner, renewing.card
    pack = make.make_data_pack(name_zh_hans="加 5 GB")
    for rule in (
        make.make_top_up_rule(line=renewing.line, plan=pack, method=card),
        make.make_balance_rule(owner=owner),
    ):
        assert rule.is_on
    renewing.runs(ends_in=9 * DAY, used_gb=9)
    second = keep_card(owner, "4444")
    renewing.subscribed(ends_in=9 * DAY, due_in=8 * DAY, backup_method=second, max_times=2, max_amount=4000)
    question = another(renewing, ends_in=2 * DAY, mode=Subscription.Mode.ASK)
    declined = another(renewing, ends_in=DAY, method=keep_card(owner, "0341"))
    suspended = another(
        renewing, ends_in=-9 * DAY, state="paused", reason="declined:lost_card", suspend_due_at=renewing.now
    )
    order = bought(renewing, pack)
    for job in ("renew_due", "suspend_unpaid"):
        tick(job)
    ticket = make.make_ticket(owner=owner, about=[renewing.line.public_id], now=renewing.now)
    reply(ticket=ticket, text="Switch it off and on again.\n\nThen write.", key="on", staff=staff, now=renewing.now)
    line = f"/lines/{renewing.line.public_id}/"
    wishes = f"plan={renewing.plan.public_id}&source={card.public_id}"
    paths = [
        line,
        f"{line}auto-renewal/",
        f"{line}auto-renewal/?{wishes}&max_amount=x",
        f"{line}auto-renewal/off/",
        f"{line}low-data/",
        "/billing/low-balance/",
        "/billing/methods/",
        reverse("billing:question", args=[token_for(question, period_index=question.period_index)]),
        f"/lines/{question.line.public_id}/auto-renewal/",
        f"/lines/{declined.line.public_id}/",
        f"/lines/{declined.line.public_id}/auto-renewal/",
        f"/lines/{suspended.line.public_id}/",
        f"/orders/{order.public_id}/why/",
        "/help/tickets/",
        "/help/tickets/new/",
        f"/help/tickets/{ticket.public_id}/",
        "/settings/",
    ]
    return [f"{renewing.portal}{path}" for path in paths]


def another(renewing, *, ends_in, **fields):
    """Make another line of the same owner, with an auto-renewal that is due."""
    line = make.make_line(owner=renewing.owner, nickname="The tablet of the children in the old car"[:40])
    make.make_profile(line=line, download_state="enabled")
    ends_at = renewing.now + ends_in
    make.make_allowance(line=line, plan=renewing.plan, starts_at=ends_at - 30 * DAY, ends_at=ends_at)
    fields.setdefault("method", renewing.card)
    return make.make_subscription(
        line=line, plan=renewing.plan, anchor_at=ends_at - 30 * DAY, charge_due_at=renewing.now, **fields
    )


def bought(renewing, pack):
    """Make the order of a rule that bought a pack yesterday."""
    rule, at = renewing.line.top_up_rules.get(), renewing.now - DAY
    order = make.make_order(
        owner=renewing.owner,
        line=renewing.line,
        plan=pack,
        plan_terms=PlanTerms.of(pack).to_json(),
        kind=Order.Kind.TOP_UP,
        trigger=Order.Trigger.LOW_DATA,
        agreement=rule.agreement,
        top_up_rule=rule,
        top_up_index=1,
        amount=600,
        state=Order.State.FULFILLED,
        created_at=at,
        expires_at=at + timedelta(hours=1),
        starts_at=at,
        ends_at=renewing.now + 9 * DAY,
        **dict.fromkeys(("paid_at", "accepted_at", "sent_at", "confirmed_at"), at),
    )
    make.make_charge(order=order, method=renewing.card, created_at=at, settled_at=at)
    return order


@pytest.mark.parametrize(("width", "language"), [(390, "zh-hans"), (1280, "en")])
def test_they_have_no_complaints(page, renewing, addresses, width, language):
    type(renewing.owner).objects.filter(pk=renewing.owner.pk).update(language=language)
    page.set_viewport_size({"width": width, "height": 844})

    assert {page.request.get(address).status for address in addresses} == {200}
    assert complaints_in_both_themes(page, addresses) == {}
    assert page.locator("html").get_attribute("lang") == language


@pytest.mark.parametrize("language", ["en", "zh-hant"])
def test_they_never_scroll_sideways(page, renewing, addresses, language):
    type(renewing.owner).objects.filter(pk=renewing.owner.pk).update(language=language)

    assert too_wide(page, addresses) == []
