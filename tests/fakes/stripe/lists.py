"""Pages of objects, newest first, as Stripe cuts them."""

from tests.fakes.stripe.problems import exclusive, invalid, no_such

COMPARE = {
    "gt": lambda value, bound: value > bound,
    "gte": lambda value, bound: value >= bound,
    "lt": lambda value, bound: value < bound,
    "lte": lambda value, bound: value <= bound,
}


def page(account, objects, params, *, url):
    """Return the page of `objects` (newest first) that `limit`, `starting_after` and `ending_before` ask for."""
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise invalid("Limit must be between 1 and 100", param="limit", code="parameter_invalid_integer")
    if "starting_after" in params and "ending_before" in params:
        raise exclusive("starting_after", "ending_before")
    if "ending_before" in params:
        place = place_of(account, params["ending_before"], "ending_before")
        newer = [one for one in objects if account.order[one["id"]] > place]
        return {"object": "list", "data": newer[-limit:], "has_more": len(newer) > limit, "url": url}
    if "starting_after" in params:
        place = place_of(account, params["starting_after"], "starting_after")
        objects = [one for one in objects if account.order[one["id"]] < place]
    return {"object": "list", "data": objects[:limit], "has_more": len(objects) > limit, "url": url}


def place_of(account, object_id, param):
    """Return the place of a cursor, which need not be among the objects asked for."""
    if object_id not in account.order:
        raise no_such("object", object_id, param=param)
    return account.order[object_id]


def filtered(objects, params, *names):
    """Keep the objects whose fields `names` are what `params` says, and whose creation is in the range asked for."""
    for name in names:
        if name in params:
            objects = [one for one in objects if one[name] == params[name]]
    created = params.get("created")
    if created is None:
        return objects
    bounds = created if isinstance(created, dict) else {"gte": created, "lte": created}
    return [one for one in objects if all(COMPARE[name](one["created"], bound) for name, bound in bounds.items())]
