"""The help centre: topics and search, one article, whether it helped, and how to tell us from somebody else."""

import secrets
from collections.abc import Iterable
from http import HTTPStatus
from itertools import groupby
from typing import Any

from allauth.core import ratelimit
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_POST, require_safe

from accounts.article_opinions import opine, opinion_of, voter
from accounts.article_search import QUERY_LENGTH, search
from accounts.models import Article, ArticleFeedback, User
from accounts.response_times import usual_minutes
from portal.lib.help_links import SITUATIONS
from portal.lib.help_text import filled_in
from portal.lib.markdown import render_markdown
from portal.official_channels import channels
from portal.ticket_searches import HELP

VOICE = "help_voice"
"""Where a session keeps what tells this visitor from others."""

BESIDE = 4
LINKED = {link.slug for link in SITUATIONS.values()}


@require_safe
def help_home(request: HttpRequest) -> HttpResponse:
    """Show every article by topic, or what was searched for."""
    query = request.GET.get("q", "").replace("\0", "").strip()[:QUERY_LENGTH]
    context = {"nav": "help", "query": query, "usual": usual_minutes(now=timezone.now())}
    if query:
        found = search(query, language=get_language() or "en")
        return render(request, "help/search.html", {**context, "found": found, "ask_href": _ask_href(query)})
    return render(request, "help/home.html", {**context, "topics": _by_topic(Article.objects.published().in_order())})


@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    """Show an article; to staff also one that is not published, and to whoever follows our own link no dead end."""
    found = _readable(request, slug)
    if found:
        return render(request, "help/article.html", _shown(request, found))
    if slug in LINKED:
        return redirect("help")
    raise Http404


@require_POST
def article_opinion(request: HttpRequest, slug: str) -> HttpResponse:
    """Write down yes or no, and what was said about it; what is not taken now stays on the page."""
    found = get_object_or_404(Article.objects.published(), slug=slug)
    back = redirect(f"{reverse('help_article', args=[slug])}#useful")
    if request.POST.get("useful") not in {"yes", "no"}:
        return back
    is_useful, words = request.POST["useful"] == "yes", request.POST.get("words", "").replace("\0", "")
    if not ratelimit.consume(request, action="article_opinion"):
        messages.warning(request, gettext("That was very often within an hour. Try again a little later."))
        shown = _shown(request, found) | {"opinion": ArticleFeedback(is_useful=is_useful, words=words)}
        return render(request, "help/article.html", shown, status=HTTPStatus.TOO_MANY_REQUESTS)
    opine(
        article=found,
        voter=_voter(request),
        is_useful=is_useful,
        words=words,
        language=get_language() or "en",
        now=timezone.now(),
    )
    return back


@require_safe
def official_channels(request: HttpRequest) -> HttpResponse:
    return render(request, "help/channels.html", {"nav": "help", "channels": channels()})


def _readable(request: HttpRequest, slug: str) -> Article | None:
    found = Article.objects.filter(slug=slug).first()
    may_see = found and (found.is_published or request.user.has_perm("accounts.view_article"))
    return found if may_see else None


def _shown(request: HttpRequest, article: Article) -> dict[str, Any]:
    others = Article.objects.published().in_order().filter(topic=article.topic).exclude(pk=article.pk)
    return {
        "nav": "help",
        "article": article,
        "body": render_markdown(filled_in(article.text)),
        "others": others[:BESIDE],
        "opinion": opinion_of(article=article, voter=_voter(request)) if _has_voice(request) else None,
    }


def _by_topic(articles: Iterable[Article]) -> list[tuple[str, list[Article]]]:
    """Return the articles under the words of their topic, topics in their own order."""
    order = list(Article.Topic)
    ranked = sorted(articles, key=lambda one: order.index(Article.Topic(one.topic)))
    return [(str(Article.Topic(topic).label), list(some)) for topic, some in groupby(ranked, key=lambda one: one.topic)]


def _ask_href(query: str) -> str:
    return reverse("new_ticket", query={"from": HELP, "q": query})


def _has_voice(request: HttpRequest) -> bool:
    return request.user.is_authenticated or VOICE in request.session


def _voter(request: HttpRequest) -> str:
    if isinstance(request.user, User):
        return voter(request.user.public_id)
    return voter(request.session.setdefault(VOICE, secrets.token_urlsafe(16)))
