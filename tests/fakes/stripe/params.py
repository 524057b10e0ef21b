"""Read a form-encoded body in Stripe's bracket notation and hold it to a schema of the OpenAPI document."""

import re
from urllib.parse import parse_qsl

from tests.fakes.stripe.problems import invalid, missing, unknown

PARTS = re.compile(r"\[([^\]]*)\]")
MAX_METADATA = 50


def decode(text):
    """Return `a[b][0]=x&a[b][1]=y` as {"a": {"b": {"0": "x", "1": "y"}}}; `coerce` makes the lists."""
    tree = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        stem, bracket, rest = name.partition("[")
        keys = [stem, *PARTS.findall(bracket + rest)]
        branch = tree
        for key in keys[:-1]:
            branch = branch.setdefault(key or str(len(branch)), {})
            if not isinstance(branch, dict):
                raise invalid("Invalid request: a parameter is both a value and a hash", param=name)
        branch[keys[-1] or str(len(branch))] = value
    return tree


def coerce(schema, value, path):
    """Return `value` in the types of `schema`.

    Raises Problem for what Stripe would refuse by name, type, length or enumeration.
    """
    if "anyOf" in schema:
        return coerce_to_any(schema["anyOf"], value, path)
    if schema.get("type") == "object":
        return coerce_object(schema, value, path)
    if schema.get("type") == "array":
        return coerce_array(schema, value, path)
    if isinstance(value, dict):
        raise invalid(f"Invalid {schema['type']}: {{}}", param=path)
    return SCALARS[schema["type"]](schema, value, path)


def coerce_to_any(branches, value, path):
    nested = isinstance(value, dict)
    fitting = [branch for branch in branches if (branch.get("type") in {"object", "array"}) == nested]
    problem = None
    for branch in fitting:
        try:
            return coerce(branch, value, path)
        except type(invalid("")) as refusal:
            problem = problem or refusal
    raise problem or invalid(f"Invalid value for {path}", param=path)


def coerce_object(schema, value, path):
    if not isinstance(value, dict):
        raise invalid(f"Invalid object: {value}", param=path)
    properties = schema.get("properties", {})
    free = schema.get("additionalProperties")
    result = {}
    for name, one in value.items():
        inner = f"{path}[{name}]" if path else name
        if name in properties:
            result[name] = coerce(properties[name], one, inner)
        elif isinstance(free, dict):
            result[name] = coerce(free, one, inner)
        else:
            raise unknown(inner)
    for name in schema.get("required", []):
        if name not in result:
            raise missing(f"{path}[{name}]" if path else name)
    if path == "metadata" or path.endswith("[metadata]"):
        check_metadata(result, path)
    return result


def coerce_array(schema, value, path):
    if not isinstance(value, dict):
        raise invalid("Invalid array", param=path)
    return [coerce(schema["items"], one, f"{path}[{index}]") for index, one in enumerate(value.values())]


def check_metadata(metadata, path):
    if len(metadata) > MAX_METADATA:
        raise invalid(f"Metadata can have up to {MAX_METADATA} keys", param=path)
    for key, value in metadata.items():
        if len(key) > 40 or len(value) > 500:
            raise invalid("Metadata keys have up to 40 characters, and values up to 500", param=f"{path}[{key}]")


def to_integer(_schema, value, path):
    if not re.fullmatch(r"-?\d{1,18}", value):
        raise invalid(f"Invalid integer: {value}", param=path, code="parameter_invalid_integer")
    return int(value)


def to_number(_schema, value, path):
    try:
        return float(value)
    except ValueError:
        raise invalid(f"Invalid decimal: {value}", param=path) from None


def to_boolean(_schema, value, path):
    if value not in {"true", "false"}:
        raise invalid(f"Invalid boolean: {value}", param=path)
    return value == "true"


def to_string(schema, value, path):
    if "enum" in schema and value not in schema["enum"]:
        raise invalid(f"Invalid {path}: must be one of {', '.join(map(str, schema['enum']))}", param=path)
    if len(value) > schema.get("maxLength", len(value)):
        longest = schema["maxLength"]
        raise invalid(
            f"Invalid string: {path} must be at most {longest} characters",
            param=path,
            code="parameter_invalid_string_length",
        )
    if schema.get("format") == "currency" and not re.fullmatch(r"[a-zA-Z]{3}", value):
        raise invalid(f"Invalid currency: {value}", param=path)
    return value


SCALARS = {"string": to_string, "integer": to_integer, "number": to_number, "boolean": to_boolean}
