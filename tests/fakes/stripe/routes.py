"""Which function answers which operation of the document."""

import re
from functools import cache

from tests.fakes.stripe.openapi import document
from tests.fakes.stripe.problems import invalid

ROUTES = {}


def answers(method, path):
    """Register `handler(account, params, *ids_in_path)`."""

    def register(handler):
        ROUTES[method, path] = handler
        return handler

    return register


@cache
def patterns():
    return [
        (method, re.compile(re.sub(r"\{\w+\}", "([^/]+)", path)), path, operation)
        for method, path, operation in document().operations()
        if (method, path) in ROUTES
    ]


def find(method, path):
    """Return the path as the document writes it, its operation and the ids in it; Problem 404 where there is none."""
    for one_method, pattern, template, operation in patterns():
        if one_method == method and (match := pattern.fullmatch(path)):
            return template, operation, match.groups()
    raise invalid(f"Unrecognized request URL ({method}: {path}).", status=404)
