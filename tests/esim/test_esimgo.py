"""eSIM Go in particular: orders that got lost, plans under their codes, and what their states mean."""

from datetime import timedelta

import pytest

from esim.carriers.base import CarrierRefused, Grant, NotAsked, OutcomeUnknown
from esim.models import CarrierOrder, CarrierProduct, DownloadState, SimProfile
from plans.terms import PlanTerms
from tests import make
from tests.contracts.carrier_worlds import EsimGoWorld
from tests.esim.moving import begin, carry_on, tick
from tests.fakes.crowd import slowed, together

pytestmark = pytest.mark.django_db

BUNDLE = "esim_10GB_30D_EU_V2"


@pytest.fixture
def world(subscriber, now):
    with EsimGoWorld(subscriber=subscriber, now=now) as made:
        yield made


@pytest.fixture
def network(world):
    return world.fake.organisation


def unknown(call, *arguments):
    with pytest.raises(OutcomeUnknown):
        call(*arguments)


def test_a_plan_without_a_product_is_refused_and_nothing_is_asked(world):
    CarrierProduct.objects.all().delete()

    with pytest.raises(CarrierRefused, match="no_product"):
        world.order("ord_1")
    with pytest.raises(CarrierRefused, match="no_product"):
        world.grant("ord_2", "8985200000000000001")

    assert world.fake.calls == []


def test_the_profile_brings_its_bundle_and_is_labelled_with_our_key(world, network):
    ordered = world.order("ord_1")
    world.grant("ord_1", ordered.iccid)

    esim = network.esims[ordered.iccid]
    assert [one.bundle for one in esim.assignments] == [BUNDLE]
    assert esim.customer_ref == "ord_1"
    assert (ordered.pin, ordered.puk) == (esim.pin, esim.puk)
    assert ordered.smdp_address == network.SMDP


def test_a_lost_order_is_looked_for_before_it_is_placed_again(world, network):
    world.fail("order_profile", "drop_before")

    unknown(world.order, "ord_1")
    unknown(world.order, "ord_1")
    asked_within = world.fake.asked("POST", "/orders")
    world.wait()
    world.order("ord_1")

    assert asked_within == 1
    assert world.fake.asked("POST", "/orders") == 2
    assert len(network.orders) == 1


def test_two_lost_orders_for_one_bundle_become_two_profiles(world):
    for key in ("ord_1", "ord_2"):
        world.lose("order_profile")
        unknown(world.order, key)

    found = {world.order(key).iccid for key in ("ord_2", "ord_1", "ord_2")}

    assert len(found) == world.profiles == 2


def test_of_two_lost_orders_one_of_which_arrived_each_gets_a_profile_of_its_own(world):
    world.lose("order_profile")
    unknown(world.order, "ord_1")
    world.fail("order_profile", "drop_before")
    unknown(world.order, "ord_2")

    first = world.order("ord_2")  # takes what ord_1 had made: they are alike
    unknown(world.order, "ord_1")
    world.wait()
    second = world.order("ord_1")

    assert first.iccid != second.iccid
    assert world.profiles == 2


def test_an_esim_that_somebody_else_labelled_is_not_taken(world, network):
    stranger = network.order({"item": BUNDLE})
    network.esims[stranger.iccids[0]].customer_ref = "a shop beside us"
    world.fail("order_profile", "drop_before")
    unknown(world.order, "ord_1")

    unknown(world.order, "ord_1")
    world.wait()

    assert world.order("ord_1").iccid not in stranger.iccids


def test_a_renewal_of_another_line_is_not_taken_for_a_lost_new_line(world):
    iccid = world.order("ord_1").iccid
    world.lose("grant")
    unknown(world.grant, "ord_2", iccid)
    world.fail("order_profile", "drop_before")
    unknown(world.order, "ord_3")

    unknown(world.order, "ord_3")
    world.grant("ord_2", iccid)

    assert world.granted(iccid) == 2


def test_an_order_whose_answer_was_dropped_after_a_code_change_keeps_its_bundle(world, network):
    world.lose("order_profile")
    unknown(world.order, "ord_1")
    CarrierProduct.objects.update(code="esim_5GB_30D_EU_V2")

    ordered = world.order("ord_1")

    assert [one.bundle for one in network.esims[ordered.iccid].assignments] == [BUNDLE]


