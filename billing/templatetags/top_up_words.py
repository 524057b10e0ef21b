"""Sentences about top-up rules, chosen by the code a notice or a row keeps."""

from django import template

from billing.top_up_problems import sentence_of

register = template.Library()


@register.filter
def top_up_problem(reason: str) -> str:
    return str(sentence_of(reason))
