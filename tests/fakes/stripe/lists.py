"""Pages of objects, newest first, as Stripe cuts them."""

from tests.fakes.stripe.problems import exclusive, invalid, no_such

COMPARE = {
    "gt": lambda value, bound: value > bound,
    "gte": lambda value, bound: value >= bound,
    "lt": lambda value, bound: value < bound,
    "lte": lambda value, bound: value <= bound,
}


def page(objects, params, *, url):
    """Return the page of `objects` (newest first) that `limit`, `starting_after` and `ending_before` ask for."""
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise invalid("Limit must be between 1 and 100", param="limit", code="parameter_invalid_integer")
    if "starting_after" in params and "ending_before" in params:
        raise exclusive("starting_after", "ending_before")
    if "ending_before" in params:
        end = place_of(params["ending_before"], objects, "ending_before")
        start = max(0, end - limit)
        return {"object": "list", "data": objects[start:end], "has_more": start > 0, "url": url}
    start = place_of(params["starting_after"], objects, "starting_after") + 1 if "starting_after" in params else 0
    return {
        "object": "list",
        "data": objects[start : start + limit],
        "has_more": start + limit < len(objects),
        "url": url,
    }


def place_of(object_id, objects, param):
    for place, one in enumerate(objects):
        if one["id"] == object_id:
            return place
    raise no_such("object", object_id, param=param)


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