def test_a_group_of_renewals_is_placed_side_by_side_and_each_hears_its_own(world):
    terms = PlanTerms.of(world.plan)
    iccids = [world.order(f"ord_{number}").iccid for number in range(4)]
    grants = [
        Grant(
            key=f"ren_{number}", iccid=iccid, terms=terms, starts_at=world.now, ends_at=world.now + timedelta(days=30)
        )
        for number, iccid in enumerate([*iccids, "8999999999999999999"])
    ]
    other = PlanTerms.of(make.make_plan())
    grants.append(Grant(key="ren_9", iccid=iccids[0], terms=other, starts_at=world.now, ends_at=world.now))
    world.lose("grant")

    errors = world.carrier.grant_many(grants)
    again = world.carrier.grant_many(grants)

    assert [type(error) for error in errors].count(OutcomeUnknown) == 1
    assert [type(error) for error in errors[4:]] == [CarrierRefused, CarrierRefused]
    assert [type(error) for error in again] == [type(None)] * 4 + [CarrierRefused] * 2
    assert [world.granted(iccid) for iccid in iccids] == [2, 2, 2, 2]


def test_a_refused_key_is_the_operators_trouble_and_no_refusal_of_the_order(world, caplog):
    world.fake.endpoints.api_key = "another"

    with pytest.raises(NotAsked):
        world.order("ord_1")

    assert "ESIMGO_API_KEY" in caplog.text
    assert CarrierOrder.objects.get().unanswered_since is None


def test_nobody_listening_is_certainly_not_placed(world):
    world.fake.shutdown()
    world.fake.server_close()

    with pytest.raises(NotAsked):
        world.order("ord_1")

    assert CarrierOrder.objects.get().unanswered_since is None


def test_what_they_suspended_by_policy_we_cannot_resume(world, network):
    iccid = world.order("ord_1").iccid
    network.esims[iccid].state, network.esims[iccid].by_policy = "Suspended", True

    with pytest.raises(CarrierRefused, match="policy"):
        world.carrier.resume(key="svc_1", iccid=iccid)


def test_their_states_are_read_with_what_went_before(world, network):
    iccid = world.order("ord_1").iccid
    ours = SimProfile.objects.filter(iccid=iccid)
    seen = []

    def look():
        status = world.carrier.profile_status(iccid=iccid, now=world.now)
        ours.update(download_state=status.download_state)
        seen.append(status.download_state)

    look()
    network.install(iccid)
    look()
    network.delete_from_device(iccid)
    look()
    ours.update(download_state=DownloadState.RELEASED)  # the replacement made it ready once more
    look()

    assert seen == [DownloadState.RELEASED, DownloadState.INSTALLED, DownloadState.DELETED, DownloadState.RELEASED]


def test_an_installed_profile_is_not_handed_out_again(world, network):
    iccid = world.order("ord_1").iccid
    network.install(iccid)

    with pytest.raises(CarrierRefused, match="installed"):
        world.carrier.reinstall(key="rep_1", iccid=iccid)


def test_an_esim_deleted_by_accident_and_installed_again_is_done(world, network, now):
    iccid = world.order("ord_1").iccid
    network.install(iccid)
    network.delete_from_device(iccid)
    SimProfile.objects.filter(iccid=iccid).update(download_state=DownloadState.DELETED)
    line = SimProfile.objects.get(iccid=iccid).line
    replacement = begin(line, world.carrier, now, reason="deleted")
    assert carry_on(replacement, world.carrier, now).state == "to_install"

    network.install(iccid)  # and no FirstAttachment: eSIM Go sends that once in the life of an eSIM
    tick(world.carrier, now + timedelta(hours=2))

    replacement.refresh_from_db()
    assert SimProfile.objects.get(iccid=iccid).download_state == DownloadState.INSTALLED
    assert replacement.state == "done"


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("protected", [True, False], ids=["protected", "control"])
def test_many_at_once_with_one_key_place_one_order(world, network, monkeypatch, protected):
    if not protected:
        monkeypatch.setattr("esim.carriers.esimgo_orders.EsimGoOrders._take_turn", lambda *_arguments: None)

    def order(_number):
        return world.carrier.order_profile(world.ask("ord_1")).iccid

    with slowed(CarrierOrder._meta.db_table, "INSERT OR UPDATE"):
        answers = together(8, order)

    found = {answer for answer in answers if not isinstance(answer, OutcomeUnknown)}
    assert len(found) == 1
    assert (len(network.orders) == 1) is protected
