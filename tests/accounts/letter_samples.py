"""Every kind of letter in each of its forms, with values as the rows of the outbox keep them."""

from portal.lib.data_size import GB

PLAN = {"name": "Europe 10 GB", "name_zh_hans": "欧洲 10 GB", "name_zh_hant": "歐洲 10 GB"}
OUTLET = {"name": "Central Station", "name_zh_hans": "中央车站", "name_zh_hant": "中央車站"}


def money(minor, currency="USD"):
    return {"minor": minor, "currency": currency}


# Names mean the same wherever they occur.
VALUES = {
    "line": "Ada's travel",
    "line_id": "line_0123456789abcdef",
    "new_line_id": "line_fedcba9876543210",
    "order_id": "ord_0123456789abcdef",
    "ticket_id": "tkt_0123456789abcdef",
    "application_id": "app_0123456789abcdef",
    "move_id": "mov_0123456789abcdef",
    "outlet_id": "out_0123456789abcdef",
    "plan": PLAN,
    "outlet": OUTLET,
    "price": money(1490),
    "money": money(1490),
    "share": money(490),
    "rest": money(1000),
    "balance": money(2500),
    "agreed": money(1290),
    "most": money(5000),
    "max_times": 2,
    "card": "Visa 4242",
    "who": "grace@example.com",
    "by": "Grace Hopper",
    "name": "Home server",
    "number": "2026-000123",
    "order": "ord_0123456789abcdef",
    "carrier": "Example Post",
    "role": "payer",
    "new_address": "a••@example.org",
    "link": "http://localhost:8000/address/stop/eyJ0.signed-1.token/",
    "token": "eyJ0.signed-1.token",
    "days": 90,
    "days_left": 3,
    "promised_minutes": 30,
    "code": "insufficient_funds",
    "reason": "",
    "cap_bytes": 20 * GB,
    "kbps": 384,
    "network_time": "02:00",
    "network_zone": "Europe/Berlin",
    "text": "",
    "shown_as": "Trip to Rome",
    "starts_at": "2026-11-30T14:00:00+00:00",
    "ends_at": "2026-12-30T14:00:00+00:00",
    "ended_at": "2026-11-20T14:00:00+00:00",
    "suspend_at": "2026-11-27T14:00:00+00:00",
    "charge_due_at": "2026-11-29T14:00:00+00:00",
    "again_at": "2026-11-22T20:00:00+00:00",
    "last_at": "2026-11-29T20:00:00+00:00",
    "goes_on_at": "2026-12-01T00:00:00+00:00",
    "paid_until_at": "2026-11-30T14:00:00+00:00",
    "resets_at": "2026-11-23T00:00:00+00:00",
    "lapses_at": "2026-12-10T14:00:00+00:00",
    "last_used_at": "2026-09-10T14:00:00+00:00",
    "expires_at": "2026-11-29T14:00:00+00:00",
    "works_at": "2026-11-23T14:00:00+00:00",
    "changes_at": "2026-11-25T14:00:00+00:00",
    "moves_at": "2026-11-25T14:00:00+00:00",
    "closes_at": "2026-11-29T14:00:00+00:00",
    "until_at": "2026-11-29T14:00:00+00:00",
    "agreed_at": "2026-10-01T14:00:00+00:00",
    "paid_at": "2026-11-22T14:00:00+00:00",
    "last_date": "2026-12-31",
    **dict.fromkeys(("done_at", "viewed_at", "kept_at", "made_at"), "2026-11-22T14:05:00+00:00"),
}

DATA, BALANCE = {"rule_kind": "data"}, {"rule_kind": "balance", "line": "", "line_id": ""}
REFUSALS = [{"card": "Visa 4242", "code": "insufficient_funds"}, {"card": "Visa 1881", "code": "do_not_honor"}]
REQUESTS = [
    {"title": "No data in Rome: what now?", "path": "/admin/accounts/ticket/1/change/", "is_yours": True},
    {"title": "Receipt", "path": "/admin/accounts/ticket/2/change/", "is_yours": False},
]
ANSWER = "Hello Ada,\n\nPlease try this:\n* switch flight mode on\n* and off again\n\nYour support"
MOVES = [
    {"what": what, "is_owner": is_owner}
    for what in ("offered", "agreed", "claimed", "done", "declined", "given_up", "called_off")
    for is_owner in (True, False)
]
SHARINGS = ["invited", "joined", "you_joined", "left", "removed", "you_left", "ended"]
REPLACEMENTS = ["begun", "moved", "done", "undone", "failed"]

