"""`expand[]`: ids replaced by the objects they name, on a copy."""

from tests.fakes.stripe.cuts import EXPANDABLE
from tests.fakes.stripe.plain import copied
from tests.fakes.stripe.problems import invalid

DEEPEST = 4
KINDS = {
    "balance_transaction": "balance_transaction",
    "charge": "charge",
    "customer": "customer",
    "latest_charge": "charge",
    "payment_intent": "payment_intent",
    "payment_method": "payment_method",
    "setup_intent": "setup_intent",
}


def expand(account, answer, paths):
    """Return a copy of `answer` with `paths` expanded.

    Raises Problem for a path that Stripe, or the abridged document, cannot expand.
    """
    for path in paths:
        names = path.split(".")
        if len(names) > DEEPEST:
            raise invalid("You cannot expand more than 4 levels of a property", param="expand")
        if answer.get("object") == "list":
            if names[0] != "data":
                raise cannot(path)
            answer = {**answer, "data": [_expand(account, one, names[1:], path) for one in answer["data"]]}
        else:
            answer = _expand(account, answer, names, path)
    return answer


def _expand(account, one, names, path):
    if not names:
        return one
    name, *deeper = names
    if name not in EXPANDABLE.get(one["object"], set()):
        raise cannot(path)
    inner = one[name]
    if isinstance(inner, str):
        inner = copied(account.tables[KINDS[name]][inner])
    if inner is None:
        return one
    return {**one, name: _expand(account, inner, deeper, path)}


def cannot(path):
    return invalid(f"This property cannot be expanded ({path}).", param="expand")
