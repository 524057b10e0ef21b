"""eSIM Go (https://docs.esim-go.com, API v2.5): a reseller that sells data bundles, each on a new or a known eSIM.

A profile comes with its first bundle in one order, so `grant` under the same key finds it done. Prepaid: what is
ordered is paid for from the organisation's balance there. docs/esimgo.md tells what was read where.
"""
# ruff: noqa: ARG002 - a carrier without keys has no use for them

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Self

from django.utils import timezone

from esim.carriers import esimgo_settings, product_codes
from esim.carriers.base import (
    Capabilities,
    CarrierRefused,
    Grant,
    OrderedProfile,
    OutcomeUnknown,
    ProfileAsk,
    ProfileStatus,
    Reinstall,
    UsageReport,
)
from esim.carriers.esimgo_answers import GONE, Assignment, Esim, read_assignments, read_esim
from esim.carriers.esimgo_client import client_of, segment
from esim.carriers.esimgo_orders import EsimGoOrders, Wish
from esim.carriers.esimgo_settings import ESIMGO, EsimGoSettings
from esim.carriers.esimgo_usage import reports_of
from esim.carriers.product_codes import NO_PRODUCT
from esim.identifiers import normalised_iccid
from esim.models import CarrierOrder, DownloadState, SimProfile
from plans.terms import PlanTerms

logger = logging.getLogger(__name__)

NOT_OFFERED = "not_offered_by_this_carrier"
LATEST_BUNDLES = (("includeUsed", "true"), ("limit", "200"))


