import secrets

from tests.fakes.stripe.api import payment_methods
from tests.fakes.stripe.lists import filtered, page
from tests.fakes.stripe.problems import declined
from tests.fakes.stripe.routes import answers


@answers("GET", "/v1/setup_intents/{intent}")
def retrieve(account, params, intent):
    return account.get("setup_intent", intent, param="intent", status=404)


@answers("GET", "/v1/setup_intents")
def list_intents(account, params):
    return page(
        account,
        filtered(account.all("setup_intent"), params, "customer", "payment_method"),
        params,
        url="/v1/setup_intents",
    )


def make_intent(account, *, customer, metadata, description, methods):
    intent = account.make(
        "setup_intent",
        customer=customer,
        description=description,
        metadata=metadata,
        payment_method_types=methods,
        status="requires_payment_method",
        usage="off_session",
    )
    intent["client_secret"] = f"{intent['id']}_secret_{secrets.token_hex(12)}"
    account.emit("setup_intent.created", intent)
    return intent


def succeed(account, intent, method):
    intent |= {"status": "succeeded", "payment_method": method["id"], "last_setup_error": None}
    if intent["customer"] and not method["customer"]:
        payment_methods.attach_to(account, method, intent["customer"])
    account.emit("setup_intent.succeeded", intent)


def fail(account, intent, method, outcome):
    """Return the 402 of a card that the bank would not keep."""
    problem = declined(outcome, payment_method=dict(method))
    intent["last_setup_error"] = problem.body()["error"]
    account.emit("setup_intent.setup_failed", intent)
    return problem
