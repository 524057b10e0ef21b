"""What a phone or computer keeps of the portal: how it is installed as an app, and what is there without a connection."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from portal.lib.brand import brand

WORKER = settings.BASE_DIR / "static" / "js" / "worker.js"
LANGUAGES = frozenset(code for code, _name in settings.LANGUAGES)
ICONS = (("img/icon-192.png", "192x192"), ("img/icon-512.png", "512x512"))
PAPER = "#f7f8fa"
"""The page behind a card in the light theme: what is seen while the app opens."""


@require_safe
@cache_control(no_store=True)
def worker_js(request: HttpRequest) -> HttpResponse:
    """Hand out the service worker from the root: from under /static/ it would see no page (Service Workers §3.4.3)."""
    return HttpResponse(WORKER.read_bytes(), content_type="text/javascript; charset=utf-8")


@require_safe
@cache_control(public=True, max_age=3600)
def manifest(request: HttpRequest) -> HttpResponse:
    """Describe the portal as an app (W3C Web Application Manifest); names are the operator's in every language."""
    name = brand()["name"]
    icons = [
        {"src": static(file), "sizes": size, "type": "image/png", "purpose": purpose}
        for file, size in ICONS
        for purpose in ("any", "maskable")
    ]
    document = {
        "id": "/",
        "name": name,
        "short_name": name[:12],
        "start_url": reverse("home"),
        "scope": "/",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": PAPER,
        "icons": icons,
    }
    return JsonResponse(document, content_type="application/manifest+json")


@require_safe
@cache_control(public=True, max_age=3600)
def offline(request: HttpRequest, language: str) -> HttpResponse:
    """Show what helps without a connection; the same for everybody, so that a browser may keep it for anybody."""
    if language not in LANGUAGES:
        raise Http404
    with translation.override(language):
        return render(request, "portal/offline.html", {"page_title": _("No connection")})
