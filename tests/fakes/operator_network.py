"""An operator's own provisioning system, as docs/operator-network.md has it."""

import json
import re

from tests.fakes.faulty_server import FaultyServer

TOKEN = "fake-network-token-7Qd2"
BASE = "/portal/v1"
PATH = re.compile(rf"{BASE}/profiles/(?P<iccid>[0-9]{{19,20}})(?:/(?P<operation>[a-z]+))?")
FIELDS = {
    "grant": {"grant": str, "plan": dict, "starts_at": str, "ends_at": str},
    "revoke": {"grant": str, "only_unused": bool},
    "suspend": {},
    "resume": {},
    "throttle": {"kbps": int | None},
    "move": {"to_iccid": str},
    "terminate": {},
}


class Refused(Exception):
    def __init__(self, reason, status=409):
        super().__init__(reason)
        self.reason, self.status = reason, status


class OperatorNetworkServer(FaultyServer):
    """`grants`, `suspended`, `speeds`, `moved` and `terminated` are what it came to; it knows profiles of `known`, all if None.

    Number and plans that were moved have `left` a profile until they are moved back.
    """

    def __init__(self):
        super().__init__(self._desk)
        self.base = f"{self.url}{BASE}"
        self.known = None
        self.about = {}
        self.grants = {}
        self.used = set()
        self.suspended = set()
        self.speeds = {}
        self.moved = []
        self.left = set()
        self.terminated = set()
        self.done = {}

    def _desk(self, call, fault):
        found = PATH.fullmatch(call.path)
        if call.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {}, b""
        if found is None:
            return 404, {}, b""
        try:
            return self._describe(call, found["iccid"]) if found["operation"] is None else self._once(call, found)
        except Refused as error:
            return error.status, {}, json.dumps({"refused": error.reason}).encode()

    def _describe(self, call, iccid):
        if call.method != "GET":
            return 405, {}, b""
        return (200, {}, json.dumps(self.about[iccid]).encode()) if iccid in self.about else (404, {}, b"")

    def _once(self, call, found):
        """Do it for the first call with its key, and answer any other one like the first."""
        operation, key = found["operation"], call.headers.get("Idempotency-Key")
        if call.method != "POST" or operation not in FIELDS or not key:
            return 400, {}, b"{}"
        if key in self.done:
            path, body, answer = self.done[key]
            # What was granted went along with the line: asked again, the grant names the profile that has it now.
            is_same = body == call.body and (path == call.path or operation == "grant")
            return answer if is_same else (422, {}, b'{"refused": "key_reused"}')
        asked = json.loads(call.body)
        if {name: type(value) for name, value in asked.items()}.keys() != FIELDS[operation].keys() or not all(
            isinstance(asked[name], form) for name, form in FIELDS[operation].items()
        ):
            return 400, {}, b"{}"
        if self.known is not None and found["iccid"] not in self.known:
            raise Refused("unknown_profile", 404)
        getattr(self, f"_{operation}")(found["iccid"], **asked)
        self.done[key] = (call.path, call.body, (204, {}, b""))
        return 204, {}, b""

    def _grant(self, iccid, *, grant, plan, starts_at, ends_at):
        if iccid in self.left:
            raise Refused("moved_away")
        self.grants[grant] = (iccid, plan["code"], starts_at, ends_at)

    def _revoke(self, iccid, *, grant, only_unused):
        if grant not in self.grants:
            raise Refused("never_granted")
        if only_unused and iccid in self.used:
            raise Refused("used")
        del self.grants[grant]

    def _suspend(self, iccid):
        self.suspended.add(iccid)

    def _resume(self, iccid):
        self.suspended.discard(iccid)

    def _throttle(self, iccid, *, kbps):
        self.speeds[iccid] = kbps

    def _move(self, iccid, *, to_iccid):
        self.moved.append((iccid, to_iccid))
        self.left.add(iccid)
        self.left.discard(to_iccid)
        self.grants = {
            key: (to_iccid, *rest) if of == iccid else (of, *rest) for key, (of, *rest) in self.grants.items()
        }

    def _terminate(self, iccid):
        self.terminated.add(iccid)
