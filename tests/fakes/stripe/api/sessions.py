from tests.fakes.stripe.api import setup_intents
from tests.fakes.stripe.lists import filtered, page
from tests.fakes.stripe.openapi import document
from tests.fakes.stripe.problems import invalid
from tests.fakes.stripe.routes import answers
from tests.fakes.stripe.session_rules import add_up, check_new, offered_methods

PLAIN = (
    "allowed_payment_method_types",
    "cancel_url",
    "client_reference_id",
    "customer",
    "customer_email",
    "locale",
    "success_url",
)
SHOWN_OPTIONS = ("alipay", "card", "link", "paypal")  # WeChat Pay's are taken, but not told again


@answers("POST", "/v1/checkout/sessions")
def create(account, params):
    mode = params.get("mode", "payment")
    expires_at = check_new(account, params, mode)
    if mode == "setup":
        currency, total, lines = params.get("currency"), None, []
    else:
        currency, total, lines = add_up(params)
    methods = offered_methods(account, params, mode, currency)
    session = account.make(
        "checkout.session",
        automatic_tax={"enabled": False, "liability": None, "provider": None, "status": None},
        amount_subtotal=total,
        amount_total=total,
        currency=currency,
        customer_creation=params.get("customer_creation", "if_required")
        if mode == "payment" and "customer" not in params
        else None,
        expires_at=expires_at,
        metadata=params.get("metadata") or {},
        mode=mode,
        payment_method_collection="if_required" if mode == "payment" else "always",
        payment_method_options=shown_options(params),
        payment_method_types=methods,
        payment_status="no_payment_required" if mode == "setup" else "unpaid",
        saved_payment_method_options=shown_saving(params),
        status="open",
        ui_mode="hosted_page",
        total_details=None if mode == "setup" else {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
    )
    session |= {name: params[name] for name in PLAIN if name in params}
    session["url"] = f"{account.base}/c/pay/{session['id']}"
    account.session_notes[session["id"]] = {"lines": lines, "intent_data": params.get("payment_intent_data") or {}}
    if mode == "setup":
        open_setup(account, session, params.get("setup_intent_data") or {})
    return session


def shown_options(params):
    given = params.get("payment_method_options") or {}
    blank = {
        name: document().blank(f"checkout_{name}_payment_method_options") for name in SHOWN_OPTIONS if name in given
    }
    blank |= {
        "card": {**document().blank("checkout_card_payment_method_options"), "request_three_d_secure": "automatic"}
    }
    return {name: one | given.get(name, {}) for name, one in blank.items()}


def shown_saving(params):
    saving = params.get("saved_payment_method_options")
    if saving is None:
        return None
    return {
        "allow_redisplay_filters": ["always"],
        "payment_method_remove": "disabled",
        "payment_method_save": "disabled",
    } | saving


def open_setup(account, session, data):
    intent = setup_intents.make_intent(
        account,
        customer=session["customer"],
        metadata=data.get("metadata") or {},
        description=data.get("description"),
        methods=session["payment_method_types"],
    )
    session["setup_intent"] = intent["id"]


@answers("GET", "/v1/checkout/sessions/{session}")
def retrieve(account, params, session):
    return account.get("checkout.session", session, param="session", status=404)


@answers("GET", "/v1/checkout/sessions")
def list_sessions(account, params):
    found = filtered(account.all("checkout.session"), params, "customer", "payment_intent", "status")
    return page(account, found, params, url="/v1/checkout/sessions")


@answers("POST", "/v1/checkout/sessions/{session}/expire")
def expire(account, params, session):
    found = account.get("checkout.session", session, param="session", status=404)
    if found["status"] != "open":
        message = (
            'Only Checkout Sessions with a status in ["open"] can be expired.'
            f" This Session has a status of `{found['status']}`."
        )
        raise invalid(message, param="session")
    return end(account, found)


def end(account, session):
    """Close an open session unpaid, and cancel what was begun in it."""
    session |= {"status": "expired", "url": None}
    if intent := account.tables["payment_intent"].get(session["payment_intent"]):
        intent |= {
            "status": "canceled",
            "canceled_at": account.now(),
            "cancellation_reason": "expired",
            "next_action": None,
        }
        account.emit("payment_intent.canceled", intent)
    if intent := account.tables["setup_intent"].get(session["setup_intent"]):
        intent["status"] = "canceled"
    account.emit("checkout.session.expired", session)
    return session


def end_overdue(account):
    """Expire the open sessions whose time has passed."""
    now = account.now()
    for session in account.open_sessions():
        if session["expires_at"] <= now:
            end(account, session)
