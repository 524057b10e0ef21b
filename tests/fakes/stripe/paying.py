"""What a payer does on the hosted page, with or without a browser."""

from tests.fakes.stripe import banks
from tests.fakes.stripe.api import charges, payment_methods, sessions, setup_intents
from tests.fakes.stripe.api.payment_intents import make_intent
from tests.fakes.stripe.confirming import refuse, settle, succeed
from tests.fakes.stripe.problems import invalid

BANK_SAID_NO = banks.Outcome("declined", "payment_intent_payment_attempt_failed", None, "The payment failed.")
PAYER = {"address": None, "email": "payer@example.com", "name": "Pay Er", "phone": None, "tax_id": None}


def open_session(account, session_id):
    """Return a session that can still be paid; Problem otherwise."""
    sessions.end_overdue(account)
    session = account.tables["checkout.session"].get(session_id)
    if session is None:
        raise invalid(f"No such checkout.session: {session_id}", status=404)
    if session["status"] != "open":
        raise invalid(f"This Checkout Session is {session['status']}.", code="session_not_open")
    account.asker.livemode = session["livemode"]
    return session


def pay(account, session_id, *, method="card", outcome="paid", save_card=False, then="paid", **card):
    """Pay, or keep a card in a `setup` session.

    `outcome` is a word of banks.OUTCOMES: `processing` is paid later, and `then` says how that ends; asked to authenticate,
    the payer does, unless the word is `authentication_failed`. `card` are fields of
    the card: brand, last4, exp_month, exp_year. Raises Problem 402 for a decline; the session stays open.
    """
    session = open_session(account, session_id)
    if method not in session["payment_method_types"]:
        raise invalid(f"This Checkout Session does not offer {method}.")
    keeps = save_card or keeps_by_itself(account, session, method)
    if save_card and not may_save(account, session):
        raise invalid("This Checkout Session does not let the payer save a card.")
    if session["mode"] == "setup":
        return keep(account, session, outcome, card)
    intent = intent_of(account, session)
    redisplay = "always" if save_card else "limited" if keeps else "unspecified"
    if method == "card":
        paid_with = payment_methods.make_card(
            account, redisplay=redisplay, outcome=card.pop("outcome_later", "paid"), **card
        )
    else:
        paid_with = payment_methods.make_other(account, method)
    paid_with["billing_details"] |= PAYER
    intent |= {"payment_method": paid_with["id"], "status": "requires_confirmation"}
    if keeps and intent["customer"]:
        intent["setup_future_usage"] = "off_session"
    account.intent_notes[intent["id"]]["then"] = then
    bank = banks.OUTCOMES[outcome]
    settle(account, intent, banks.OUTCOMES["paid"] if bank.state == "authentication" else bank)
    return complete(account, session, intent)


def keeps_by_itself(account, session, method):
    options = (session["payment_method_options"] or {}).get(method) or {}
    data = account.session_notes[session["id"]]["intent_data"]
    reuse = options.get("setup_future_usage") or data.get("setup_future_usage")
    return method in {"card", "paypal"} and reuse not in {None, "none"}


def may_save(account, session):
    saving = session["saved_payment_method_options"] or {}
    return saving.get("payment_method_save") == "enabled" or keeps_by_itself(account, session, "card")


def intent_of(account, session):
    """Return the intent of the session, made when the payer first tries to pay."""
    if session["payment_intent"]:
        return account.tables["payment_intent"][session["payment_intent"]]
    data = account.session_notes[session["id"]]["intent_data"]
    if not session["customer"] and (
        session["customer_creation"] == "always" or keeps_by_itself(account, session, "card")
    ):
        session["customer"] = account.make("customer", email=PAYER["email"], metadata={}, balance=0)["id"]
    kept = ("description", "metadata", "receipt_email", "statement_descriptor", "statement_descriptor_suffix")
    params = {name: data[name] for name in kept if name in data}
    params |= {"amount": session["amount_total"], "currency": session["currency"]}
    if session["customer"]:
        params["customer"] = session["customer"]
    intent = make_intent(account, params)
    intent["payment_method_types"] = list(session["payment_method_types"])
    session["payment_intent"] = intent["id"]
    account.intent_notes[intent["id"]] = {"session": session["id"]}
    return intent


def complete(account, session, intent):
    paid = intent["status"] == "succeeded"
    details = {"address": None, "email": PAYER["email"], "name": PAYER["name"], "phone": None, "tax_exempt": "none"}
    session |= {
        "status": "complete",
        "payment_status": "paid" if paid else "unpaid",
        "customer_details": details | {"business_name": None, "individual_name": None},
        "url": None,
    }
    account.emit("checkout.session.completed", session)
    return session


def keep(account, session, outcome, card):
    """Keep a card for later in a `setup` session."""
    intent = account.tables["setup_intent"][session["setup_intent"]]
    method = payment_methods.make_card(account, redisplay="limited", outcome=card.pop("outcome_later", "paid"), **card)
    bank = banks.OUTCOMES[outcome]
    if bank.state == "declined":
        raise setup_intents.fail(account, intent, method, bank)
    setup_intents.succeed(account, intent, method)
    session |= {"status": "complete", "url": None}
    account.emit("checkout.session.completed", session)
    return session


def authenticate(account, intent_id, *, proven):
    """Let the payer of an intent in `requires_action` prove who they are, or fail to."""
    intent = account.tables["payment_intent"][intent_id]
    account.asker.livemode = intent["livemode"]
    if intent["status"] != "requires_action":
        raise invalid(f"This PaymentIntent is {intent['status']} and asks the payer for nothing.")
    method = account.tables["payment_method"][intent["payment_method"]]
    if not proven:
        refuse(account, intent, method, banks.OUTCOMES["authentication_failed"])
        return intent
    return settle(account, intent, banks.OUTCOMES["paid"])


def finish(account, intent_id, outcome=None):
    """End what is processing: `paid` or `failed`; without a word, as was said when it began."""
    intent = account.tables["payment_intent"][intent_id]
    account.asker.livemode = intent["livemode"]
    if intent["status"] != "processing":
        raise invalid(f"This PaymentIntent is {intent['status']}, not processing.")
    outcome = outcome or account.intent_notes.get(intent_id, {}).get("then", "paid")
    charge = account.tables["charge"][intent["latest_charge"]]
    if outcome == "paid":
        charge["status"] = "succeeded"
        charge["balance_transaction"] = charges.book(
            account, charge["id"], "charge", charge["amount"], charge["currency"]
        )["id"]
        account.emit("charge.succeeded", charge)
        succeed(account, intent, charge)
    else:
        fail_charge(account, intent, charge)
    tell_session(account, intent, paid=outcome == "paid")
    return intent


def fail_charge(account, intent, charge):
    charge |= {"status": "failed", "paid": False, "captured": False, "failure_code": "payment_failed"}
    account.emit("charge.failed", charge)
    error = {"type": "card_error", "code": BANK_SAID_NO.code, "message": BANK_SAID_NO.message, "charge": charge["id"]}
    intent |= {"status": "requires_payment_method", "processing": None, "last_payment_error": error}
    account.emit("payment_intent.payment_failed", intent)


def tell_session(account, intent, *, paid):
    notes = account.intent_notes.get(intent["id"], {})
    session = account.tables["checkout.session"].get(notes.get("session"))
    if session is None:
        return
    if paid:
        session["payment_status"] = "paid"
    account.emit(f"checkout.session.async_payment_{'succeeded' if paid else 'failed'}", session)
