"""What changed from 2026-05-27.dahlia to 2026-10-28.endive for the calls kept, as the types of stripe-python 16.1 tell it."""

VERSION = "2026-10-28.endive"
LATER_VERSIONS = ["2026-06-24.dahlia", "2026-07-29.dahlia", "2026-08-26.dahlia", "2026-09-30.endive", VERSION]
ALLOWED_METHODS = {"type": ["array", "null"], "items": {"type": "string"}}
USAGE = {"type": "string", "enum": ["installment", "recurring", "unscheduled"]}
USAGE_OR_NULL = {"type": ["string", "null"], "enum": [*USAGE["enum"], None]}
ID_OR_NULL = {"type": ["string", "null"]}


def to_endive(paths, schemas):
    """Bring pruned paths and schemas to VERSION, in place."""
    intents = "/v1/payment_intents"
    for path in (intents, f"{intents}/{{intent}}/confirm", "/v1/checkout/sessions"):
        form = form_of(paths, path)
        form.pop("client_secret", None)
        form["allowed_payment_method_types"] = form.pop("payment_method_types")
        for branch in form["payment_method_options"]["properties"]["card"].get("anyOf", []):
            if "properties" in branch:
                branch["properties"] |= {"stored_credential_usage": USAGE, "setup_credential_usage": USAGE}
    form_of(paths, "/v1/webhook_endpoints")["api_version"]["enum"] += LATER_VERSIONS
    form_of(paths, "/v1/checkout/sessions")["ui_mode"]["enum"].append("form")
    schemas["checkout.session"]["properties"]["ui_mode"]["enum"].append("form")
    for name in ("payment_intent", "checkout.session", "setup_intent"):
        schemas[name]["properties"]["allowed_payment_method_types"] = ALLOWED_METHODS
    card = schemas["payment_intent_payment_method_options_card"]["properties"]
    card |= {"stored_credential_usage": USAGE_OR_NULL, "setup_credential_usage": USAGE_OR_NULL}
    schemas["refund"]["properties"] |= {"customer": ID_OR_NULL, "payment_method": ID_OR_NULL}


def form_of(paths, path):
    """Return the parameters that a POST to `path` may carry."""
    body = paths[path]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]
    return body["schema"]["properties"]
