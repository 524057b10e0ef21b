"""What runs low is bought by itself: once a dip, for the agreed price, whatever happens in between."""

from datetime import timedelta

import pytest
from django.core.management import call_command

from accounts.models import Notification
from billing import disputes, expiry, ledger, paying, reconciliation, taking_back, tasks, top_up_rules, top_up_run
from billing.invariants import broken_invariants
from billing.models import Agreement, Charge, Order, PaymentMethod, Refund, Subscription, TopUpRule
from billing.renewal_orders import ClaimLost
from billing.top_up_orders import intend
from billing.top_up_verdicts import judge
from esim.models import Allowance, Line, ServiceState
from plans.models import Plan, PlanPrice
from portal.lib.data_size import GB
from portal.lib.money import Money
from tests import make
from tests.billing.books import buy, fund, paid_order, pay

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LATER = 20 * MINUTE
State = TopUpRule.State


@pytest.fixture
def rule(line, pack, running):
    """Buys 5 GB when 20 % or less is left."""
    return make.make_top_up_rule(line=line, plan=pack)


@pytest.fixture
def balance_rule(subscriber):
    """Adds US$20.00 when less than US$5.00 is left."""
    return make.make_balance_rule(owner=subscriber)


@pytest.fixture
def run(gateway, carrier, now):
    """Run the tick at a moment, now unless told otherwise."""
    return lambda at=now: top_up_run.top_up_low(gateways={gateway.name: gateway}, carrier=carrier, now=at)


def standing(rule):
    rule.refresh_from_db()
    return rule.state, rule.next_index, rule.reason


def told():
    return list(Notification.objects.order_by("pk").values_list("kind", flat=True))


def use_up(running):
    """Let the network report that everything was used, packs included."""
    for one in Allowance.objects.filter(line=running.line):
        Allowance.objects.filter(pk=one.pk).update(used_bytes=one.data_bytes)


def test_a_rule_turned_off_since_it_was_judged_takes_nothing_out_of_the_balance(rule, subscriber, now):
    TopUpRule.objects.update(pay_from="wallet")
    fund(subscriber, Money(600, "USD"))
    claimed = top_up_run.claim(TopUpRule.objects.watching(now), now=now, limit=1)
    [verdict] = judge(claimed, now=now)
    top_up_rules.turn_off(rule=rule, actor=subscriber, ip=None, now=now)

    with pytest.raises(ClaimLost):
        intend(verdict, now=now)

    assert (Order.objects.count(), ledger.wallet_balance(subscriber, "USD")) == (0, Money(600, "USD"))


def take_out(order, carrier, now):
    taking_back.undo(order=order, goes_to=Refund.Destination.PAYER, ip=None, carrier=carrier, within=DAY, now=now)


def test_whoever_takes_their_money_out_of_the_balance_is_not_charged_for_it_again(
    balance_rule, credit, run, gateway, carrier, now
):
    take_out(credit, carrier, now + MINUTE)

    run(now + 2 * MINUTE)
    run(now + DAY)

    assert standing(balance_rule) == (State.PAUSED, 1, "skipped")
    assert len(gateway.taken) == 1, "the money that was added by hand"


def test_agreed_to_again_it_adds_money_as_it_says(balance_rule, credit, run, gateway, carrier, now):
    take_out(credit, carrier, now + MINUTE)
    Agreement.objects.update(agreed_at=now + 2 * MINUTE)

    run(now + 3 * MINUTE)

    assert len(gateway.taken) == 2


def test_what_was_low_before_money_was_taken_out_is_made_up_for(
    balance_rule, credit, line, plan, run, gateway, carrier, subscriber, now
):
    TopUpRule.objects.update(low_amount=3000)

    take_out(credit, carrier, now + MINUTE)
    run(now + 2 * MINUTE)

    assert len(gateway.taken) == 2


def test_balance_that_a_dispute_froze_is_not_made_up_for_from_the_card(
    balance_rule, credit, run, gateway, subscriber, now
):
    charge = credit.charges.get()
    dispute_id = gateway.dispute(charge.gateway_payment_id)
    disputes.record(charge=charge, report=gateway.look_up_dispute(dispute_id), now=now)
    assert ledger.wallet_balance(subscriber, "USD") == Money(0, "USD")

    run()

    assert standing(balance_rule) == (State.PAUSED, 1, "disputed")
    assert Charge.objects.count() == 1


