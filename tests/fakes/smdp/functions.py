"""ES2+ over JSON (SGP.22 §6.5), without mercy: a path, header, field or type that is not in the tables is answered 400."""

import json
import re

from tests.fakes.smdp.profiles import Refused

PATH = "/gsma/rsp2/es2plus/"
PROTOCOL = re.compile(r"gsma/rsp/v\d+\.\d+\.\d+")
FORMS = {
    "iccid": re.compile(r"[0-9]{20}|[0-9]{19}F"),
    "eid": re.compile(r"89[0-9]{30}"),
    "profileType": re.compile(r"\S+"),
    "matchingId": re.compile(r"[0-9A-Z-]*"),
    "confirmationCode": re.compile(r"\S+"),
    "finalProfileStatusIndicator": re.compile(r"Available|Unavailable"),
}
FIELDS = {
    "downloadOrder": ((), ("eid", "iccid", "profileType")),
    "confirmOrder": (("iccid", "releaseFlag"), ("eid", "matchingId", "confirmationCode", "smdsAddress")),
    "cancelOrder": (("iccid", "finalProfileStatusIndicator"), ("eid", "matchingId")),
    "releaseProfile": (("iccid",), ()),
}
EXECUTED = {"status": "Executed-Success"}


class Malformed(Exception):
    """Against the schema, which is a mistake of the caller's program."""


class Es2Plus:
    """The desk of an SM-DP+: reads a call, has it done, writes the answer. `complaints` are what was malformed."""

    def __init__(self, smdp, *, requester):
        self.smdp = smdp
        self.requester = requester
        self.complaints = []
        self.call_ids = set()
        self.refusing = {}

    def __call__(self, call, fault):
        try:
            function, asked = self._read(call)
        except Malformed as error:
            self.complaints.append(f"{call.method} {call.path}: {error}")
            return 400, {}, b""
        if fault in {"expired", "busy"}:
            return _answer(_strange(fault))
        try:
            told = self._do(function, asked)
        except Refused as error:
            return _answer(_failed(error))
        status = {"status": "Executed-WithWarning"} if fault == "warning" else EXECUTED
        answer = {"header": {"functionExecutionStatus": status}, **told}
        if fault == "wrong_types":
            answer = {"header": {"functionExecutionStatus": ["Executed-Success"]}, **dict.fromkeys(told, 4)}
        return _answer(answer)

    def _read(self, call):
        function = call.path.removeprefix(PATH)
        if call.method != "POST" or not call.path.startswith(PATH) or function not in FIELDS:
            raise Malformed("no such function")
        if call.headers.get("Content-Type") != "application/json":
            raise Malformed("not JSON")
        if not PROTOCOL.fullmatch(call.headers.get("X-Admin-Protocol", "")):
            raise Malformed("X-Admin-Protocol")
        try:
            asked = json.loads(call.body)
            header = asked.pop("header")
            requester, call_id = header.pop("functionRequesterIdentifier"), header.pop("functionCallIdentifier")
        except (ValueError, AttributeError, KeyError, TypeError) as error:
            raise Malformed(str(error)) from error
        if header or not isinstance(requester, str) or not isinstance(call_id, str) or call_id in self.call_ids:
            raise Malformed("header")
        self.call_ids.add(call_id)
        _check(function, asked)
        return function, {**asked, "caller": requester}

    def _do(self, function, asked):
        if asked["caller"] != self.requester:
            raise Refused("1.1", "1.1", "Unknown function requester")
        if function in self.refusing:
            raise Refused(*self.refusing[function])
        iccid = asked.get("iccid", "").rstrip("F")
        about = {"caller": asked["caller"], "iccid": iccid}
        eid, matching_id = asked.get("eid", ""), asked.get("matchingId", "")
        if function == "downloadOrder":
            if not iccid and "profileType" not in asked:
                raise Refused("1.6", "2.3", "iccid or profileType")
            profile = self.smdp.download_order(**about, eid=eid, profile_type=asked.get("profileType", ""))
            return {"iccid": profile.iccid.ljust(20, "F")}
        if function == "confirmOrder":
            profile = self.smdp.confirm_order(
                **about,
                eid=eid,
                matching_id=matching_id,
                release=asked["releaseFlag"],
                confirmation_code=asked.get("confirmationCode", ""),
            )
            address = {"smdpAddress": self.smdp.names_address} if self.smdp.names_address else {}
            return {"matchingId": profile.matching_id, **address, **({"eid": profile.eid} if profile.eid else {})}
        if function == "cancelOrder":
            afterwards = asked["finalProfileStatusIndicator"]
            self.smdp.cancel_order(**about, eid=eid, matching_id=matching_id, afterwards=afterwards)
            return {}
        self.smdp.release_profile(**about)
        return {}


def _check(function, asked):
    required, optional = FIELDS[function]
    if missing := set(required) - set(asked):
        raise Malformed(f"without {missing}")
    if unknown := set(asked) - {*required, *optional}:
        raise Malformed(f"unknown {unknown}")
    for name, value in asked.items():
        if name == "releaseFlag":
            if not isinstance(value, bool):
                raise Malformed(name)
        elif not isinstance(value, str) or not FORMS[name].fullmatch(value):
            raise Malformed(f"{name}: {value!r}")


def _failed(error):
    subject, reason = error.codes
    codes = {"subjectCode": subject, "reasonCode": reason, "message": error.message}
    return {"header": {"functionExecutionStatus": {"status": "Failed", "statusCodeData": codes}}}


def _strange(fault):
    if fault == "busy":
        return _failed(Refused("1.2", "4.4", "Busy"))
    return {"header": {"functionExecutionStatus": {"status": "Expired"}}}


def _answer(told):
    headers = {"Content-Type": "application/json", "X-Admin-Protocol": "gsma/rsp/v2.2.0"}
    return 200, headers, json.dumps(told).encode()
