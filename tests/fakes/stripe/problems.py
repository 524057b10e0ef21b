"""Refusals in Stripe's words: each is raised where the rule is, and becomes an answer in server.py."""


class Problem(Exception):
    """An answer that is not 2xx; `headers` may tell the SDK whether to try again."""

    def __init__(self, status, kind, message, *, headers=None, **fields):
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.fields = {"type": kind, "message": message, **fields}

    def body(self):
        return {"error": {name: value for name, value in self.fields.items() if value is not None}}


def invalid(message, *, param=None, code=None, status=400, **fields):
    return Problem(status, "invalid_request_error", message, param=param, code=code, **fields)


def missing(param):
    return invalid(f"Missing required param: {param}.", param=param, code="parameter_missing")


def unknown(param):
    return invalid(f"Received unknown parameter: {param}", param=param, code="parameter_unknown")


def no_such(kind, object_id, *, param="id", status=400, more=""):
    return invalid(f"No such {kind}: '{object_id}'{more}", param=param, code="resource_missing", status=status)


def exclusive(*params):
    return invalid(f"You may only specify one of these parameters: {', '.join(params)}.", param=params[0])


def declined(outcome, **fields):
    """Return the 402 of a card that the bank refuses; `outcome` is one of banks.OUTCOMES."""
    return Problem(
        402,
        "card_error",
        outcome.message,
        code=outcome.code,
        decline_code=outcome.decline_code,
        advice_code=outcome.advice_code,
        network_advice_code=outcome.network_advice_code,
        network_decline_code=outcome.network_decline_code,
        **fields,
    )