def test_nothing_is_bought_that_ends_within_the_hour_unless_the_next_period_is_paid(
    rule, run, running, line, plan, now
):
    Allowance.objects.update(ends_at=now + 30 * MINUTE)
    run()
    assert not Order.objects.exists()

    following = make.make_allowance(line=line, plan=plan, starts_at=now + 30 * MINUTE, ends_at=now + 30 * DAY)
    run(now + MINUTE)

    assert Order.objects.get().ends_at == following.ends_at


def test_low_data_buys_the_pack_agreed_to(rule, run, gateway, line, pack, now):
    run()

    order = Order.objects.get()
    assert len(gateway.taken) == 1
    assert (order.kind, order.state, order.total) == (Order.Kind.TOP_UP, Order.State.FULFILLED, Money(600, "USD"))
    assert (order.trigger, order.agreement) == (Order.Trigger.LOW_DATA, rule.agreement)
    assert (order.top_up_rule, order.top_up_index, order.line, order.plan) == (rule, 1, line, pack)
    assert Allowance.objects.filter(line=line, is_data_pack=True).get().data_bytes == 5 * GB
    assert standing(rule) == (State.ACTIVE, 2, "bought")
    assert told() == ["order_fulfilled"]
    assert broken_invariants(now=now) == {}


def test_a_tick_run_twice_buys_once(rule, run, gateway, now):
    run()
    run()
    run(now + LATER)

    assert len(gateway.taken) == 1
    assert Order.objects.count() == Charge.objects.count() == 1


@pytest.mark.parametrize(("used_gb", "bought"), [(7, 0), (8, 1), (10, 1), (12, 1)])
def test_the_mark_counts_all_that_runs(rule, run, running, gateway, used_gb, bought):
    Allowance.objects.filter(pk=running.pk).update(used_bytes=used_gb * GB)

    run()

    assert len(gateway.taken) == bought


def test_a_second_pack_counts_towards_what_is_left(rule, run, running, line, pack, gateway):
    make.make_allowance(line=line, plan=pack, is_data_pack=True, data_bytes=5 * GB)

    run()

    assert gateway.taken == []


@pytest.mark.parametrize(
    "change",
    [
        {"data_bytes": None, "daily_cap_bytes": GB, "throttled_kbps": 512},
        {"ends_at": make.NOW},
        {"starts_at": make.NOW + DAY},
        {"taken_back_at": make.NOW},
        {"is_data_pack": True},
    ],
    ids=["unlimited", "ended", "not begun", "taken back", "no plan"],
)
def test_without_a_running_plan_with_a_limit_there_is_nothing_to_watch(rule, run, running, gateway, change):
    Allowance.objects.filter(pk=running.pk).update(**change)

    run()

    assert gateway.calls == []


@pytest.mark.parametrize("state", [ServiceState.SUSPENDED, ServiceState.TERMINATED])
def test_a_line_out_of_service_buys_nothing(rule, run, line, gateway, state):
    Line.objects.filter(pk=line.pk).update(service_state=state)

    run()

    assert gateway.calls == []


def test_a_line_that_is_being_ended_buys_nothing(rule, run, line, gateway, now):
    Line.objects.update(service_change="terminating", service_change_until=now + DAY)

    run()

    assert gateway.calls == []


def test_the_next_pack_waits_until_the_last_one_is_in_use(rule, run, running, gateway, now):
    Plan.objects.filter(pk=rule.plan_id).update(data_bytes=GB)
    TopUpRule.objects.update(consent_terms={**rule.consent_terms, "data_bytes": GB})
    Allowance.objects.filter(pk=running.pk).update(used_bytes=10 * GB)
    run()

    run(now + LATER)
    assert len(gateway.taken) == 1, "1 of 11 GB is low, but nobody has used it yet"

    Allowance.objects.filter(is_data_pack=True).update(used_bytes=1)
    run(now + LATER)
    assert len(gateway.taken) == 2


def test_usage_reported_late_does_not_buy_twice(rule, run, running, gateway, now):
    run()
    use_up(running)

    run(now + 9 * MINUTE)
    assert len(gateway.taken) == 1

    run(now + LATER)
    assert len(gateway.taken) == 2


def test_while_a_pack_is_bought_by_hand_no_other_is_bought(rule, run, line, pack, gateway, carrier, now):
    by_hand = buy(line, pack, kind=Order.Kind.TOP_UP, price=Money(600, "USD"))

    run()
    assert gateway.taken == []

    expiry.end_unpaid(order=by_hand, state=Order.State.EXPIRED, gateways={gateway.name: gateway}, now=now)
    run()
    assert len(gateway.taken) == 1


