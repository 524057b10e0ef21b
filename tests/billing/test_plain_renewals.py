"""Renewals in sets leave the rows that renewals one by one leave, and only plain ones go in sets."""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from threading import Barrier, Event, current_thread

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from billing import orders, plain_renewals, plain_terms, plain_writes, reconciliation, renewals, saved_cards, withdrawn
from billing.invariants import broken_invariants
from billing.models import Charge, Order, Subscription
from billing.plain_search import find_plain
from billing.plain_terms import OnSale
from billing.renewal_claims import Claimed
from billing.schedule import lead
from esim.carriers.base import CarrierRefused
from esim.models import Allowance, Line, ServiceState, SimProfile
from plans.models import Plan
from plans.terms import PlanTerms
from portal.lib.periods import boundary
from tests import make
from tests.billing.books import NOW, paid_order
from tests.fakes.carrier import FakeCarrier
from tests.fakes.crowd import slowed, together
from tests.fakes.gateway import FakeGateway

pytestmark = pytest.mark.postgresql
racing = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)
WORLDS = {
    "days": {},
    "months in Berlin, told in Chinese by SMS too": {
        "plan": {"period_unit": "month", "period_count": 1, "prices": {"EUR": 990}, "name_zh_hans": "欧洲"},
        "line": {"time_zone": "Europe/Berlin", "nickname": 'The "blue" one: c:\\ %s {x}'},
        "owner": {"language": "zh-hans", "notify_by_sms": True, "phone": "+4915112345678", "phone_verified": True},
        "anchor": datetime(2026, 1, 31, 12, tzinfo=UTC),
        "index": 10,
    },
    "quarters in Taipei, in the night": {
        "plan": {"period_unit": "month", "period_count": 3, "prices": {"TWD": 30000}, "voice_minutes": 60},
        "line": {"time_zone": "Asia/Taipei", "nickname": ""},
        "owner": {"time_zone": "Asia/Taipei", "language": "zh-hant"},
        "anchor": datetime(2026, 8, 31, 16, tzinfo=UTC),
    },
    "two days without limit, told by nobody": {
        "plan": {"period_count": 2, "data_bytes": None, "daily_cap_bytes": 10**9, "throttled_kbps": 128},
        "line": {"nickname": "", "msisdn": ""},
        "owner": {"notify_by_email": False},
        "anchor": NOW - DAY,
    },
}


def due_renewal(world="days", **changes):
    """Make a plain renewal and return it; it is due when its `charge_due_at` comes."""
    given = WORLDS[world]
    line = make.make_line(owner=make.make_user(**given.get("owner", {})), **given.get("line", {}))
    make.make_profile(line=line)
    plan = make.make_plan(**given.get("plan", {}))
    anchor, index, price = given.get("anchor", NOW - 29 * DAY), given.get("index", 1), plan.prices.get()
    starts_at, ends_at = (boundary(anchor, plan.period, steps, line.zone) for steps in (index - 1, index))
    make.make_allowance(line=line, plan=plan, starts_at=starts_at, ends_at=ends_at)
    return make.make_subscription(
        line=line,
        plan=plan,
        **{
            "anchor_at": anchor,
            "period_index": index,
            "charge_due_at": ends_at - lead(plan.period),
            "currency": price.currency,
            "consent_amount": price.amount,
            "consent_terms": PlanTerms.of(plan).to_json(),
            **changes,
        },
    )


def renew(gateway, *, now=NOW, carrier=None, **wishes):
    return renewals.renew_due(gateways={gateway.name: gateway}, carrier=carrier or FakeCarrier(), now=now, **wishes)


def plain_among(*subscriptions, now=NOW):
    renewals.claim(Subscription.objects.due(now), now=now, limit=100)
    claimed = [Claimed(one.pk, one.plan_id) for one in subscriptions]
    return {due.row.subscription_id for due in find_plain(claimed, on_sale=OnSale(), now=now)}


