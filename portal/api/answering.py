"""Answering the question before a renewal, in mode "ask me first"."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

from django.utils import timezone
from ninja import Router
from pydantic import Field

from accounts.api_tokens import RENEWALS_WRITE
from accounts.http import client_ip
from accounts.locks import refuse_if_locked
from billing import questions
from billing.agreements import BeingCharged
from billing.models import RenewalQuestion
from billing.question_links import token_for
from billing.questions import NoLongerAsked
from esim.models import Line
from portal.api.door import ApiRequest, Needs
from portal.api.lines import own_line
from portal.api.placing import hold_price
from portal.api.proofs import PAID, refuse_above_limit
from portal.api.refusals import refused
from portal.api.renewal_shapes import RenewalShape, standing_of
from portal.api.shapes import AmountWished, Wish, page_url, problems

router = Router(tags=["auto-renewal"], by_alias=True, auth=Needs(RENEWALS_WRITE))

Answer = RenewalQuestion.Answer


class AnswerWish(Wish):
    """One answer to the question that is open: renew, leave this one out, or stop asking."""

    answer: Literal["renew", "skip", "stop"]
    price: Annotated[AmountWished, Field(description="The price that was asked about.")]


@router.post(
    "/{line_id}/auto-renewal/answer",
    response={200: RenewalShape, **problems(400, 404, 409, 422)},
    url_name="answer",
)
def answer_question(request: ApiRequest, line_id: str, wish: AnswerWish) -> Any:
    """Answer the question before a renewal; only a yes has it charged, within minutes."""
    line = own_line(request, line_id)
    asked = _asked(line)
    hold_price(wish.price, asked.price)
    given = Answer(wish.answer)
    if given == Answer.RENEW:
        refuse_if_locked(request.owner)
        token = token_for(asked.subscription, period_index=asked.period_index)
        refuse_above_limit(asked.price, detail=PAID, page=page_url("billing:question", token))
    try:
        questions.answer(asked, given, actor=request.owner, ip=client_ip(request), now=timezone.now())
    except BeingCharged as refusal:
        raise refused(HTTPStatus.CONFLICT, "under-way", refusal.sentence, headers={"Retry-After": "60"}) from None
    except NoLongerAsked as refusal:
        raise refused(HTTPStatus.CONFLICT, "not-asked", refusal.sentence) from None
    return standing_of(request, line)


def _asked(line: Line) -> RenewalQuestion:
    asked = RenewalQuestion.objects.unanswered(timezone.now()).filter(subscription__line=line)
    related = asked.select_related("subscription__line__owner", "subscription__plan")
    question = related.order_by("-period_index").first()
    if question is None:
        raise refused(HTTPStatus.CONFLICT, "not-asked", NoLongerAsked.sentence)
    return question