def test_a_delivery_under_way_keeps_the_next_purchase_back(rule, run, running, gateway, carrier, now):
    carrier.losing.add("grant")
    run()
    use_up(running)

    run(now + LATER)

    assert len(gateway.taken) == 1
    assert standing(rule) == (State.IN_FLIGHT, 1, "being_delivered")


def test_a_lost_answer_stays_in_flight_until_the_gateway_is_asked(rule, run, gateway, now):
    gateway.losing.add("charge_saved")
    run()
    assert standing(rule) == (State.IN_FLIGHT, 1, "in_doubt")

    gateway.losing.clear()
    later = now + LATER
    reconciliation.reconcile_charges(gateway=gateway, now=later)
    run(later)

    assert len(gateway.taken) == 1
    assert Order.objects.get().state == Order.State.FULFILLED
    assert standing(rule) == (State.ACTIVE, 2, "bought")


@pytest.mark.parametrize("crash_in", ["judge", "_intend", "_carry_out"])
def test_a_crash_between_two_steps_is_made_good(rule, run, gateway, now, monkeypatch, crash_in):
    def crash(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(top_up_run, crash_in, crash)
        with pytest.raises(KeyboardInterrupt):
            run()
    for minutes in (11, 12):
        run(now + minutes * MINUTE)

    assert len(gateway.taken) == Order.objects.count() == 1
    assert standing(rule) == (State.ACTIVE, 2, "bought")


def test_one_bad_row_does_not_stop_the_others(rule, run, gateway, subscriber, pack, monkeypatch):
    other = make.make_line(owner=subscriber)
    make.make_profile(line=other)
    make.make_allowance(line=other, used_bytes=10 * GB)
    make.make_top_up_rule(line=other, plan=pack)
    plain = top_up_run.intend

    def fail_for_first(verdict, **rest):
        if verdict.rule.pk == rule.pk:
            raise ValueError("bad row")
        return plain(verdict, **rest)

    monkeypatch.setattr(top_up_run, "intend", fail_for_first)
    run()

    assert Order.objects.get().line == other
    assert standing(rule)[0] == State.IN_FLIGHT


def test_a_refusal_is_told_at_once_and_climbs_the_ladder(rule, run, gateway, now):
    gateway.outcomes[rule.method.reference] = "insufficient_funds"
    at, seen = now, []
    for _attempt in range(6):
        run(at)
        rule.refresh_from_db()
        seen.append(rule.wait_until and rule.wait_until - now)
        at = rule.wait_until or at

    assert seen == [timedelta(hours=6), DAY, 3 * DAY, 5 * DAY, 7 * DAY, None]
    assert standing(rule) == (State.PAUSED, 1, "declined:insufficient_funds")
    assert told() == ["top_up_declined", "top_up_declined"]
    assert Order.objects.get().expires_at == now + 7 * DAY, "it ends with its ladder"


def test_a_no_to_the_payers_own_try_is_no_rung(rule, run, gateway, now):
    gateway.down.add("charge_saved")
    run()
    gateway.down.clear()
    order = Order.objects.get()
    gateways = {gateway.name: gateway}
    paying.begin_another_way(
        order=order, method=None, card_consent=None, gateway=gateway, gateways=gateways, now=now + MINUTE
    )
    pay(order.charges.latest("pk"), gateway=gateway, answer="lost_card", now=now + 2 * MINUTE)

    run(now + LATER)
    run(now + LATER)

    assert len(gateway.taken) == 1
    assert standing(rule) == (State.ACTIVE, 2, "bought")


def test_nothing_is_tried_between_two_rungs(rule, run, gateway, now):
    gateway.outcomes[rule.method.reference] = "insufficient_funds"
    run()
    run(now + timedelta(hours=5))

    assert Charge.objects.count() == 1


@pytest.mark.parametrize("code", ["stolen_card", "needs_action"])
def test_a_card_that_will_not_pay_by_itself_pauses_the_rule(rule, run, gateway, now, code):
    gateway.outcomes[rule.method.reference] = code
    run()
    run(now + DAY)

    assert standing(rule)[0] == State.PAUSED
    assert Charge.objects.count() == 1
    assert told() == ["top_up_declined"]


def test_a_refused_order_paid_by_hand_ends_the_dunning(rule, run, gateway, carrier, now):
    gateway.outcomes[rule.method.reference] = "authentication_required"
    run()
    pay(make_page_charge(Order.objects.get(), now), gateway=gateway, now=now)
    run(now + MINUTE)

    top_up_run.orders.fulfil(order_id=Order.objects.get().pk, carrier=carrier, now=now + MINUTE)
    run(now + 2 * MINUTE)

    assert standing(rule) == (State.ACTIVE, 2, "")
    assert len(gateway.taken) == Order.objects.count() == 1


def test_a_refused_order_paid_by_hand_ends_no_pause_by_staff(rule, run, running, gateway, carrier, now):
    gateway.outcomes[rule.method.reference] = "insufficient_funds"
    run()
    rule.refresh_from_db()
    by_staff = {"rule": rule, "actor": make.make_user(is_staff=True), "ip": None, "now": now + MINUTE}
    assert top_up_rules.pause(reason="They asked us to stop.", **by_staff)
    pay(make_page_charge(Order.objects.get(), now), gateway=gateway, now=now)
    top_up_run.orders.fulfil(order_id=Order.objects.get().pk, carrier=carrier, now=now + MINUTE)

    run(now + 2 * MINUTE)
    assert standing(rule) == (State.PAUSED, 1, "They asked us to stop.")

    assert top_up_rules.resume(reason="They asked us to go on.", **by_staff)
    gateway.outcomes.clear()
    use_up(running)
    for minute in range(3):
        run(now + DAY + minute * MINUTE)
    assert len(gateway.taken) == Order.objects.count() == 2


def make_page_charge(order, now):
    return top_up_run.charges.start_charge(order=order, gateway_name="sandbox", now=now)


def test_data_bought_by_hand_ends_the_dunning_and_frees_the_balance(rule, run, gateway, line, now):
    TopUpRule.objects.update(pay_from=Subscription.PayFrom.WALLET_THEN_METHOD)
    fund(line.owner, Money(100, "USD"))
    gateway.outcomes[rule.method.reference] = "insufficient_funds"
    run()
    assert not ledger.wallet_balance(line.owner, "USD")

    make.make_allowance(line=line, plan=rule.plan, is_data_pack=True, data_bytes=5 * GB)
    run(now + MINUTE)
    expiry.expire_unpaid_orders(gateways={gateway.name: gateway}, now=now + MINUTE)

    assert standing(rule) == (State.ACTIVE, 1, "")
    assert Order.objects.get().state == Order.State.EXPIRED
    assert ledger.wallet_balance(line.owner, "USD") == Money(100, "USD")


def test_balance_first_and_the_card_for_the_rest(rule, run, gateway, line):
    TopUpRule.objects.update(pay_from=Subscription.PayFrom.WALLET_THEN_METHOD)
    fund(line.owner, Money(250, "USD"))

    run()

    order = Order.objects.get()
    assert (order.wallet_part, order.to_charge) == (Money(250, "USD"), Money(350, "USD"))
    assert gateway.payments[gateway.taken[0]].money == Money(350, "USD")
    assert not ledger.wallet_balance(line.owner, "USD")


def test_a_balance_that_is_too_low_is_a_refusal(rule, run, gateway):
    TopUpRule.objects.update(pay_from=Subscription.PayFrom.WALLET, method=None)

    run()

    assert standing(rule) == (State.ACTIVE, 1, "declined:balance_too_low")
    assert not Order.objects.exists()
    assert told() == ["top_up_declined"]


def raise_price(rule, now):
    PlanPrice.objects.create(plan=rule.plan, currency="USD", amount=700, valid_from=now)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (raise_price, "price_changed"),
        (lambda rule, _now: Plan.objects.filter(pk=rule.plan_id).update(data_bytes=GB), "terms_changed"),
        (lambda rule, _now: Plan.objects.filter(pk=rule.plan_id).update(is_active=False), "not_on_sale"),
        (lambda _rule, now: PaymentMethod.objects.update(removed_at=now), "method_removed"),
    ],
    ids=["price", "terms", "sale", "card"],
)
def test_what_is_no_longer_as_agreed_is_not_bought(rule, run, gateway, now, change, reason):
    change(rule, now)

    run()
    run(now + DAY)

    assert gateway.calls == []
    assert standing(rule) == (State.PAUSED, 1, reason)
    assert told() == ["top_up_paused"]


