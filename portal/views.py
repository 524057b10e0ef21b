"""Pages that show several apps at once, and the portal's own small answers."""

from django.http import HttpRequest, HttpResponse


def dashboard(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


def line_page(request: HttpRequest, public_id: str) -> HttpResponse:
    return HttpResponse(public_id)


def help_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


def style_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


def brand_css(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")
