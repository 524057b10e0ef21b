"""The endpoints of the API, strict about paths, headers and JSON types."""

import json
import re
from datetime import datetime
from urllib.parse import parse_qsl, unquote

from tests.fakes.esimgo.organisation import Refused, rfc3339

BASE = "/v2.5"


class Endpoints:
    def __init__(self, organisation, *, api_key):
        self.organisation = organisation
        self.api_key = api_key
        self.routes = [
            ("POST", re.compile(r"/orders"), self.place_order),
            ("GET", re.compile(r"/orders"), self.list_orders),
            ("GET", re.compile(r"/organisation"), self.tell_organisation),
            ("GET", re.compile(r"/esims/assignments"), self.install_details),
            ("PUT", re.compile(r"/esims"), self.update_esim),
            ("GET", re.compile(r"/esims/(?P<iccid>\d{19,20})"), self.tell_esim),
            ("DELETE", re.compile(r"/esims/(?P<iccid>\d{19,20})"), self.delete_esim),
            ("POST", re.compile(r"/esims/(?P<iccid>\d{19,20})/suspend"), self.suspend),
            ("GET", re.compile(r"/esims/(?P<iccid>\d{19,20})/bundles"), self.list_bundles),
            (
                "DELETE",
                re.compile(r"/esims/(?P<iccid>\d{19,20})/bundles/(?P<name>[^/]+)/assignments/(?P<assignment>[^/]+)"),
                self.revoke,
            ),
        ]

    def answer(self, call):
        """Return status and JSON; raises Refused."""
        if call.headers.get("X-API-Key") != self.api_key:
            raise Refused(403, "access denied")
        if call.headers.get("Accept") != "application/json":
            raise Refused(400, "this fake answers JSON only")
        for method, pattern, handle in self.routes:
            match = pattern.fullmatch(call.path.removeprefix(BASE))
            if method == call.method and match and call.path.startswith(BASE):
                named = {name: unquote(value) for name, value in match.groupdict().items()}
                return handle(call, **named)
        raise Refused(404, f"no such endpoint: {call.method} {call.path}")

    def place_order(self, call):
        body = _body(call, type=str, assign=bool, order=list)
        if body["type"] not in {"validate", "transaction"} or len(body["order"]) != 1:
            raise Refused(400, "invalid order")
        item = _checked(body["order"][0], type=str, quantity=int, item=str, allowReassign=bool)
        iccids = item.get("iccids")
        if item["type"] != "bundle" or (iccids is not None and len(iccids) != item["quantity"]):
            raise Refused(400, "quantity does not match iccids")
        if not body["assign"] or item["quantity"] != 1 or body["type"] == "validate":
            raise Refused(400, "not what the portal orders")
        order = self.organisation.order(item)
        return 200, self._order(order) | {"valid": True, "runningBalance": self.organisation.balance}

    def list_orders(self, call):
        query = parse_qsl(call.query)
        since = next(value.removeprefix("gte:") for name, value in query if name == "createdAt")
        values = dict(query)
        page, limit = int(values["page"]), int(values["limit"])
        found = [one for one in self.organisation.orders if one.created_at >= datetime.fromisoformat(since)]
        found.sort(key=lambda one: one.created_at, reverse=True)
        shown = found[(page - 1) * limit : page * limit]
        return 200, {"orders": [self._order(one) for one in shown], "pageCount": 1, "rows": len(found)}

    def install_details(self, call):
        reference = dict(parse_qsl(call.query)).get("reference", "")
        order = next((one for one in self.organisation.orders if one.reference == reference), None)
        if order is None:
            raise Refused(400, "unknown reference")
        return 200, [self._esim(self.organisation.esims[iccid]) for iccid in order.iccids]

    def tell_organisation(self, _call):
        return 200, {"organisations": [{"name": "Portal Test", "balance": self.organisation.balance}]}

    def update_esim(self, call):
        body = _body(call, iccid=str, customerRef=str)
        self.organisation.esim(body["iccid"]).customer_ref = body["customerRef"]
        return 200, {"status": "Updated SIM"}

    def tell_esim(self, _call, iccid):
        return 200, self._esim(self.organisation.esim(iccid))

    def delete_esim(self, _call, iccid):
        self.organisation.delete(iccid)
        return 200, {"status": "eSIM deleted"}

    def suspend(self, call, iccid):
        self.organisation.set_suspended(iccid, _body(call, suspend=bool)["suspend"])
        return 201, {"status": "done"}

    def list_bundles(self, _call, iccid):
        esim = self.organisation.esim(iccid)
        names = dict.fromkeys(one.bundle for one in esim.assignments)
        at = esim.assigned_at
        return 200, {
            "bundles": [
                {"name": name, "assignments": [one.as_json(at=at) for one in esim.assignments if one.bundle == name]}
                for name in names
            ]
        }

    def revoke(self, call, iccid, name, assignment):
        query = dict(parse_qsl(call.query))
        self.organisation.revoke(iccid, name, assignment, refund=query.get("refundToBalance") == "true")
        return 200, {"status": "Successfully revoked bundle"}

    def _order(self, order):
        esims = [self.organisation.esims[iccid] for iccid in order.iccids if iccid in self.organisation.esims]
        item = {
            "type": "bundle",
            "item": order.bundle,
            "quantity": 1,
            "subTotal": order.price,
            "pricePerUnit": order.price,
            "AllowReassign": False,
            "esims": [
                {"iccid": one.iccid, "matchingId": one.matching_id, "smdpAddress": f"http://{self.organisation.SMDP}"}
                for one in esims
            ],
            "iccids": order.iccids,
        }
        return {
            "order": [item],
            "total": order.price,
            "currency": "USD",
            "status": order.status,
            "statusMessage": "Order completed: 1 eSIM assigned",
            "orderReference": order.reference,
            "createdDate": rfc3339(order.created_at),
            "assigned": True,
        }

    def _esim(self, esim):
        installed = esim.first_installed
        return {
            "iccid": esim.iccid,
            "pin": esim.pin,
            "puk": esim.puk,
            "matchingId": esim.matching_id,
            "smdpAddress": f"http://{self.organisation.SMDP}",
            "profileStatus": esim.profile_status,
            "firstInstalledDateTime": int(installed.timestamp() * 1000) if installed else 0,
            "customerRef": esim.customer_ref,
            "state": esim.state,
        }


def _body(call, **types):
    if call.headers.get("Content-Type") != "application/json":
        raise Refused(400, "content type is not JSON")
    try:
        return _checked(json.loads(call.body), **types)
    except ValueError as error:
        raise Refused(400, "body is not JSON") from error


def _checked(values, **types):
    for name, kind in types.items():
        if type(values.get(name)) is not kind:
            raise Refused(400, f"{name} is not {kind.__name__}")
    return values
