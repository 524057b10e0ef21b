"""What every operation of the API is, and a body that each one that takes one understands."""

USD = {"unit": "USD", "value": "14.90"}
CONSENT = {"agreed": True, "price": USD, "termsVersion": "2026-11", "text": "Yes."}
PLAN = "pln_0000000000000000"
CARD = "pmt_0000000000000000"

BODIES = {
    "place_order": {"kind": "renewal", "line": "lin_0000000000000000", "plan": PLAN, "price": USD, "payWith": "page"},
    "add_money": {"amount": USD, "payWith": "page"},
    "settle": {"price": USD, "payWith": "page"},
    "pay_with_another_card": {"payWith": CARD},
    "make_pay_link": {},
    "give_back": {},
    "move_queued": {"to": "earlier"},
    "change_line": {"nickname": "Mine"},
    "set_budget": {"dailyBytes": None, "monthlyBytes": None},
    "turn_on": {"plan": PLAN, "payWith": "balance", "consent": CONSENT},
    "answer_question": {"answer": "skip", "price": USD},
    "turn_low_data_on": {"plan": PLAN, "payWith": "balance", "consent": CONSENT},
    "turn_low_balance_on": {"amount": "20", "lowMark": "5", "payWith": CARD, "consent": CONSENT},
    "change_settings": {},
    "change_billing_details": {},
    "open_ticket": {"kind": "other", "text": "Hello"},
    "write_again": {"text": "Hello"},
    "doubt_figures": {"text": "Hello"},
}
QUERIES = {
    "get_terms": {"plan": PLAN, "payWith": "balance"},
    "get_low_data_terms": {"plan": PLAN, "payWith": "balance"},
    "get_low_balance_terms": {"amount": "20", "lowMark": "5", "payWith": CARD},
}


def operations(client):
    """Return (name, method, path, operation) of each operation that takes a subscriber's token."""
    schema = client.get("/api/v1/openapi.json").json()
    return [
        (operation["operationId"], method, path.removeprefix("/api/v1"), operation)
        for path, by_method in schema["paths"].items()
        for method, operation in by_method.items()
        if path != "/api/v1/usage/"
    ]


def ask(program, name, method, path, *, key="k1"):
    """Send what an operation understands; return the answer."""
    address = path + "".join(
        f"{'&' if at else '?'}{one}={value}" for at, (one, value) in enumerate(QUERIES.get(name, {}).items())
    )
    return program.ask(method, address, BODIES.get(name), **{"Idempotency-Key": key})