def test_a_purchase_called_off_is_not_made_again(rule, run, gateway, now):
    gateway.outcomes[rule.method.reference] = "insufficient_funds"
    run()
    expiry.cancel_order(order=Order.objects.get(), gateways={gateway.name: gateway}, now=now)

    run(now + DAY)

    assert standing(rule) == (State.PAUSED, 2, "skipped")
    assert Charge.objects.count() == 1


def test_a_pack_given_back_is_not_bought_again(rule, run, line, gateway, now):
    run()
    Order.objects.update(state=Order.State.REFUNDED)
    Allowance.objects.filter(is_data_pack=True).update(taken_back_at=now)

    run(now + LATER)
    assert len(gateway.taken) == 1
    assert standing(rule) == (State.PAUSED, 3, "skipped")

    TopUpRule.objects.update(state=State.ACTIVE)
    run(now + DAY)
    assert len(gateway.taken) == 2, "resumed, it buys as the next purchase"


def test_what_the_network_refuses_is_paid_back_and_pauses_the_rule(rule, run, carrier, line, now):
    carrier.refusing = {"grant": "no_capacity"}

    run()

    assert standing(rule) == (State.PAUSED, 2, "undeliverable")
    assert ledger.wallet_balance(line.owner, "USD") == Money(600, "USD")
    assert broken_invariants(now=now) == {}


