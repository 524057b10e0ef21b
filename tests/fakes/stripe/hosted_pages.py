"""The pages that Stripe would show a payer, plain enough for a browser test: no script, a label for every field."""

from html import escape
from urllib.parse import parse_qsl, urlencode

from tests.fakes.stripe import paying
from tests.fakes.stripe.account import Asker
from tests.fakes.stripe.money import THREE_DECIMAL, ZERO_DECIMAL
from tests.fakes.stripe.problems import Problem
from tests.fakes.stripe.service import Answer

METHODS = {"card": "Card", "alipay": "Alipay", "wechat_pay": "WeChat Pay", "paypal": "PayPal"}
OUTCOMES = {
    "paid": "Pays at once",
    "insufficient_funds": "Card is declined: too little money",
    "lost_card": "Card is declined: lost",
    "authentication_required": "Bank asks who you are, then pays",
    "paid_later": "Pays later",
    "failed_later": "Fails later",
}
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title></head>
<body><main><h1>{title}</h1>{body}</main></body></html>"""
PROOFS = {"prove": "paid", "fail": "authentication_failed"}
NOT_OPEN = "This page has expired"


class Pages:
    def __init__(self, service):
        self._account = service.account

    def answer(self, call):
        """Answer /c/pay/<session> and /c/authenticate/<intent>, asked for (GET) or filled in (POST)."""
        parts = call.path.strip("/").split("/")
        if len(parts) != 3 or parts[0] != "c" or parts[1] not in {"pay", "authenticate"}:
            return html(404, "No such page", "")
        filled = dict(parse_qsl(call.body)) if call.method == "POST" else None
        with self._account.lock:
            self._account.asker = Asker()
            try:
                return getattr(self, f"_{parts[1]}")(parts[2], filled)
            except Problem as problem:
                return html(410, NOT_OPEN, paragraph(str(problem)))

    def _pay(self, session_id, filled):
        session = paying.open_session(self._account, session_id)
        if filled is None:
            return html(200, "Pay", self._form(session))
        if filled.get("do") == "cancel":
            return to(session["cancel_url"]) if session["cancel_url"] else html(200, "Pay", self._form(session))
        if filled.get("do") in PROOFS:
            return self._paid(session, {**filled, "outcome": PROOFS[filled["do"]]})
        if filled.get("outcome") == "authentication_required":
            return html(200, "Your bank asks who you are", proof(filled))
        return self._paid(session, filled)

    def _paid(self, session, filled):
        outcome = filled.get("outcome", "paid")
        later = {"paid_later": "paid", "failed_later": "failed"}
        try:
            paying.pay(
                self._account,
                session["id"],
                method=filled.get("method", "card"),
                outcome="processing" if outcome in later else outcome,
                then=later.get(outcome, "paid"),
                save_card="save_card" in filled,
            )
        except Problem as problem:
            return html(402, "Pay", f'<p role="alert">{escape(str(problem))}</p>{self._form(session)}')
        return to(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]))

    def _form(self, session):
        lines = self._account.session_notes[session["id"]]["lines"]
        total = spoken(session["amount_total"], session["currency"]) if lines else "A card for later"
        methods = [(name, METHODS[name]) for name in session["payment_method_types"]]
        outcomes = list(OUTCOMES.items()) if session["mode"] == "payment" else list(OUTCOMES.items())[:4]
        saving = (session["saved_payment_method_options"] or {}).get("payment_method_save") == "enabled"
        back = '<button name="do" value="cancel">Back to the shop</button>' if session["cancel_url"] else ""
        return (
            f"<ul>{''.join(f'<li>{escape(name)} × {quantity}</li>' for name, quantity, _ in lines)}</ul>"
            f"{paragraph(total)}"
            f'<form method="post">{choice("method", "Pay with", methods)}{choice("outcome", "What happens", outcomes)}'
            f"{SAVE if saving else ''}"
            f'<p><button name="do" value="pay">Pay</button> {back}</p></form>'
        )

    def _authenticate(self, intent_id, filled):
        intent = self._account.tables["payment_intent"].get(intent_id)
        if intent is None or intent["status"] != "requires_action":
            return html(410, NOT_OPEN, "")
        if filled is None:
            return html(200, "Your bank asks who you are", proof({}))
        back = intent["next_action"]["redirect_to_url"]["return_url"]
        proven = filled.get("do") == "prove"
        paying.authenticate(self._account, intent_id, proven=proven)
        told = {
            "payment_intent": intent_id,
            "payment_intent_client_secret": intent["client_secret"],
            "redirect_status": "succeeded" if proven else "failed",
        }
        return to(f"{back}{'&' if '?' in back else '?'}{urlencode(told)}")


SAVE = '<p><label><input type="checkbox" name="save_card" value="1"> Save my card</label></p>'
PROVE = '<p><button name="do" value="prove">It is me</button> <button name="do" value="fail">It is not me</button></p>'


def proof(filled):
    """Return the bank's question as a form that carries what was `filled` in before it."""
    kept = "".join(
        f'<input type="hidden" name="{name}" value="{escape(filled[name])}">'
        for name in ("method", "save_card")
        if name in filled
    )
    return f'<form method="post">{kept}{PROVE}</form>'


def spoken(amount, currency):
    decimals = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    return f"{amount / 10**decimals:.{decimals}f} {currency.upper()}"


def choice(name, label, options):
    items = "".join(f'<option value="{value}">{escape(text)}</option>' for value, text in options)
    return f'<p><label for="{name}">{label}</label> <select id="{name}" name="{name}">{items}</select></p>'


def paragraph(text):
    return f"<p>{escape(text)}</p>"


def html(status, title, body):
    return Answer(status, PAGE.format(title=escape(title), body=body).encode(), kind="text/html; charset=utf-8")


def to(url):
    return Answer(303, b"", {"Location": url}, kind="text/html")
