from tests.fakes.stripe.lists import filtered, page
from tests.fakes.stripe.routes import answers

PLAIN = ("email", "name", "phone", "description", "preferred_locales", "address", "tax_exempt")


@answers("POST", "/v1/customers")
def create(account, params):
    customer = account.make(
        "customer",
        metadata=params.get("metadata") or {},
        balance=0,
        delinquent=False,
        invoice_prefix="PORTAL",
        tax_exempt="none",
        preferred_locales=[],
        invoice_settings={"default_payment_method": None, "footer": None},
    )
    customer |= {name: params[name] or None for name in PLAIN if name in params}
    account.emit("customer.created", customer)
    return customer


@answers("GET", "/v1/customers/{customer}")
def retrieve(account, params, customer):
    return account.get("customer", customer, status=404)


@answers("POST", "/v1/customers/{customer}")
def update(account, params, customer):
    found = account.get("customer", customer, status=404)
    previous = {name: found[name] for name in PLAIN if name in params}
    found |= {name: params[name] or None for name in previous}
    if "metadata" in params:
        merge_metadata(found, params["metadata"])
    account.emit("customer.updated", found, previous)
    return found


@answers("GET", "/v1/customers")
def list_customers(account, params):
    return page(account, filtered(account.all("customer"), params, "email"), params, url="/v1/customers")


def merge_metadata(thing, metadata):
    """Lay `metadata` over what is there: an empty value takes its key away, an empty whole takes all."""
    merged = {**thing["metadata"], **metadata} if metadata else {}
    thing["metadata"] = {name: value for name, value in merged.items() if value}