def test_turned_off_while_being_charged_finishes_that_and_buys_no_more(rule, run, running, gateway, subscriber, now):
    gateway.losing.add("charge_saved")
    run()
    top_up_rules.turn_off(rule=rule, actor=subscriber, ip=None, now=now)

    gateway.losing.clear()
    reconciliation.reconcile_charges(gateway=gateway, now=now + LATER)
    run(now + LATER)
    use_up(running)
    run(now + DAY)

    assert Order.objects.get().state == Order.State.FULFILLED
    assert len(gateway.taken) == 1
    assert standing(rule)[:2] == (State.ACTIVE, 2)


def test_low_balance_adds_money_from_the_card_once(balance_rule, run, gateway, subscriber, now):
    fund(subscriber, Money(499, "USD"))

    run()
    run(now + LATER)

    order = Order.objects.get()
    assert (order.kind, order.trigger, order.state) == ("credit", "low_balance", Order.State.FULFILLED)
    assert ledger.wallet_balance(subscriber, "USD") == Money(2499, "USD")
    assert len(gateway.taken) == 1
    assert standing(balance_rule) == (State.ACTIVE, 2, "bought")
    assert told() == ["money_added"]


@pytest.mark.parametrize(("left", "added"), [(500, 0), (499, 1), (0, 1)])
def test_the_balance_is_low_below_the_mark(balance_rule, run, gateway, subscriber, left, added):
    if left:
        fund(subscriber, Money(left, "USD"))
    fund(subscriber, Money(100000, "EUR"))

    run()

    assert len(gateway.taken) == added


def test_while_money_is_added_by_hand_none_is_added(balance_rule, run, gateway, subscriber, now):
    make.make_order(owner=subscriber, kind=Order.Kind.CREDIT, amount=1000)

    run()

    assert gateway.taken == []


def test_money_is_added_before_it_is_needed_for_data(rule, balance_rule, run, gateway, line):
    TopUpRule.objects.filter(pk=rule.pk).update(pay_from=Subscription.PayFrom.WALLET, method=None)

    run()

    assert set(Order.objects.values_list("kind", "state")) == {("credit", "fulfilled"), ("top_up", "fulfilled")}
    assert ledger.wallet_balance(line.owner, "USD") == Money(1400, "USD")


def test_who_spends_from_the_balance_is_looked_at_at_once(balance_rule, line, plan, now, time_machine):
    time_machine.move_to(now, tick=False)
    order = paid_order(line, plan)

    tasks.fulfil_order(order_id=order.pk)

    assert Order.objects.filter(trigger=Order.Trigger.LOW_BALANCE, top_up_rule=balance_rule).exists()


def test_a_run_by_hand_says_what_it_would_do_and_did(rule, capsys, time_machine, now):
    time_machine.move_to(now, tick=False)

    call_command("top_up_low", "--dry-run")
    assert "would charge" in (foretold := capsys.readouterr().out)
    assert f"{rule.public_id}, {rule.line}" in foretold
    assert not Order.objects.exists()

    call_command("top_up_low")
    assert rule.public_id in capsys.readouterr().out
    assert Order.objects.exists()
