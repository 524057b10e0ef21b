"""Rows of Ada's, one for each kind that an address can name."""

from datetime import timedelta

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str

from accounts import address_change_links, calendar_links
from accounts.models import OutboxMessage
from billing import pay_links
from billing.question_links import token_for
from esim.sharing_links import invitation_token, move_token
from plans.terms import PlanTerms
from tests import make


@pytest.fixture
def ids_of_ada(subscriber, now):
    """What to put for `public_id` and the like, by the first part of the address."""
    plan = make.make_plan()
    line = make.make_line(owner=subscriber)
    make.make_profile(line=line)
    make.make_allowance(line=line, plan=plan)
    terms = PlanTerms.of(plan).to_json()
    lasting = {"plan_terms": terms, "expires_at": now + timedelta(days=3650)}
    order = make.make_order(owner=subscriber, line=line, plan=plan, **lasting)
    method = make.make_method(owner=subscriber)
    subscription = make.make_subscription(line=line, plan=plan, method=method)
    make.make_question(subscription=subscription)
    rule = make.make_top_up_rule(line=line, plan=make.make_data_pack(), method=method)
    invoice = make.make_invoice(order=order)
    letter = {"body": "Attached.", "html": "<p>Attached.</p>"}
    message = OutboxMessage.objects.create(channel="email", recipient=subscriber.email, **letter)
    attachment = message.attachments.create(name="a.pdf", content_type="application/pdf", content=b"%PDF")
    ticket = make.make_ticket(owner=subscriber)
    document = make.make_document(owner=subscriber)
    application = make.make_application(owner=subscriber, papers=1)
    bought = make.make_order(owner=subscriber, line=line, plan=plan, state="fulfilled", paid_at=now)
    lost = {"state": "lost", "is_withdrawn": True, "closed_at": now}
    debt = make.make_dispute(charge=make.make_charge(order=bought), **lost)
    moving = make.make_line(owner=subscriber)
    replacement = make.make_replacement(line=moving)
    pay_token = pay_links.make(order=order, by=subscriber, shown_as="", ip=None, now=now).token
    member = make.make_member(line=line)
    invitation = make.make_invitation(line=line)
    move = make.make_move(line=moving)
    later = make.make_queued_plan(line=line, plan=plan)
    new_address = make.make_address_change(user=subscriber)
    links = address_change_links.proving_path(new_address), address_change_links.stopping_path(new_address)
    proving, stopping = (link.split("/")[-2] for link in links)
    reset = {"uidb36": user_pk_to_url_str(subscriber), "key": default_token_generator.make_token(subscriber)}
    return {
        "address/prove/": {"token": proving},
        "address/stop/": {"token": stopping},
        "sim/applications/": {"public_id": application.public_id},
        "coupons/": {"slug": make.make_coupon().slug},
        "r/": {"code": make.make_referral_code(owner=subscriber).code},
        "queue/": {"public_id": later.public_id},
        "documents/": {"public_id": document.public_id},
        "pay/": {"token": pay_token},
        "members/": {"public_id": member.public_id},
        "invitations/": {"public_id": invitation.public_id},
        "moves/": {"public_id": move.public_id},
        "join/": {"token": invitation_token(invitation)},
        "take/": {"token": move_token(move)},
        "replacements/": {"public_id": replacement.public_id},
        "lines/": {"public_id": line.public_id},
        "orders/": {"public_id": order.public_id},
        "outlets/": {"public_id": make.make_outlet().public_id},
        "plans/": {"public_id": plan.public_id},
        "plans/preview/": {"slug": make.make_promotion().slug},
        "announcements/": {"public_id": make.make_announcement().public_id},
        "top-ups/": {"public_id": rule.public_id},
        "billing/arrears/": {"public_id": debt.public_id},
        "billing/documents/": {"public_id": invoice.public_id},
        "billing/methods/": {"public_id": method.public_id},
        "outbox/attachments/": {"public_id": attachment.public_id},
        "outbox/letters/": {"pk": message.pk},
        "help/": {"slug": make.make_article().slug},
        "help/tickets/": {"public_id": ticket.public_id},
        "webhooks/": {"gateway": "sandbox"},
        "webhooks/es2plus/": {"secret": "nobody-knows-it"},
        "calendar/": {"token": calendar_links.token_of(subscriber)},
        "offline/": {"language": "en"},
        "renewals/": {"token": token_for(subscription, period_index=1)},
        "sandbox/pay/": {"reference": "pay_nothing"},
        "accounts/2fa/webauthn/keys/": {"pk": 1},
        "^accounts/password/reset/key/": reset,
        "accounts/^password/reset/key/": reset,
        "api/v1/lines/": {
            "line_id": line.public_id,
            "queued_id": later.public_id,
            "member_id": member.public_id,
            "invitation_id": invitation.public_id,
        },
        "api/v1/orders/": {"order_id": order.public_id},
        "api/v1/arrears/": {"arrear_id": debt.public_id},
        "api/v1/documents/": {"document_id": invoice.public_id},
        "api/v1/payment-methods/": {"card_id": method.public_id},
        "api/v1/low-balance/": {"rule_id": make.make_balance_rule(owner=subscriber, method=method).public_id},
        "api/v1/tickets/": {"ticket_id": ticket.public_id},
        "api/v1/plans/": {"plan_id": plan.public_id},
        "settings/tokens/": {"public_id": make.make_api_token(owner=subscriber).public_id},
        "": {},
    }


@pytest.fixture
def address_of(ids_of_ada):
    """Return a function that gives an address of Ada's for a route."""

    def address(route):
        prefix = max((known for known in ids_of_ada if route.pattern.startswith(known)), key=len)
        missing = set(route.arguments) - set(ids_of_ada[prefix])
        assert not missing, f"{route.name}: say in ids_of_ada what {missing} may be"
        return route.address(ids_of_ada[prefix])

    return address
