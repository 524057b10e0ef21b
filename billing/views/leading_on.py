"""What the views that send payers to a gateway have in common."""

from functools import partial
from http import HTTPStatus

from django.db import transaction
from django.http import HttpResponseRedirect

from billing import gateways
from billing.tasks import charge_kept_card, nudge
from portal.lib.form_action import may_lead_to

leads_to_gateway = may_lead_to(lambda: gateways.chosen().page_origin)
"""For a view whose page has a form that may end on the page of the gateway."""


def to_gateway(url: str) -> HttpResponseRedirect:
    """Answer a form with the page of the gateway; 303, so that nothing of the form is sent there."""
    return HttpResponseRedirect(url, status=HTTPStatus.SEE_OTHER)


def charge_soon(order_id: int) -> None:
    """Have a worker charge the kept card that was chosen: the bank's answer may take longer than a page should."""
    transaction.on_commit(partial(nudge, charge_kept_card, order_id=order_id))
