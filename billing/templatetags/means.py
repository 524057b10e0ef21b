"""The filter that names what paid."""

from django import template

from billing.means import name_of

register = template.Library()

register.filter("means", name_of)
