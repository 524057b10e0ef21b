from fnmatch import fnmatchcase

from tests.fakes.stripe.lists import filtered, page
from tests.fakes.stripe.problems import exclusive, missing
from tests.fakes.stripe.routes import answers

KEPT_FOR = 30 * 24 * 3600


@answers("GET", "/v1/events/{id}")
def retrieve(account, params, event):
    return account.get("event", event, status=404)


@answers("GET", "/v1/events")
def list_events(account, params):
    if "type" in params and "types" in params:
        raise exclusive("type", "types")
    wanted = params.get("types") or ([params["type"]] if "type" in params else ["*"])
    oldest = account.now() - KEPT_FOR
    events = [
        one
        for one in account.all("event")
        if one["created"] >= oldest and any(fnmatchcase(one["type"], pattern) for pattern in wanted)
    ]
    return page(account, filtered(events, params), params, url="/v1/events")


@answers("GET", "/v1/webhook_endpoints")
def list_endpoints(account, params):
    return page(account, account.all("webhook_endpoint"), params, url="/v1/webhook_endpoints")


@answers("POST", "/v1/webhook_endpoints")
def create_endpoint(account, params):
    for name in ("url", "enabled_events"):
        if name not in params:
            raise missing(name)
    endpoint = account.make(
        "webhook_endpoint",
        url=params["url"],
        enabled_events=params["enabled_events"],
        api_version=params.get("api_version"),
        description=params.get("description"),
        metadata=params.get("metadata") or {},
        status="enabled",
    )
    # Stripe shows the secret once, in this answer.
    return {**endpoint, "secret": f"whsec_{endpoint['id']}"}
