"""Links from a trouble to the article that explains it, and the hotline."""

from django import template

from portal import hotline as hotlines
from portal.lib.help_links import SITUATIONS, HelpLink

register = template.Library()


@register.inclusion_tag("components/help_link.html")
def help_link(situation: str) -> dict[str, HelpLink]:
    """Write a line with a link; the name of the situation must be one of the registry."""
    return {"link": SITUATIONS[situation]}


@register.simple_tag
def hotline() -> hotlines.Hotline | None:
    """Return the hotline as it is now. Asks settings only, so that the page of a fault can show it."""
    return hotlines.hotline()