FORMS = {
    "account_closed": [{}],
    "account_closing": [{}],
    "account_closing_held": [{}],
    "account_kept": [{}],
    "account_locked": [{}],
    "account_unlocked": [{}],
    "activation_code_kept": [{}],
    "activation_code_viewed": [{}],
    "address_change_agreed": [{"what": "email"}, {"what": "phone"}],
    "address_change_proof": [{"to_address": "ada@example.org"}],
    "address_changed": [{"what": "email"}, {"what": "phone"}],
    "api_token_made": [{}],
    "application_approved": [{"delivery": "post"}, {"delivery": "outlet"}],
    "application_lapsed": [{}],
    "application_more_wanted": [{"reason": "other", "text": "The back of it, please."}],
    "application_picked_up": [{}],
    "application_ready": [{"delivery": "post", "tracking": "RR123456785DE"}, {"delivery": "outlet"}],
    "application_received": [{}],
    "application_refused": [{"reason": "other", "text": "The picture shows somebody else."}],
    "arrears_settled": [{}, {"line": ""}],
    "budget_alert": [
        {"span": span, "percent": percent, "used_bytes": percent * GB // 20, "limit_bytes": 5 * GB}
        for span in ("day", "month")
        for percent in (80, 100)
    ],
    "card_bound": [{"card": "0123"}],
    "card_expiry": [{"lines": ["Ada's travel", "Tablet"]}, {"second_for": ["Tablet"]}, {"tops_up": True}, {}],
    "card_moved": [{"card": "0123"}],
    "card_pin_issued": [{"card": "0123", "works_at": "2026-11-22T14:00:00+00:00"}],
    "charge_notice": [
        {"pays": "card"},
        {"pays": "both"},
        {"pays": "balance", "was_due_at": "2026-11-20T14:00:00+00:00"},
    ],
    "claim_code": [{"code": "246810"}],
    "confirmation_code": [{"confirmation_code": "246810"}],
    "data_copy_ready": [{}],
    "data_reminder": [{"left_bytes": 2 * GB, "data_bytes": 10 * GB}, {"left_bytes": 0, "data_bytes": 10 * GB}],
    "dispute_closed": [{"outcome": "won"}, {"outcome": "lost"}],
    "dispute_opened": [{}, {"line": ""}],
    "document_sent": [{"document_kind": kind} for kind in ("receipt", "credit_note", "invoice")],
    "expiry_reminder": [{}, {"days_left": 0}],
    "grace_begun": [{}, {"order_id": ""}],
    "keep_alive_reminder": [{}, {"last_used_at": None}],
    "line_invitation": [{}, {"role": "viewer", "by": "", "to_address": "grace@example.com"}],
    "line_move": MOVES,
    "line_move_offer": [{"to_address": "grace@example.com"}, {"by": ""}],
    "line_replacement": [{"what": what, "same_code": same} for what in REPLACEMENTS for same in (True, False)],
    "line_resumed": [{}],
    "line_service_changed": [
        {"change": change, "is_done": is_done}
        for change in ("suspending", "resuming", "terminating")
        for is_done in (True, False)
    ],
    "line_shared": [{"what": what, "role": role} for what in SHARINGS for role in ("payer", "viewer")],
    "line_suspended": [{}, {"order_id": ""}],
    "money_added": [{}, {"trigger": "low_balance"}],
    "order_delayed": [{}, {"line": ""}],
    "order_fulfilled": [
        {"order_kind": "new_line", "line": ""},
        {"order_kind": "renewal", "trigger": "expiry"},
        {
            "order_kind": "renewal",
            "trigger": "expiry",
            "share": None,
            "instead_of": "Visa 1881",
            "paid_with": "Visa 4242",
        },
        {"order_kind": "top_up", "trigger": "low_data"},
    ],
    "order_undeliverable": [{}, {"line": "", "paid_by": "link"}],
    "paid_for_you": [{"what": "delivered"}, {"what": "given_back"}],
    "pay_link_receipt": [{"to_address": "payer@example.com"}, {"shown_as": ""}],
    "pay_link_refund": [{"to_address": "payer@example.com", "is_done": True}, {}],
    "payment_returned": [{}],
    "plan_queued": [{}],
    "referral_reversed": [{}],
    "referral_rewarded": [{"role": "referrer"}, {"role": "newcomer"}],
    "payout_begun": [
        {"to_cards": money(1000), "by_hand": money(490)},
        {"to_cards": money(1490), "by_hand": None},
        {"to_cards": None, "by_hand": money(1490)},
    ],
    "payout_returned": [{"by_hand": money(490)}],
    "payout_sent": [{"by_hand": money(490), "reference": "SEPA 4711"}],
    "refund_done": [{"goes_to": "balance", "plan": None}, {"goes_to": "source"}, {"goes_to": "source", "card": ""}],
    "refund_refused": [{}],
    "refund_started": [{}, {"card": ""}],
    "renewal_declined": [
        {},
        {"again_at": None, "order_id": "", "refusals": REFUSALS},
        {"code": "authentication_required"},
        {"order_id": "", "line_id": ""},
    ],
    "renewal_lapsed": [{}, {"was_not_asked": True}],
    "renewal_limit_reached": [{}, {"paid_until_at": None}],
    "renewal_obstacle": [{"reason": "limit_reached"}, {"reason": "method_removed", "paid_until_at": None}],
    "renewal_paused": [{"reason": "price_changed"}, {"reason": "method_removed", "line_id": ""}],
    "renewal_question": [{"is_reminder": True}, {}],
    "requests_wait": [{"requests": REQUESTS}],
    "sim_activated": [{}],
    "speed_reduced": [{"elsewhere": True}, {}],
    "ticket_answered": [{"text": ANSWER}],
    "top_up_declined": [
        DATA,
        {**DATA, "order_id": "", "again_at": None},
        {**DATA, "code": "authentication_required"},
        {**BALANCE, "order_id": ""},
    ],
    "top_up_limit_reached": [DATA, BALANCE, {**BALANCE, "max_times": 1}],
    "top_up_paused": [
        {**DATA, "reason": "price_changed", "new_price": money(1690)},
        {**BALANCE, "reason": "method_removed"},
    ],
}


def samples():
    """Yield each kind with the context of each of its forms."""
    for kind, forms in FORMS.items():
        for form in forms:
            yield kind, {name: value for name, value in {**VALUES, **form}.items() if value is not None}
