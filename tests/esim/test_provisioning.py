"""Opening a line and putting a plan on it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from esim.carriers.base import CarrierRefused, OutcomeUnknown, ProfileAsk
from esim.models import DownloadState, Line, Replacement, ServiceState, SimProfile
from esim.provisioning import apply_plan, open_line
from plans.terms import PlanTerms
from tests import make
from tests.fakes.carrier import FakeCarrier


def test_a_new_line_is_in_service_with_a_profile_to_install(subscriber, now):
    carrier = FakeCarrier()

    line = open_line(owner=subscriber, purchase_id="ord_1", nickname="Work", carrier=carrier, now=now)

    profile = line.profiles.get()
    assert (line.nickname, line.msisdn, line.service_state) == ("Work", "+14155560001", ServiceState.ACTIVE)
    assert (line.carrier, line.opened_for, line.owner) == ("simulated", "ord_1", subscriber)
    assert profile.download_state == DownloadState.RELEASED
    assert (profile.activation_code, profile.pin, profile.puk) == ("1$smdp.example.com$FAKE-00001", "0000", "00000000")


def test_padding_of_the_iccid_is_left_at_the_door(subscriber, now):
    carrier = FakeCarrier()
    ordered = carrier.order_profile(ProfileAsk(key="ord_1"))
    carrier.profiles["ord_1"] = replace(ordered, iccid="8985200000000000001F")

    line = open_line(owner=subscriber, purchase_id="ord_1", nickname="", carrier=carrier, now=now)

    assert line.profiles.get().iccid == "8985200000000000001"


def test_what_is_stored_of_the_code_cannot_be_read(subscriber, now):
    line = open_line(owner=subscriber, purchase_id="ord_1", nickname="", carrier=FakeCarrier(), now=now)

    row = SimProfile.objects.filter(line=line).values().get()

    assert "FAKE-00001" not in str(row)
    sealed = ("activation_code_ciphertext", "pin_ciphertext", "puk_ciphertext")
    assert all(row[column].startswith("v1.") for column in sealed)


def test_opening_twice_is_one_line_and_one_profile(subscriber, now):
    carrier = FakeCarrier()

    first = open_line(owner=subscriber, purchase_id="ord_1", nickname="Work", carrier=carrier, now=now)
    second = open_line(owner=subscriber, purchase_id="ord_1", nickname="Work", carrier=carrier, now=now)

    assert first == second
    assert list(carrier.profiles) == ["ord_1"]
    assert SimProfile.objects.count() == 1


def test_after_a_lost_answer_the_same_profile_is_asked_for_again(subscriber, now):
    carrier = FakeCarrier()
    carrier.losing.add("order_profile")
    with pytest.raises(OutcomeUnknown):
        open_line(owner=subscriber, purchase_id="ord_1", nickname="", carrier=carrier, now=now)
    waiting = Line.objects.get()
    assert waiting.service_state == ServiceState.PENDING

    carrier.losing.clear()
    line = open_line(owner=subscriber, purchase_id="ord_1", nickname="", carrier=carrier, now=now)

    assert line == waiting
    assert line.service_state == ServiceState.ACTIVE
    assert list(carrier.profiles) == ["ord_1"]


def test_a_carrier_that_refuses_leaves_nobody_waiting_for_a_line(subscriber, now):
    carrier = FakeCarrier()
    carrier.refusing["order_profile"] = "no_stock"

    with pytest.raises(CarrierRefused):
        open_line(owner=subscriber, purchase_id="ord_1", nickname="", carrier=carrier, now=now)

    assert Line.objects.get().service_state == ServiceState.TERMINATED


def test_a_plan_is_granted_once_under_its_purchase(subscriber, now):
    carrier = FakeCarrier()
    line = make.make_line(owner=subscriber)
    profile = make.make_profile(line=line)
    terms = PlanTerms.of(make.make_plan())
    ends_at = now + timedelta(days=30)

    for _ in range(2):
        apply_plan(line=line, terms=terms, starts_at=now, ends_at=ends_at, purchase_id="ord_1", carrier=carrier)

    given = {"iccid": profile.iccid, "terms": terms, "starts_at": now, "ends_at": ends_at}
    assert carrier.grants == {"ord_1": given}


def test_a_line_without_a_profile_is_a_final_no(subscriber, now):
    line = make.make_line(owner=subscriber)
    terms = PlanTerms.of(make.make_plan())

    with pytest.raises(CarrierRefused) as refused:
        apply_plan(
            line=line,
            terms=terms,
            starts_at=now,
            ends_at=now + timedelta(days=1),
            purchase_id="o",
            carrier=FakeCarrier(),
        )

    assert refused.value.reason == "no_profile"


class MovesMeanwhile(FakeCarrier):
    """Has the line go over to another profile while the old one is being asked, which then refuses."""

    def __init__(self, *, line, ends_as):
        super().__init__()
        self.line, self.ends_as = line, ends_as

    def grant(self, *, key, iccid, terms, starts_at, ends_at):
        old = SimProfile.objects.get(iccid=iccid)
        if self.ends_as is not None:
            ends_as, self.ends_as = self.ends_as, None
            make.make_replacement(line=self.line, old_profile=old, state=ends_as)
            if ends_as != Replacement.State.MOVING:
                SimProfile.objects.filter(pk=old.pk).update(is_current=False)
                make.make_profile(line=self.line)
            raise CarrierRefused("moved_away")
        super().grant(key=key, iccid=iccid, terms=terms, starts_at=starts_at, ends_at=ends_at)


@pytest.mark.parametrize("state", ["moving", "online", "done"])
def test_a_no_of_the_profile_that_a_line_leaves_is_not_the_lines(subscriber, now, state):
    line = make.make_line(owner=subscriber)
    make.make_profile(line=line)
    carrier = MovesMeanwhile(line=line, ends_as=state)
    asked = {"terms": PlanTerms.of(make.make_plan()), "starts_at": now, "ends_at": now + timedelta(days=30)}

    with pytest.raises(OutcomeUnknown):
        apply_plan(line=line, purchase_id="ord_1", carrier=carrier, **asked)
    Replacement.objects.filter(state="moving").update(state="undone")
    granted_to = apply_plan(line=line, purchase_id="ord_1", carrier=carrier, **asked)

    assert granted_to == SimProfile.objects.get(line=line, is_current=True).iccid
    assert list(carrier.grants) == ["ord_1"]
