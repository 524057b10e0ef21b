"""A network that prepares profiles of the operator's stock only, by their ICCID."""

import threading
from dataclasses import replace

from esim.carriers.base import CarrierRefused, OrderedProfile
from tests.fakes.carrier import FakeCarrier

PROFILE_TYPE = "DATA"


class StockedCarrier(FakeCarrier):
    """`given` tells which profile every purchase got."""

    capabilities = replace(FakeCarrier.capabilities, order_by_iccid=True, profile_type=PROFILE_TYPE)

    def __init__(self):
        super().__init__()
        self.given: dict[str, str] = {}
        self._one_at_a_time = threading.Lock()

    def order_profile(self, ask):
        self._decide("order_profile")
        with self._one_at_a_time:
            if not ask.iccid:
                raise CarrierRefused("iccid_missing")
            if ask.iccid in {iccid for key, iccid in self.given.items() if key != ask.key}:
                raise CarrierRefused("profile_in_use")
            self.given[ask.key] = ask.iccid
        self._answer("order_profile")
        return OrderedProfile(
            iccid=ask.iccid,
            msisdn="",
            smdp_address="smdp.example.com",
            activation_code=f"1$smdp.example.com${ask.matching_id}",
            pin="",
            puk="",
            reference=ask.iccid,
        )
