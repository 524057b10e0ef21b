"""What the description of the API says besides what its operations say of themselves."""

from collections.abc import Mapping
from typing import Any

from ninja.openapi.schema import OpenAPISchema

INTRODUCTION = """What the pages do, for programs of a subscriber.

Make a token under Settings, API tokens, and send it as `Authorization: Bearer …`. Refusals are
`application/problem+json` (RFC 9457). `RateLimit-*` headers say how many requests are left in the minute.
Sentences for people come in the language of `Accept-Language`.
"""

PROBLEM = "application/problem+json"
RATE_HEADERS = {
    "RateLimit-Limit": {"description": "Requests a minute.", "schema": {"type": "integer"}},
    "RateLimit-Remaining": {"description": "Requests left in this minute.", "schema": {"type": "integer"}},
    "RateLimit-Reset": {"description": "Seconds until the next minute.", "schema": {"type": "integer"}},
}
RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
WORDS = {
    "201": "Created",
    "304": "You have it already",
    "400": "The body can't be read",
    "401": "No valid token",
    "403": "The token is not for this, or the owner has to confirm on a page",
    "404": "Not found, or not yours",
    "409": "Not possible as things stand",
    "422": "Not as described here, or another request under the same Idempotency-Key",
    "429": "Too many requests",
    "500": "Something went wrong here",
}

USAGE_RECORDS = {
    "post": {
        "operationId": "send_usage_records",
        "tags": ["for the operator's systems"],
        "summary": "Send Usage Records",
        "description": "Takes records of the network in, from systems of the operator whose token has the scope "
        "`usage:write`; docs/usage.md describes them. A record that is sent again counts once.",
        "security": [{"token": ["usage:write"]}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {}}, "application/x-ndjson": {"schema": {"type": "string"}}},
        },
        "responses": {
            "200": {
                "description": "What became of them",
                "content": {"application/json": {"schema": {"type": "object"}}},
            },
            **{
                status: {"description": words, "content": {PROBLEM: {"schema": {"type": "object"}}}}
                for status, words in {
                    "401": "No valid token",
                    "403": "The token is not for this",
                    "413": "Too much at a time",
                    "415": "Neither JSON nor NDJSON",
                    "422": "The body can't be read",
                    "429": "Too many requests",
                    "503": "Not now",
                }.items()
            },
        },
    }
}


def complete(schema: OpenAPISchema, *, scopes: Mapping[str, str]) -> OpenAPISchema:
    """Name the type of refusals, headers and scopes, and add the door for usage records, which is not ninja's."""
    schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    for operations in schema["paths"].values():
        for operation in operations.values():
            scope = scopes[operation["operationId"]]
            operation["security"] = [{"token": [scope] if scope else []}]
            operation["description"] += f"\n\nScope: `{scope}`" if scope else ""
            for status, response in operation["responses"].items():
                _complete(str(status), response)
    schema["paths"]["/api/v1/usage/"] = USAGE_RECORDS
    return schema


def _complete(status: str, response: dict[str, Any]) -> None:
    response["description"] = WORDS.get(status, response["description"])
    content = response.get("content", {})
    if int(status) >= 400 and "application/json" in content:  # noqa: PLR2004 - refusals
        content[PROBLEM] = content.pop("application/json")
    response["headers"] = {**RATE_HEADERS, **(RETRY_AFTER if status == "429" else {})} if status != "401" else {}
