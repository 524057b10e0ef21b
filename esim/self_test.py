"""Whether a SIM works: four checks, what the portal itself knows about each, and help where one fails.

Nothing is kept of what somebody ticks, unless it is sent to support: then it stands in the request, with what the
portal knew at that moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Max, Q, Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import Ticket, User
from accounts.tickets import open_ticket
from esim.carriers.base import Carrier, CarrierRefused, OutcomeUnknown, SeesDevices, Sighting
from esim.models import Allowance, Line, SimProfile, UsageRecord

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Check(models.TextChoices):
    NETWORK = "network", _("Network")
    DATA = "data", _("Data")
    CALL = "call", _("Calls")
    SMS = "sms", _("SMS")


class Outcome(models.TextChoices):
    WORKS = "works", _("works")
    FAILS = "fails", _("does not work")


STEPS: Mapping[str, Sequence["_StrPromise"]] = {
    Check.NETWORK: (
        _("Restart the phone with the card in it, and turn flight mode off."),
        _("Wait a minute. The name of a network stands at the top, with bars beside it."),
    ),
    Check.DATA: (
        _("Turn Wi-Fi off and mobile data on. Abroad, turn data roaming on as well."),
        _("Open a page that you have not opened today."),
    ),
    Check.CALL: (
        _("Call a number that you know, and listen whether it rings."),
        _("Let somebody call you back."),
    ),
    Check.SMS: (
        _("Send an SMS to a number that you know."),
        _("Let somebody answer it."),
    ),
}
HELP: Mapping[str, Sequence["_StrPromise"]] = {
    Check.NETWORK: (
        _("Take the card out, look whether it lies right, and put it back."),
        _("Choose the network by hand in the settings of the phone, and then automatic again."),
        _("Try the card in another phone: then you know whether it is the card or the phone."),
    ),
    Check.DATA: (
        _("Compare the access point (APN) with the one on the page “SIM and settings of the device”."),
        _("See on the page of the line whether a plan is running and data is left."),
    ),
    Check.CALL: (
        _("See on the page of the line whether minutes are left."),
        _("Turn call barring and forwarding off, and voice over LTE on."),
    ),
    Check.SMS: (
        _("See on the page of the line whether messages are left."),
        _("Restart the phone, so that it finds its message centre again."),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the portal knows of one check: when it worked last, and what would keep it from working.

    `place` is the network a device was seen on. `is_covered` is None for what needs no plan.
    """

    check: Check
    last_at: datetime | None
    place: str = ""
    is_covered: bool | None = None

    @property
    def steps(self) -> Sequence["_StrPromise"]:
        return STEPS[self.check]

    @property
    def help(self) -> Sequence["_StrPromise"]:
        return HELP[self.check]


def known_of(line: Line, *, carrier: Carrier, now: datetime) -> list[Known]:
    """Return the four checks with what records, and the network where it can say, tell. Three queries."""
    last = UsageRecord.objects.filter(line=line).aggregate(
        data=Max("at", filter=Q(data_bytes__gt=0)),
        call=Max("at", filter=Q(voice_seconds__gt=0)),
        sms=Max("at", filter=Q(sms_count__gt=0)),
    )
    running = Allowance.objects.filter(line=line).running(now)
    granted = running.aggregate(minutes=Sum("voice_minutes"), messages=Sum("sms_count"))
    seen = _sighting(line, carrier=carrier, now=now)
    times = [at for at in (line.own_last_use, *last.values(), seen and seen.at) if at]
    return [
        Known(check=Check.NETWORK, last_at=max(times, default=None), place=seen.network if seen else ""),
        Known(check=Check.DATA, last_at=last["data"], is_covered=granted["minutes"] is not None),
        Known(check=Check.CALL, last_at=last["call"], is_covered=bool(granted["minutes"])),
        Known(check=Check.SMS, last_at=last["sms"], is_covered=bool(granted["messages"])),
    ]


def ask_for_help(
    *,
    line: Line,
    user: User,
    known: Sequence[Known],
    outcomes: Mapping[str, str],
    text: str,
    key: str,
    now: datetime,
) -> Ticket:
    """Open a ticket with the results, or return the one that `key` opened; staff see what the portal knew as well."""
    told = [f"{one.check.label}: {Outcome(outcomes[one.check]).label}" for one in known if outcomes.get(one.check)]
    references = {"line": line.public_id, "carrier": line.carrier, "service": line.service_state}
    references |= {f"last {one.check}": one.last_at.isoformat() if one.last_at else "never seen" for one in known}
    return open_ticket(
        user=user,
        key=key,
        kind=Ticket.Kind.SERVICE,
        context={},
        about=[line.public_id],
        text="\n".join([*told, *([text] if text else [])]),
        references=references,
        now=now,
    )


def _sighting(line: Line, *, carrier: Carrier, now: datetime) -> Sighting | None:
    """Ask the network whether it has seen the device; a network that can't say, or keeps silent, has told nothing."""
    profile = SimProfile.objects.filter(line=line).current().first()
    if profile is None or not isinstance(carrier, SeesDevices):
        return None
    try:
        return carrier.last_seen(iccid=profile.iccid, now=now)
    except (CarrierRefused, OutcomeUnknown):
        return None