def all_rows():
    """Return all rows of our apps as text; ids are told by the order in which they appear."""
    models = [
        model for app in ("accounts", "plans", "esim", "billing") for model in apps.get_app_config(app).get_models()
    ]
    rows = {model: list(model._default_manager.order_by("pk").values()) for model in models}
    places = {
        model: {row["id"]: place for place, row in enumerate(found)}
        for model, found in rows.items()
        if found and "id" in found[0]
    }
    for model, found in rows.items():
        keys = [field for field in model._meta.concrete_fields if field.is_relation and field.related_model in places]
        for row in found:
            row.update({key.attname: places[key.related_model].get(row[key.attname]) for key in keys})
            row["id"] = places.get(model, {}).get(row.get("id"))
            # They tell the moment at which they were written, whatever the tick's clock says.
            for by_clock in {"created_at", "remind_due_at"} if model is Allowance else ():
                row[by_clock] = None
    text = json.dumps({model.__name__: found for model, found in rows.items()}, default=str, indent=1, sort_keys=True)
    known: dict[str, int] = {}
    return re.sub(
        r"(?<![a-z])([a-z]{3})_[0-9a-z]{16,23}",
        lambda match: f"{match[1]}_{known.setdefault(match[0], len(known))}",
        text,
    )


@pytest.mark.django_db
@pytest.mark.parametrize("world", WORLDS)
def test_a_set_leaves_the_rows_that_one_by_one_leaves(world, monkeypatch):
    subscription = due_renewal(world)
    due_at = subscription.charge_due_at
    left, before = {}, all_rows()
    for in_sets in (True, False):
        monkeypatch.setattr(plain_renewals, "works_in_sets", lambda choice=in_sets: choice)
        with transaction.atomic():
            renew(FakeGateway(), now=due_at)
            subscription.refresh_from_db()
            assert subscription.period_index == WORLDS[world].get("index", 1) + 1
            left[in_sets] = all_rows()
            transaction.set_rollback(True)

    assert left[True].splitlines() == left[False].splitlines()
    assert before != left[True]


@pytest.mark.django_db
@pytest.mark.parametrize("in_sets", [True, False])
def test_what_is_granted_names_what_its_order_sold(in_sets, monkeypatch):
    monkeypatch.setattr(plain_renewals, "works_in_sets", lambda: in_sets)
    subscription = due_renewal()
    subscription.plan.name = "Renamed"
    subscription.plan.save()

    renew(FakeGateway())

    before, granted = Allowance.objects.order_by("pk")
    assert (before.sold.name, granted.sold.name) == ("Europe 10 GB", "Renamed")
    assert PlanTerms.of(granted.sold).to_json() == Order.objects.get().plan_terms


