"""The page of a form that waited for a proof stands at the proof's address: what it sends must name where it leads."""

import ast
import re

from django.conf import settings

TEMPLATES = settings.BASE_DIR / "templates"
APPS = ("accounts", "plans", "esim", "billing", "portal")
ASK = {"ask_first", "after_fresh_sign_in"}
ASKING_THEMSELVES = {"accounts/fresh_proof.py", "accounts/http.py"}
REFERENCE = re.compile(r"""{%\s*(?:include|extends)\s+["']([^"']+)["']""")
FORM = re.compile(r"<form\b[^>]*>")


def names_in(function):
    return {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}


def templates_in(function):
    found = (node.value for node in ast.walk(function) if isinstance(node, ast.Constant))
    return {value for value in found if isinstance(value, str) and value.endswith(".html")}


def reached(begin, calls):
    """Return the functions of a module that these lead to, with themselves."""
    found, ahead = set(), set(begin)
    while ahead:
        found |= ahead
        ahead = set().union(*(calls[name] & calls.keys() for name in ahead)) - found
    return found


def rendered_around_a_proof(module):
    """Return the templates of the views in a module that ask for a proof: after it they may show any of them."""
    functions = {node.name: node for node in ast.parse(module.read_text()).body if isinstance(node, ast.FunctionDef)}
    calls = {name: names_in(function) for name, function in functions.items()}
    asking = [name for name in functions if any(calls[one] & ASK for one in reached([name], calls))]
    return set().union(*(templates_in(functions[name]) for name in reached(asking, calls)))


def with_parts(template):
    source = (TEMPLATES / template).read_text(encoding="utf-8")
    return {template}.union(*(with_parts(part) for part in REFERENCE.findall(source)))


def leads_to_its_own_page(path):
    forms = FORM.findall(path.read_text(encoding="utf-8"))
    return any('method="post"' in form and "action=" not in form for form in forms)


def test_a_form_names_where_it_leads_on_every_page_that_may_follow_a_proof():
    modules = [path for app in APPS for path in (settings.BASE_DIR / app).rglob("*.py")]
    asking = [path for path in modules if str(path.relative_to(settings.BASE_DIR)) not in ASKING_THEMSELVES]
    shown = set().union(*(rendered_around_a_proof(path) for path in asking))
    parts = set().union(*(with_parts(template) for template in shown))

    assert {"esim/people.html", "billing/claim_code.html", "accounts/token_new.html"} <= parts
    assert sorted(part for part in parts if leads_to_its_own_page(TEMPLATES / part)) == []
