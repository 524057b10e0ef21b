"""The pages behind the links of a change of address by support: they work signed out, and opening one changes nothing."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts import address_change_links as links
from accounts import address_changes
from accounts.address_change_notices import new_address_masked
from accounts.http import at_secret_address, client_ip
from accounts.models import AddressChange, User


@at_secret_address
@require_http_methods(["GET", "HEAD", "POST"])
def prove(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whoever has the new address whether they want it; the form is the proof."""
    change = links.change_to_prove(token)
    if request.method == "POST" and change is not None:
        address_changes.prove(change=change, ip=client_ip(request), now=timezone.now())
        return redirect("accounts:prove_address", token)
    return _page(request, change, template="accounts/address_prove.html")


@at_secret_address
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Let whoever has an old address call it off."""
    change = links.change_to_stop(token)
    if request.method == "POST" and change is not None:
        actor = request.user if isinstance(request.user, User) and request.user == change.user else None
        address_changes.stop(change=change, actor=actor, ip=client_ip(request), now=timezone.now())
        return redirect("accounts:stop_address_change", token)
    return _page(request, change, template="accounts/address_stop.html")


def _page(request: HttpRequest, change: AddressChange | None, *, template: str) -> HttpResponse:
    if change is None:
        return render(request, "accounts/address_unknown.html", status=HTTPStatus.NOT_FOUND)
    context = {"change": change, "new_address": new_address_masked(change)}
    # Signed out, too, days and times are those of the letter that led here.
    with timezone.override(change.user.zone):
        return render(request, template, context)
