"""Pages of the account that allauth does not have."""

from csp.constants import HEADER
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.i18n import set_language as django_set_language

from accounts import address_change_links, calendar_links, trail
from accounts.http import SubscriberRequest, client_ip
from accounts.models import OutboxAttachment, OutboxMessage, User
from accounts.preferences import PreferencesForm
from portal.lib.downloads import download

MESSAGES_A_PAGE = 20
# A letter carries its own style, and no style sheet of a page could reach it.
LETTER_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"


def links() -> dict[str, str]:
    """Return where allauth keeps the rest of the account."""
    return {
        "email": reverse("account_email"),
        "phone": reverse("account_change_phone"),
        "password": reverse("account_change_password"),
        "second_step": reverse("mfa_index"),
        "devices": reverse("usersessions_list"),
    }


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings_page(request: SubscriberRequest) -> HttpResponse:
    # A copy: a form writes into its instance before it knows whether it is valid.
    form = PreferencesForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if form.is_valid():
        user = form.save()
        with override(user.language):
            messages.success(request, _("Your settings are saved."))
        return redirect("accounts:settings")
    context = {"form": form, "links": links(), "events": trail.recent(request.user), "nav": "account"}
    context |= {"calendar_url": calendar_links.address_of(request.user)}
    context |= {"stop_change_url": address_change_links.stopping_address(request.user)}
    return render(request, "accounts/settings.html", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def replace_calendar_link(request: SubscriberRequest) -> HttpResponse:
    calendar_links.replace_link(user=request.user, ip=client_ip(request), now=timezone.now())
    messages.success(request, _("The calendar has a new link. The old one shows nothing any more."))
    return redirect(reverse("accounts:settings") + "#calendar")


@require_POST
def set_language(request: HttpRequest) -> HttpResponseBase:
    """Switch the language as Django does, and remember it: on the account, or until somebody signs in."""
    response = django_set_language(request)
    language = request.POST.get("language", "")
    if language in dict(settings.LANGUAGES):
        if request.user.is_authenticated:
            User.objects.filter(pk=request.user.pk).update(language=language)
        else:
            request.session["language_chosen"] = language
    return response


@never_cache
@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    """Show the messages of a demo, one-time codes included; anywhere else there is no such page."""
    if not settings.PLAYGROUND:
        raise Http404
    files = Prefetch("attachments", OutboxAttachment.objects.defer("content"))
    pages = Paginator(OutboxMessage.objects.prefetch_related(files).order_by("-pk"), MESSAGES_A_PAGE)
    return render(request, "accounts/outbox.html", {"page_obj": pages.get_page(request.GET.get("page"))})


@never_cache
@require_safe
def outbox_letter(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a letter of the demo as e-mail programs do; it styles itself, and can do nothing else."""
    if not settings.PLAYGROUND:
        raise Http404
    message = get_object_or_404(OutboxMessage.objects.exclude(html=""), pk=pk)
    return HttpResponse(message.html, headers={HEADER: LETTER_POLICY})


@require_safe
def outbox_attachment(request: HttpRequest, public_id: str) -> HttpResponse:
    """Hand out a file that came with a message of the demo."""
    if not settings.PLAYGROUND:
        raise Http404
    file = get_object_or_404(OutboxAttachment, public_id=public_id)
    return download(bytes(file.content), name=file.name, content_type=file.content_type)