class EsimGoCarrier:
    name = ESIMGO
    capabilities = Capabilities(
        idempotent_ordering=True,
        install_events=True,
        enable_events=True,
        usage_reports=True,
        suspension=True,
        taking_back=True,
        product_codes=True,
        reinstall=Reinstall.SAME_CODE,
        poll_every=timedelta(hours=1),
        poll_installing_every=timedelta(minutes=2),
    )

    def __init__(self, settings: EsimGoSettings, *, clock: Callable[[], datetime] = timezone.now) -> None:
        self.apn = settings.apn
        self._client = client_of(settings)
        self._orders = EsimGoOrders(self._client, clock=clock)
        self._clock = clock

    @classmethod
    def from_settings(cls) -> Self:
        return cls(esimgo_settings.from_settings())

    def order_profile(self, ask: ProfileAsk) -> OrderedProfile:
        product = product_codes.code_of(carrier=ESIMGO, plan_code=ask.plan_code)
        order = self._orders.place(Wish(key=ask.key, product=product))
        return self._profile_of(order)

    def grant(self, *, key: str, iccid: str, terms: PlanTerms, starts_at: datetime, ends_at: datetime) -> None:
        one = Grant(key=key, iccid=iccid, terms=terms, starts_at=starts_at, ends_at=ends_at)
        (error,) = self.grant_many([one])
        if error is not None:
            raise error

    def grant_many(self, grants: Sequence[Grant]) -> list[Exception | None]:
        """Order a bundle for each; theirs begin with their first use and queue up, so no times are sent."""
        codes = product_codes.codes_of(carrier=ESIMGO, plan_codes=[one.terms.code for one in grants])
        wishes = {
            number: Wish(key=one.key, product=codes[one.terms.code], iccid=one.iccid)
            for number, one in enumerate(grants)
            if one.terms.code in codes
        }
        placed = dict(zip(wishes, self._orders.place_many(list(wishes.values())), strict=True))
        return [
            placed[number] if number in placed else CarrierRefused(NO_PRODUCT) for number, _one in enumerate(grants)
        ]

    def profile_status(self, *, iccid: str, now: datetime) -> ProfileStatus:
        esim = read_esim(self._client.look(f"/esims/{segment(iccid)}"))
        state, changed_at = esim.download_state, None
        if state == DownloadState.RELEASED and esim.first_installed_at is not None:
            # Deleted from its device; or made ready once more since, and then our row says so.
            waiting = SimProfile.objects.filter(iccid=iccid, download_state=DownloadState.RELEASED)
            state = DownloadState.RELEASED if waiting.exists() else DownloadState.DELETED
        elif state == DownloadState.INSTALLED:
            changed_at = esim.first_installed_at
        return ProfileStatus(download_state=state, changed_at=changed_at)

    def usage_since(self, *, iccid: str, since: datetime, until: datetime) -> Sequence[UsageReport]:
        answer = self._client.look(f"/esims/{segment(iccid)}/bundles", LATEST_BUNDLES)
        return reports_of(read_assignments(answer), at=until)

    def suspend(self, *, key: str, iccid: str) -> None:
        self._set_suspended(iccid, wanted=True)

    def resume(self, *, key: str, iccid: str) -> None:
        """Put it back into service; what eSIM Go suspended for its own policies only their support resumes."""
        self._set_suspended(iccid, wanted=False)

    def revoke(self, *, key: str, iccid: str, only_unused: bool) -> None:
        order = CarrierOrder.objects.filter(carrier=ESIMGO, key=key).exclude(reference="").first()
        if order is None:
            raise CarrierRefused("never_granted")
        assignment = self._assignment_of(order, iccid=iccid)
        if assignment is None or assignment.state in GONE:
            return
        if only_unused and not assignment.is_unused:
            raise CarrierRefused("used")
        path = f"/esims/{segment(iccid)}/bundles/{segment(assignment.bundle)}/assignments/{segment(assignment.id)}"
        self._client.delete(path, [("type", "transaction"), ("refundToBalance", "true" if only_unused else "false")])

    def terminate(self, *, key: str, iccid: str) -> None:
        """Delete the eSIM at eSIM Go, for good: that revokes what is on it, without a refund."""
        try:
            self._client.delete(f"/esims/{segment(iccid)}")
        except CarrierRefused:
            if not self._is_gone(iccid):
                raise

    def throttle(self, *, key: str, iccid: str, kbps: int | None) -> None:
        raise CarrierRefused(NOT_OFFERED)

    def move(self, *, key: str, from_iccid: str, to_iccid: str) -> None:
        raise CarrierRefused(NOT_OFFERED)

    def reinstall(self, *, key: str, iccid: str) -> OrderedProfile:
        """Return the same code: a profile deleted from its device is released again by itself."""
        esim = self._esim(iccid)
        if esim.download_state != DownloadState.RELEASED:
            raise CarrierRefused(f"profile_is_{esim.profile_status}")
        return esim.profile

    def _profile_of(self, order: CarrierOrder) -> OrderedProfile:
        if not order.iccid:
            query = [("reference", order.reference), ("additionalFields", "installUrl")]
            order.iccid = read_esim(self._client.get("/esims/assignments", query)).iccid
            CarrierOrder.objects.filter(pk=order.pk).update(iccid=order.iccid)
        esim = read_esim(self._client.get(f"/esims/{segment(order.iccid)}"), reference=order.reference)
        if not esim.customer_ref:
            self._label(order)
        return esim.profile

    def _label(self, order: CarrierOrder) -> None:
        """Note our key at the eSIM, for who looks at it there; also keeps it from being taken for a lost order's."""
        try:
            self._client.put("/esims", {"iccid": order.iccid, "customerRef": order.key})
        except (CarrierRefused, OutcomeUnknown) as error:
            logger.warning("The eSIM of %s was not labelled: %s", order.key, error)

    def _esim(self, iccid: str) -> Esim:
        return read_esim(self._client.get(f"/esims/{segment(iccid)}"))

    def _set_suspended(self, iccid: str, *, wanted: bool) -> None:
        try:
            self._client.post(f"/esims/{segment(iccid)}/suspend", {"suspend": wanted})
        except CarrierRefused:
            # Whoever asks again after a lost answer finds it done.
            if self._esim(iccid).service_state != ("suspended" if wanted else "active"):
                raise

    def _assignment_of(self, order: CarrierOrder, *, iccid: str) -> Assignment | None:
        """Find the bundle that an order put on an eSIM; None where it is gone, or the eSIM with it."""
        try:
            answer = self._client.get(f"/esims/{segment(iccid)}/bundles", LATEST_BUNDLES)
        except CarrierRefused:
            if self._is_gone(iccid):
                return None
            raise
        of_product = [one for one in read_assignments(answer) if one.bundle == order.product]
        by_reference = [one for one in of_product if one.reference.startswith(order.reference)]
        if by_reference or not of_product:
            return by_reference[0] if by_reference else None
        if len(of_product) == 1 and normalised_iccid(iccid) == order.iccid:
            return of_product[0]
        raise CarrierRefused("several_alike")

    def _is_gone(self, iccid: str) -> bool:
        try:
            return self._esim(iccid).service_state == "deactivated"
        except CarrierRefused:
            return True