UNUSUAL = {
    "ask me first": lambda _one: Subscription.objects.update(mode="ask"),
    "paid from the balance": lambda _one: Subscription.objects.update(pay_from="wallet_then_method"),
    "declined before": lambda _one: Subscription.objects.update(declines=1),
    "second card's turn": lambda _one: Subscription.objects.update(uses_backup=True),
    "limited in times": lambda _one: Subscription.objects.update(max_times=5),
    "limited in money": lambda _one: Subscription.objects.update(max_amount=5000),
    "to be suspended": lambda _one: Subscription.objects.update(suspend_due_at=NOW + DAY),
    "card removed": lambda one: type(one.method).objects.update(removed_at=NOW),
    "line suspended": lambda _one: Line.objects.update(service_state=ServiceState.SUSPENDED),
    "line being changed": lambda _one: Line.objects.update(service_change="suspend", service_change_until=NOW + DAY),
    "no SIM": lambda one: one.line.profiles.update(is_current=False),
    "going over to another SIM": lambda one: make.make_replacement(
        line=one.line, old_profile=one.line.profiles.get(), state="to_install"
    ),
    "less than a card is charged": lambda one: (
        one.plan.prices.update(amount=49) and Subscription.objects.update(consent_amount=49)
    ),
    "price changed": lambda one: one.plan.prices.update(amount=2000),
    "terms changed": lambda _one: Plan.objects.update(data_bytes=1),
    "plan withdrawn": lambda _one: Plan.objects.update(is_active=False),
    "another plan bought": lambda one: make.make_allowance(line=one.line, ends_at=NOW + 9 * DAY),
    "paid time over": lambda _one: Allowance.objects.update(ends_at=NOW),
    "off the anchor": lambda _one: Allowance.objects.update(ends_at=NOW + 2 * DAY),
    "bought by hand, and being delivered": lambda one: make.make_order(
        owner=one.line.owner, line=one.line, state="fulfilling", paid_at=NOW
    ),
    "being bought by hand": lambda one: make.make_order(owner=one.line.owner, line=one.line),
    "being taken back": lambda one: make.make_order(
        owner=one.line.owner, line=one.line, state="taking_back", paid_at=NOW
    ),
    "ordered before": lambda one: make.make_order(owner=one.line.owner, form_key=f"renewal:{one.public_id}:1:0"),
    "disputed": lambda one: make.make_dispute(
        charge=make.make_charge(order=make.make_order(owner=one.line.owner, line=one.line))
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize("change", UNUSUAL)
def test_what_is_unusual_is_looked_at_one_by_one(change):
    subscription = due_renewal()
    UNUSUAL[change](subscription)

    assert plain_among(subscription) == set()


@pytest.mark.django_db
def test_control_nothing_unusual_is_plain():
    one, other = due_renewal(), due_renewal(consent_terms={})

    assert plain_among(one, other) == {one.pk, other.pk}


@pytest.mark.django_db
def test_what_leaves_the_plain_way_ends_as_it_should():
    answers = ["paid", "insufficient_funds", "stolen_card", "needs_action", "pending", "paid"]
    ones = [due_renewal() for _answer in answers]
    gateway = FakeGateway()
    gateway.outcomes = {one.method.reference: answer for one, answer in zip(ones, answers, strict=True)}

    assert renew(gateway) == 6

    standing = [(one.state, one.period_index) for one in Subscription.objects.order_by("pk")]
    assert standing == [
        ("active", 2),
        ("past_due", 1),
        ("paused", 1),
        ("paused", 1),
        ("in_flight", 1),
        ("active", 2),
    ]
    assert Allowance.objects.count() == 8
    assert broken_invariants(now=NOW) == {}


@pytest.mark.django_db
@pytest.mark.parametrize("trouble", ["refusing", "losing"])
def test_a_network_in_trouble_costs_no_time_and_no_money(trouble):
    subscription, gateway, carrier = due_renewal(), FakeGateway(), FakeCarrier()
    getattr(carrier, trouble).update({"grant": "no capacity"} if trouble == "refusing" else {"grant"})

    renew(gateway, carrier=carrier)

    subscription.refresh_from_db()
    ending = (subscription.state, subscription.reason, Order.objects.get().state)
    assert (
        ending
        == {
            "refusing": ("paused", "undeliverable", "undeliverable"),
            "losing": ("in_flight", "being_delivered", "fulfilling"),
        }[trouble]
    )
    assert broken_invariants(now=NOW) == {}


@pytest.mark.django_db
@pytest.mark.parametrize("in_sets", [True, False])
def test_a_line_that_ended_while_the_network_was_asked_gets_nothing_and_its_money_goes_back(in_sets, monkeypatch):
    monkeypatch.setattr(plain_renewals, "works_in_sets", lambda: in_sets)
    subscription, gateway, carrier = due_renewal(), FakeGateway(), FakeCarrier()
    carrier.before_answer = lambda _call: Line.objects.update(service_state=ServiceState.TERMINATED)

    renew(gateway, carrier=carrier)

    order = Order.objects.get()
    subscription.refresh_from_db()
    assert (order.state, order.note) == ("undeliverable", "The network refused: line_ended")
    assert (subscription.state, subscription.reason) == ("paused", "undeliverable")
    assert carrier.revoked == [order.public_id]
    assert not Allowance.objects.filter(granted_for=order.public_id).exists()
    assert broken_invariants(now=NOW) == {}


@pytest.mark.django_db
def test_a_sweep_asks_what_a_plan_costs_once_a_second(monkeypatch):
    plan = make.make_plan()
    on_sale = OnSale()
    with CaptureQueriesContext(connection) as queries:
        first, again = (on_sale.of({plan.pk}, now=NOW) for _batch in range(2))
    asked = [one["sql"] for one in queries if "plans_planprice" in one["sql"]]
    assert (len(asked), first) == (1, again)

    plan.prices.update(amount=2000)
    monkeypatch.setattr(plain_terms, "AT_HAND_SECONDS", 0)

    [sold] = on_sale.of({plan.pk}, now=NOW).values()
    assert sold.price.minor == 2000


@pytest.mark.django_db
def test_a_plan_that_a_later_batch_brings_is_looked_up_then():
    one, other = make.make_plan(), make.make_plan(code="other", is_active=False)
    on_sale = OnSale()

    assert {plan_id for plan_id, _currency in on_sale.of({one.pk}, now=NOW)} == {one.pk}
    assert on_sale.of({other.pk}, now=NOW) == {}
    other.is_active = True
    other.save()
    assert OnSale().of({other.pk}, now=NOW).keys() == {(other.pk, "USD")}
    later = make.make_plan()
    assert on_sale.of({one.pk, later.pk}, now=NOW).keys() == {(one.pk, "USD"), (later.pk, "USD")}


@pytest.mark.django_db
def test_a_card_chosen_while_the_renewal_is_written_is_the_one_that_is_charged(monkeypatch):
    subscription, gateway = due_renewal(), FakeGateway()
    chosen = make.make_method(owner=subscription.line.owner)

    def find_and_change(*some, **at):
        found = find_plain(*some, **at)
        Subscription.objects.update(method=chosen)
        return found

    monkeypatch.setattr(plain_renewals, "find_plain", find_and_change)

    renew(gateway)

    charge = Charge.objects.get()
    assert (charge.method, charge.state, len(gateway.taken)) == (chosen, Charge.State.SUCCEEDED, 1)


@pytest.mark.django_db
def test_more_renewals_take_no_more_statements():
    due_renewal()
    renew(FakeGateway())  # opens the accounts
    counts = []
    for number in (2, 20):
        for _line in range(number):
            due_renewal()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert renew(FakeGateway()) == number
        counts.append(len(queries))

    assert counts[0] == counts[1]


class DiesAtTheThird(FakeGateway):
    """Takes the process along when it is asked to charge for the third time."""

    def charge_saved(self, charge):
        if len(self.taken) == 2:
            raise SystemExit
        return super().charge_saved(charge)


@pytest.mark.django_db
@pytest.mark.parametrize(("group", "recorded"), [(1, 2), (100, 0)])
def test_strictly_each_charge_is_recorded_before_the_next_is_made(group, recorded):
    for _line in range(3):
        due_renewal()

    with pytest.raises(SystemExit):
        renew(DiesAtTheThird(), stride=renewals.Stride(group=group))

    assert Charge.objects.filter(state=Charge.State.SUCCEEDED).count() == recorded
    assert Charge.objects.filter(state=Charge.State.UNKNOWN, gateway_payment_id__isnull=False).count() == 3 - recorded


class SleepsPastItsLease(FakeGateway):
    """Answers its first charge only after another worker has taken over and finished."""

    def charge_saved(self, charge):
        result = super().charge_saved(charge)
        if self.calls.count("charge_saved") == 1:
            later = NOW + renewals.LEASE + timedelta(minutes=1)
            reconciliation.reconcile_charges(gateway=self, now=later)
            renew(self, now=later)
        return result


@pytest.mark.django_db
def test_who_wakes_after_the_lease_changes_nothing():
    subscription, gateway = due_renewal(), SleepsPastItsLease()

    renew(gateway)

    subscription.refresh_from_db()
    assert (subscription.fence, subscription.period_index, subscription.state) == (2, 2, "active")
    assert subscription.decided_at == NOW + renewals.LEASE + timedelta(minutes=1)
    assert len(gateway.taken) == Order.objects.count() == 1
    assert broken_invariants(now=NOW) == {}


class TurnsOff(FakeGateway):
    """While it prepares their payments, the owners of these cards turn auto-renewal off."""

    def __init__(self, *owners):
        super().__init__()
        self.cards = {one.method.reference for one in owners}

    def prepare(self, charge):
        if charge.card_reference in self.cards:
            Subscription.objects.filter(method__reference=charge.card_reference).update(mode="off")
        return super().prepare(charge)


@racing
@pytest.mark.parametrize("is_far", [False, True])
def test_of_a_set_those_are_left_out_who_turned_it_off_meanwhile(is_far):
    first, second, _third = (due_renewal() for _line in range(3))
    gateway = TurnsOff(first, second)
    gateway.in_process = not is_far

    renew(gateway)

    assert [order.state for order in Order.objects.order_by("pk")] == ["cancelled", "cancelled", "fulfilled"]
    assert [one.state for one in Subscription.objects.order_by("pk")] == ["active", "active", "active"]
    assert len(gateway.taken) == 1
    assert sorted(one.state for one in gateway.payments.values()) == ["abandoned", "abandoned", "succeeded"]
    assert broken_invariants(now=NOW) == {}


class RemovesCards(FakeGateway):
    """While it prepares their payments, the owners of these cards remove them."""

    def __init__(self, *methods):
        super().__init__()
        self.cards = {method.reference: method for method in methods}

    def prepare(self, charge):
        if method := self.cards.get(charge.card_reference):
            saved_cards.remove(method=method, gateway=self, actor=method.owner, now=NOW)
        return super().prepare(charge)


@racing
@pytest.mark.parametrize("is_far", [False, True])
def test_of_a_set_those_are_left_out_whose_card_was_removed_meanwhile(is_far):
    first, second, _third = (due_renewal() for _line in range(3))
    gateway = RemovesCards(first.method, second.method)
    gateway.in_process = not is_far

    renew(gateway)
    renew(gateway)

    assert len(gateway.taken) == 1
    assert [order.state for order in Order.objects.order_by("pk")] == ["pending", "pending", "fulfilled"]
    assert [one.reason for one in Subscription.objects.order_by("pk")] == [
        "method_removed",
        "method_removed",
        "renewed",
    ]
    assert sorted(one.state for one in gateway.payments.values()) == ["abandoned", "abandoned", "succeeded"]
    assert broken_invariants(now=NOW) == {}


@pytest.mark.django_db
def test_control_where_nobody_looks_again_all_are_charged(monkeypatch):
    looks_away = plain_writes.AWAIT_ANSWER.replace(withdrawn.STILL_WANTED, "TRUE")
    monkeypatch.setattr(plain_writes, "AWAIT_ANSWER", looks_away)
    gateway = TurnsOff(*(due_renewal() for _line in range(3)))

    renew(gateway)

    assert len(gateway.taken) == 3


class LeavesTheOldProfile(FakeCarrier):
    """Refuses what comes for a profile whose line went over to another one."""

    def grant(self, *, key, iccid, terms, starts_at, ends_at):
        if not SimProfile.objects.get(iccid=iccid).is_current:
            raise CarrierRefused("moved_away")
        super().grant(key=key, iccid=iccid, terms=terms, starts_at=starts_at, ends_at=ends_at)


class GoesOver(FakeGateway):
    """Has a line go over to another profile while its renewal is being paid."""

    def __init__(self, line):
        super().__init__()
        self.line = line

    def charge_saved(self, charge):
        SimProfile.objects.filter(line=self.line).update(is_current=False)
        make.make_profile(line=self.line)
        return super().charge_saved(charge)


@racing
def test_a_line_that_went_over_to_another_profile_meanwhile_is_renewed_there():
    renewal, carrier = due_renewal(), LeavesTheOldProfile()
    gateway = GoesOver(renewal.line)

    renew(gateway, carrier=carrier)
    assert Order.objects.get().state == Order.State.FULFILLING
    later = NOW + timedelta(minutes=10)
    orders.fulfil_due(carrier=carrier, now=later)
    renew(gateway, carrier=carrier, now=later)

    renewal.refresh_from_db()
    (granted,) = carrier.grants.values()
    assert granted["iccid"] == SimProfile.objects.get(is_current=True).iccid
    assert (Order.objects.get().state, renewal.state, len(gateway.taken)) == ("fulfilled", "active", 1)
    assert broken_invariants(now=later) == {}


@racing
def test_one_bad_row_leaves_its_set_and_not_the_others(caplog):
    bad, good = due_renewal(), due_renewal()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'spoilt' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER spoil BEFORE INSERT ON billing_order FOR EACH ROW"
            f" WHEN (NEW.line_id = {bad.line_id}) EXECUTE FUNCTION spoil()"
        )

    renew(FakeGateway())
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION spoil CASCADE")

    assert set(Subscription.objects.values_list("pk", "state")) == {(bad.pk, "in_flight"), (good.pk, "active")}
    assert "could not go on" in caplog.text


class SlowGateway(FakeGateway):
    """Says when it is asked for money, and takes a moment for its answer."""

    def __init__(self):
        super().__init__()
        self.is_asked = Event()

    def charge_saved(self, charge):
        self.is_asked.set()
        time.sleep(0.15)
        return super().charge_saved(charge)


def sell_by_click_meanwhile():
    """Deliver a plan bought by hand while the line renews by itself; return its paid time, in order."""
    subscription, gateway, carrier = due_renewal(), SlowGateway(), FakeCarrier()

    def click():
        gateway.is_asked.wait(timeout=10)
        bought = paid_order(subscription.line, subscription.plan, now=NOW)
        orders.fulfil(order_id=bought.pk, carrier=carrier, now=NOW)

    with slowed("billing_order", "UPDATE", seconds=0.4):
        together(2, lambda number: click() if number else renew(gateway, carrier=carrier))
    later = NOW + timedelta(minutes=20)
    orders.fulfil_due(carrier=carrier, now=later)
    renew(gateway, now=later, carrier=carrier)
    return list(Allowance.objects.order_by("ends_at").values_list("starts_at", "ends_at"))


@pytest.mark.slow
@racing
def test_a_click_and_the_scheduler_never_sell_the_same_time():
    spans = sell_by_click_meanwhile()

    assert len(spans) == 3
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


@pytest.mark.slow
@racing
def test_control_without_the_lock_on_the_line_they_do(monkeypatch):
    monkeypatch.setattr(plain_writes, "LOCK_LINES", "SELECT %(lines)s::bigint[]")

    spans = sell_by_click_meanwhile()

    assert spans[1] == spans[2]


class FarGateway(FakeGateway):
    """Answers from another machine: it is called in threads, which have no connection to the database."""

    in_process = False

    def __init__(self):
        super().__init__()
        self.threads: set[str] = set()
        self._all_there = Barrier(4)

    def charge_saved(self, charge):
        assert connection.connection is None, "a thread opened a connection"
        self.threads.add(current_thread().name)
        if "charge_saved" not in self.calls:
            self._all_there.wait(timeout=10)
        return super().charge_saved(charge)


@racing
def test_a_far_gateway_is_asked_side_by_side_by_threads_without_a_connection():
    ones = [due_renewal() for _line in range(6)]
    gateway = FarGateway()
    gateway.outcomes = {ones[0].method.reference: "insufficient_funds"}
    Subscription.objects.filter(pk=ones[1].pk).update(max_times=9)

    assert renew(gateway, stride=renewals.Stride(batch=4, at_once=4)) == 6

    assert len(gateway.threads) == 4
    assert len(gateway.taken) == 5
    assert list(Subscription.objects.order_by("pk").values_list("state", flat=True)) == ["past_due"] + 5 * ["active"]
