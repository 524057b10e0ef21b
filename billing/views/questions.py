"""The page behind the link of a question before a renewal: it works signed out, and opening it changes nothing."""

from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts.fresh_proof import ask_first, is_fresh
from accounts.http import at_secret_address, client_ip
from accounts.locks import refuse_if_locked
from accounts.models import User
from billing import question_page, questions
from billing.agreements import BeingCharged
from billing.confirmation import needs_proof
from billing.models import RenewalQuestion
from billing.question_links import question_of
from billing.questions import NoLongerAsked

Answer = RenewalQuestion.Answer


@at_secret_address
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether to renew; the signed link is the door, and a form that is sent the answer."""
    asked = question_of(token)
    is_strangers = request.user.is_authenticated and asked is not None and request.user != asked.owner
    if asked is None or is_strangers:
        context = {"is_strangers": is_strangers}
        return render(request, "billing/question_unknown.html", context, status=HTTPStatus.NOT_FOUND)
    return _answer(request, asked, token) if request.method == "POST" else _page(request, asked, token)


def _page(request: HttpRequest, asked: RenewalQuestion, token: str) -> HttpResponse:
    must_sign_in = needs_proof(asked.price) and not request.user.is_authenticated
    context = question_page.shown(asked, now=timezone.now())
    # Signed out, too, days and times are those of the letter that led here.
    with timezone.override(asked.owner.zone):
        return render(request, "billing/question.html", {**context, "token": token, "must_sign_in": must_sign_in})


def _answer(request: HttpRequest, asked: RenewalQuestion, token: str) -> HttpResponse:
    given = request.POST.get("answer", "")
    if given == Answer.RENEW:
        refuse_if_locked(asked.owner)
    if given not in Answer.values or request.POST.get("price_seen") != question_page.price_token(asked.price):
        messages.warning(request, _("Nothing was changed. Read the question again, and choose an answer."))
    elif given == Answer.RENEW and needs_proof(asked.price) and not is_fresh(request):
        signed_in = request.user.is_authenticated
        return ask_first(request) if signed_in else redirect_to_login(request.get_full_path())
    else:
        _write(request, asked, Answer(given))
    return redirect("billing:question", token)


def _write(request: HttpRequest, asked: RenewalQuestion, given: Answer) -> None:
    actor = request.user if isinstance(request.user, User) else None
    try:
        questions.answer(asked, given, actor=actor, ip=client_ip(request), now=timezone.now())
    except (NoLongerAsked, BeingCharged) as refusal:
        messages.warning(request, refusal.sentence)
