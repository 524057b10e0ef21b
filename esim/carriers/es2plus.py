"""Any SM-DP+ that speaks GSMA's ES2+ (SGP.22 v2, §5.3), with the operator's own network behind it.

ES2+ prepares profiles and takes them back; plans, suspension and speed are the network's (`operator_network`). Usage
is pushed to us by whoever counts it. docs/es2plus.md tells what was read where, and what was never met.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self

from esim.activation import ActivationCode, NotAnActivationCode
from esim.carriers import es2plus_settings
from esim.carriers.base import (
    Capabilities,
    CarrierRefused,
    NotAsked,
    OrderedProfile,
    OutcomeUnknown,
    ProfileAsk,
    ProfileSpoilt,
    ProfileStatus,
    Reinstall,
    UsageReport,
)
from esim.carriers.es2plus_client import Es2PlusClient, Failed
from esim.carriers.es2plus_settings import BY_ICCID, ES2PLUS, Es2PlusSettings
from esim.carriers.operator_network import OperatorNetwork
from esim.carriers.status_codes import ABOUT_THE_PROFILE, CONFIRMED_ALREADY, NOTHING_TO_CANCEL, ORDERED_ALREADY
from esim.identifiers import NotAnIccid, normalised_iccid, padded_iccid
from esim.models import DownloadState, SimProfile
from plans.terms import PlanTerms

logger = logging.getLogger(__name__)

AVAILABLE, UNAVAILABLE = "Available", "Unavailable"
ON_A_DEVICE = frozenset({DownloadState.INSTALLED, DownloadState.ENABLED, DownloadState.DISABLED})


class Es2PlusCarrier:
    """Orders by ICCID from the operator's stock, or by profile type, as the settings say."""

    name = ES2PLUS

    def __init__(self, settings: Es2PlusSettings) -> None:
        self.apn = settings.apn
        self._settings = settings
        self._smdp = Es2PlusClient(settings)
        self._network = network = OperatorNetwork(settings.network)
        self.capabilities = Capabilities(
            idempotent_ordering=settings.order_by == BY_ICCID,
            order_by_iccid=settings.order_by == BY_ICCID,
            profile_type=settings.profile_type,
            confirmation_code=settings.confirmation_code,
            install_events=True,
            usage_reports=False,
            usage_push=True,
            suspension=network.can("suspend", "resume"),
            taking_back=network.can("revoke", "terminate"),
            throttling=network.can("throttle"),
            moving=network.can("move"),
            reinstall=Reinstall.NEW_PROFILE if network.can("move") else Reinstall.UNSUPPORTED,
        )

    @classmethod
    def from_settings(cls) -> Self:
        return cls(es2plus_settings.from_settings())

    def allocate(self, ask: ProfileAsk) -> str:
        """Have the SM-DP+ choose a profile of the type; repeating this would take another one."""
        answer = self._smdp.call("downloadOrder", eid=ask.eid, profileType=ask.profile_type)
        return _iccid(answer)

    def order_profile(self, ask: ProfileAsk) -> OrderedProfile:
        """Order, confirm and release in one go; what an earlier try came to is found by its status codes."""
        if not ask.iccid:
            raise CarrierRefused("no_iccid")
        if self.capabilities.order_by_iccid:
            self._download_order(ask)
        try:
            code = self._confirm(ask)
        except Failed as error:
            raise self._given_back(ask, error) from error
        except NotAsked as error:
            # It was ordered, whatever became of this.
            raise OutcomeUnknown(str(error)) from error
        try:
            known = self._network.profile(ask.iccid)
        except NotAsked as error:
            # The SM-DP+ was asked, whatever became of this.
            raise OutcomeUnknown(str(error)) from error
        return OrderedProfile(
            iccid=ask.iccid,
            msisdn=known.msisdn,
            smdp_address=code.smdp_address,
            activation_code=str(code),
            pin=known.pin,
            puk=known.puk,
            reference="",
            confirmation_code=ask.confirmation_code,
            profile_type=ask.profile_type,
        )

    def grant(self, *, key: str, iccid: str, terms: PlanTerms, starts_at: datetime, ends_at: datetime) -> None:
        self._network.grant(key=key, iccid=iccid, terms=terms, starts_at=starts_at, ends_at=ends_at)

    def profile_status(self, *, iccid: str, now: datetime) -> ProfileStatus:  # noqa: ARG002 - nobody is asked
        """Return what the SM-DP+ told last: ES2+ has no call to ask by."""
        profile = SimProfile.objects.filter(iccid=iccid).first()
        if profile is None:
            raise CarrierRefused("unknown_iccid")
        state = DownloadState(profile.download_state)
        return ProfileStatus(download_state=state, changed_at=profile.state_changed_at, eid=profile.eid)

    def usage_since(
        self,
        *,
        iccid: str,  # noqa: ARG002 - nobody is asked
        since: datetime,  # noqa: ARG002
        until: datetime,  # noqa: ARG002
    ) -> Sequence[UsageReport]:
        return []

    def suspend(self, *, key: str, iccid: str) -> None:
        self._network.suspend(key=key, iccid=iccid)

    def resume(self, *, key: str, iccid: str) -> None:
        self._network.resume(key=key, iccid=iccid)

    def revoke(self, *, key: str, iccid: str, only_unused: bool) -> None:
        self._network.revoke(key=key, iccid=iccid, only_unused=only_unused)

    def terminate(self, *, key: str, iccid: str) -> None:
        """Take it out of the network, then its code out of the SM-DP+; nothing leaves a device (SGP.22 §3.1.6)."""
        self._network.terminate(key=key, iccid=iccid)
        profile = SimProfile.objects.filter(iccid=iccid).first()
        if profile is None or profile.download_state not in ON_A_DEVICE:
            self._end_code(iccid, matching_id=_matching_id(profile), eid=profile.eid if profile else "")

    def throttle(self, *, key: str, iccid: str, kbps: int | None) -> None:
        self._network.throttle(key=key, iccid=iccid, kbps=kbps)

    def move(self, *, key: str, from_iccid: str, to_iccid: str) -> None:
        self._network.move(key=key, from_iccid=from_iccid, to_iccid=to_iccid)

    def reinstall(self, *, key: str, iccid: str) -> OrderedProfile:  # noqa: ARG002 - never done
        raise CarrierRefused("a_profile_once_deleted_is_gone")

    def _download_order(self, ask: ProfileAsk) -> None:
        try:
            answer = self._smdp.call("downloadOrder", eid=ask.eid, iccid=padded_iccid(ask.iccid))
        except Failed as error:
            if error.codes in ORDERED_ALREADY and not ask.is_first:
                return
            if error.codes[0] == ABOUT_THE_PROFILE:
                raise ProfileSpoilt(error.reason) from error
            raise
        if _iccid(answer) != ask.iccid:
            raise OutcomeUnknown("another_iccid")

    def _confirm(self, ask: ProfileAsk) -> ActivationCode:
        """Bind our matching id to the profile, release it, and return the code that leads to it."""
        try:
            answer = self._smdp.call(
                "confirmOrder",
                iccid=padded_iccid(ask.iccid),
                eid=ask.eid,
                matchingId=ask.matching_id,
                confirmationCode=ask.confirmation_code,
                releaseFlag=True,
            )
        except Failed as error:
            if ask.is_first or error.codes not in CONFIRMED_ALREADY:
                raise
            # Released again it says yes as well (§5.3.4).
            self._smdp.call("releaseProfile", iccid=padded_iccid(ask.iccid))
            answer = {}
        code = ActivationCode(
            # Where the SM-DP+ names an address, that one holds (§5.3.2).
            smdp_address=_text(answer, "smdpAddress") or self._settings.smdp_address,
            matching_id=_text(answer, "matchingId") or ask.matching_id,
            needs_confirmation_code=bool(ask.confirmation_code),
        )
        try:
            return ActivationCode.parse(str(code))
        except NotAnActivationCode:
            raise OutcomeUnknown("unreadable_address") from None

    def _given_back(self, ask: ProfileAsk, error: Failed) -> CarrierRefused:
        """Free a profile that was ordered and will not be confirmed, for the next one; say whether that worked."""
        try:
            self._cancel(ask.iccid, matching_id="", eid=ask.eid, afterwards=AVAILABLE)
        except (CarrierRefused, OutcomeUnknown) as left:
            logger.warning("A profile was left ordered at the SM-DP+: %s", left)
            return ProfileSpoilt(error.reason)
        return ProfileSpoilt(error.reason) if error.codes[0] == ABOUT_THE_PROFILE else error

    def _end_code(self, iccid: str, *, matching_id: str, eid: str) -> None:
        """A no here is no no to ending it: the network has done that, and what is downloaded now carries nothing."""
        try:
            self._cancel(iccid, matching_id=matching_id, eid=eid, afterwards=UNAVAILABLE)
        except Failed as error:
            logger.error("A profile that was ended is still to be had at the SM-DP+: %s", error)  # noqa: TRY400

    def _cancel(self, iccid: str, *, matching_id: str, eid: str, afterwards: str) -> None:
        try:
            self._smdp.call(
                "cancelOrder",
                iccid=padded_iccid(iccid),
                eid=eid,
                matchingId=matching_id,
                finalProfileStatusIndicator=afterwards,
            )
        except Failed as error:
            if error.codes not in NOTHING_TO_CANCEL:
                raise


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name) or ""
    if not isinstance(value, str):
        raise OutcomeUnknown(f"unreadable_{name}")
    return value


def _iccid(answer: Mapping[str, Any]) -> str:
    try:
        return normalised_iccid(_text(answer, "iccid"))
    except NotAnIccid:
        raise OutcomeUnknown("unreadable_iccid") from None


def _matching_id(profile: SimProfile | None) -> str:
    if profile is None or not profile.activation_code:
        return ""
    try:
        return ActivationCode.parse(profile.activation_code).matching_id
    except NotAnActivationCode:
        return ""
