"""Stripe's OpenAPI document as the judge of what comes in and what goes out."""

import gzip
import json
import threading
from functools import cache, cached_property
from pathlib import Path

import fastjsonschema

from tests.fakes.stripe.params import coerce, decode
from tests.fakes.stripe.plain import copied
from tests.fakes.stripe.problems import invalid

OBJECTS = (
    "balance_transaction",
    "charge",
    "checkout.session",
    "customer",
    "dispute",
    "error",
    "event",
    "payment_intent",
    "payment_method",
    "refund",
    "setup_intent",
    "webhook_endpoint",
)
PAGE = {"object": "list", "has_more": bool, "url": str, "data": list}
FORM = "application/x-www-form-urlencoded"
GONE = "payment_method_types"


class WrongAnswer(Exception):
    """The fake was about to say what Stripe never would."""


class Document:
    def __init__(self, document):
        self.document = document
        self.schemas = document["components"]["schemas"]
        self.version = document["info"]["version"]
        self._blanks = {}
        self._compiling = threading.Lock()

    def operations(self):
        """Yield method, path and operation, with fixed paths before those that hold an id."""
        for path in sorted(self.document["paths"], key=lambda path: path.count("{")):
            for method, operation in self.document["paths"][path].items():
                yield method.upper(), path, operation

    def read(self, method, operation, text):
        """Return the parameters of a request in their types; Problem for what the document does not know."""
        tree = decode(text)
        if method == "GET":
            query = {one["name"]: one["schema"] for one in operation["parameters"] if one["in"] == "query"}
            schema = {"type": "object", "properties": query}
        else:
            schema = operation.get("requestBody", {"content": {FORM: {"schema": {}}}})["content"][FORM]["schema"]
        if GONE in tree and "allowed_payment_method_types" in schema.get("properties", {}):
            message = "The `payment_method_types` parameter is no longer supported. Use `allowed_payment_method_types`."
            raise invalid(message, param=GONE, code="payment_method_types_no_longer_supported")
        return coerce({"type": "object", **schema}, tree, "")

    def blank(self, name):
        """Return the least that is an instance of schema `name`: null where that may be, empty elsewhere."""
        if name not in self._blanks:
            self._blanks[name] = self._least({"$ref": f"#/components/schemas/{name}"})
        return copied(self._blanks[name])

    def _least(self, schema):
        if "$ref" in schema:
            return self._least(self.schemas[schema["$ref"].rpartition("/")[2]])
        if {"type": "null"} in schema.get("anyOf", []) or "null" in schema.get("type", []):
            return None
        if "anyOf" in schema:
            return self._least(schema["anyOf"][0])
        if "enum" in schema:
            return schema["enum"][0]
        if schema["type"] == "object":
            least = {
                name: self._least(one)
                for name, one in schema.get("properties", {}).items()
                if self._shown(schema, name)
            }
            return dict(least)
        return {"string": "", "integer": 0, "boolean": False, "array": []}[schema["type"]]

    def _shown(self, schema, name):
        one = schema["properties"][name]
        nullable = {"type": "null"} in one.get("anyOf", []) or "null" in one.get("type", [])
        return nullable or name in schema.get("required", [])

    @cached_property
    def _validate(self):
        every = {name: {"$ref": f"#/components/schemas/{name}"} for name in OBJECTS}
        return fastjsonschema.compile(
            {"properties": every, "additionalProperties": False, "components": self.document["components"]},
            use_formats=False,
        )

    def warm_up(self):
        """Compile the schemas (half a second) before the first answer waits for it."""
        with self._compiling:
            return self._validate

    def check(self, answer):
        """Raise WrongAnswer unless `answer` is an object, a page of objects or an error as the document describes them."""
        kind = answer.get("object", "error" if "error" in answer else None)
        if kind == "list":
            if set(answer) != set(PAGE):
                raise WrongAnswer(f"A page of {sorted(answer)}")
            for one in answer["data"]:
                self.check(one)
            return
        try:
            self.warm_up()({kind: answer})
        except fastjsonschema.JsonSchemaValueException as wrong:
            raise WrongAnswer(f"{wrong.message}: {wrong.value!r}") from wrong
        if kind == "event":
            self.check(answer["data"]["object"])


@cache
def document():
    with gzip.open(Path(__file__).parent / "openapi.json.gz") as packed:
        return Document(json.load(packed))
