"""Taking protections away from workers, for controls: from outside, in their own processes."""

import itertools
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from unittest import mock

from django.db.models import QuerySet

from billing import gateways, renewal_claims, renewals
from billing.gateways.stripe_client import api_of
from billing.gateways.stripe_settings import STRIPE, from_settings
from billing.models import Subscription
from tests.faults.figures.one_step import OneStepGateway
from tests.faults.figures.unguarded import without_lock

TICKS_SECONDS = 1.0
"""Long enough for every scheduler to have said "look now" in the meantime."""
_numbers = itertools.count()
_take = renewal_claims._take


class ForgetfulGateway(OneStepGateway):
    """Asks under a new key each time."""

    def charge_saved(self, charge):
        return super().charge_saved(replace(charge, key=f"{charge.key}_{os.getpid()}_{next(_numbers)}"))


def take_away(protections: Sequence[str], *, entries: Iterable[str]) -> list[str]:
    """Take protections away and return the entries of the timetable that are left.

    "sweeper": what stands in flight is not looked for. "keys": a charge asked for again is another payment.
    "claims": rows are taken without a lock, some time after they were seen to be free.
    "fence": whoever held a row once may write to it while anybody holds it.
    """
    entries = list(entries)
    if "sweeper" in protections:
        mock.patch.object(renewals, "_finish", leave_lying).start()
        entries.remove("reconcile-charges")
        entries.remove("fulfil-paid-orders")
    if "claims" in protections:
        mock.patch.object(QuerySet, "select_for_update", without_lock).start()
        mock.patch.object(renewal_claims, "_take", take_late).start()
    if "fence" in protections:
        mock.patch.object(Subscription, "held", in_flight_anyhow).start()
    if "keys" in protections:
        client = api_of(from_settings())._client
        mock.patch.object(gateways, "by_name", return_value={STRIPE: ForgetfulGateway(client)}).start()
        mock.patch.object(gateways, "configured", return_value=[ForgetfulGateway(client)]).start()
    return entries


def take_late(ids, *, lease_until):
    """Look, and take only then what another has looked at as well."""
    time.sleep(TICKS_SECONDS)
    _take(ids, lease_until=lease_until)


def in_flight_anyhow(subscription):
    return Subscription.objects.filter(pk=subscription.pk, state=Subscription.State.IN_FLIGHT)


def leave_lying(_ids, _desk):
    return []
