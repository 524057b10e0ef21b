"""Where staff see who applied for a SIM card, look at the papers for a reason, and decide."""

import base64
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Case, F, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
)

from accounts import documents
from accounts.document_admin import OpeningForm, download_for_staff, may_open
from accounts.document_files import FileLost
from accounts.http import client_ip
from accounts.models import Document, User
from esim import application_review
from esim.application_review import CannotDecide
from esim.applications import papers_of
from esim.delivery_admin import DeliversCards
from esim.models import SimApplication
from esim.models.applications import TEXT_LENGTH
from portal.lib.staff import ReadOnlyAdmin, moment_column, person, state_column

State, Reason, Wanted = SimApplication.State, SimApplication.Reason, SimApplication.Wanted

COLOURS = {
    "submitted": "warning",
    "more_wanted": "info",
    "approved": "success",
    "ready": "success",
    "activated": "success",
    "refused": "danger",
}
APPROVE, ASK, REFUSE = "approve", "ask", "refuse"

state = state_column("state", _("state"), State, COLOURS)
sent = moment_column("submitted_at", _("sent"))


class Paper(NamedTuple):
    """A file as the page shows it: a picture in the page itself, a PDF behind a button."""

    document: Document
    picture: str
    is_lost: bool = False


class DecisionForm(forms.Form):
    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=[(APPROVE, _("Approve")), (ASK, _("Ask for more")), (REFUSE, _("Refuse"))],
        widget=UnfoldAdminRadioSelectWidget,
    )
    wanted = forms.MultipleChoiceField(
        label=_("What is to be sent again"),
        choices=Wanted.choices,
        required=False,
        help_text=_("Only when asking for more. Nothing else can be changed."),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=[("", _("None")), *Reason.choices],
        required=False,
        help_text=_("The subscriber reads a sentence about it in their language."),
        widget=UnfoldAdminSelectWidget,
    )
    text = forms.CharField(
        label=_("In your words"),
        max_length=TEXT_LENGTH,
        required=False,
        help_text=_("The subscriber reads it as you write it."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )
    seen_round = forms.IntegerField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        decision = values.get("decision")
        if decision == ASK and not values.get("wanted"):
            self.add_error("wanted", _("Say what is to be sent again."))
        if decision in {ASK, REFUSE} and not values.get("reason"):
            self.add_error("reason", _("Choose a reason."))
        if decision in {ASK, REFUSE} and values.get("reason") == Reason.OTHER and not values.get("text"):
            self.add_error("text", _("Write what the reason is."))
        return values


class SimApplicationAdmin(DeliversCards, ReadOnlyAdmin):
    list_display = ("public_id", "owner", "kind", state, "waits", sent, "delivery", "first_approved_by")
    list_filter = ("state", "kind", "delivery", "submitted_at")
    list_select_related = ("owner", "first_approved_by")
    search_fields = ("public_id", *person("owner"), "company_name", "card__iccid", "tracking_number")
    ordering = (Case(When(state="submitted", then=F("submitted_at"))).asc(nulls_last=True), "-id")
    hidden = ("id", "pickup_code_hash")
    actions_detail = ("review", "set_card_aside")
    actions_list = ("hand_card_over",)

    def has_review_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        return may_open(request) and bool(request.user.has_perm("esim.change_simapplication"))

    @display(description=_("waits for us"), ordering="submitted_at")  # type: ignore[untyped-decorator]
    def waits(self, application: SimApplication) -> str:
        if application.state != State.SUBMITTED or application.submitted_at is None:
            return ""
        return timesince(application.submitted_at, depth=1)

    @action(  # type: ignore[untyped-decorator]
        description=_("Look at it and decide…"), permissions=["review"], url_path="review", icon="fact_check"
    )
    def review(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the reason, show the papers, take the decision: three forms of one page, none of them kept."""
        query = SimApplication.objects.select_related("owner", "outlet", "first_approved_by")
        application = get_object_or_404(query, pk=object_id)
        opening = OpeningForm(request.POST or None)
        if not opening.is_bound or not opening.is_valid():
            return self._page(request, application, opening=opening)
        reason = opening.cleaned_data["opening_reason"]
        if "document" in request.POST:
            own = get_object_or_404(papers_of(application), public_id=request.POST["document"][:32])
            return download_for_staff(request, own, reason=reason)
        if "decision" not in request.POST:
            return self._page(request, application, opening=opening, papers=_opened(request, application, reason))
        form = DecisionForm(request.POST)
        if form.is_valid() and _decided(request, application, form.cleaned_data):
            return redirect("admin:esim_simapplication_changelist")
        papers = _opened(request, application, reason)
        return self._page(request, application, opening=opening, papers=papers, form=form)

    def _page(
        self,
        request: HttpRequest,
        application: SimApplication,
        *,
        opening: OpeningForm,
        papers: Sequence[Paper] | None = None,
        form: DecisionForm | None = None,
    ) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, "application": application}
        context |= {"title": gettext("Review an application"), "opening": opening, "papers": papers}
        if application.state == State.SUBMITTED:
            context["form"] = form or DecisionForm(initial={"seen_round": application.round})
        context["two_people"] = settings.PORTAL_APPLICATION_TWO_PEOPLE
        refused = opening.errors if papers is None else form is not None
        template = "admin/esim/simapplication/review.html"
        response = TemplateResponse(request, template, context, status=422 if refused else 200)
        # The answer holds the papers: they are shown to who gave the reason, once.
        add_never_cache_headers(response)
        return response


def _decided(request: HttpRequest, application: SimApplication, values: dict[str, Any]) -> bool:
    staff, ip, now = cast("User", request.user), client_ip(request), timezone.now()
    common = {"application": application, "staff": staff, "seen_round": values["seen_round"], "ip": ip, "now": now}
    said = {"reason": values["reason"], "text": values["text"].replace("\r\n", "\n")}
    told = gettext("Decided. The subscriber is told.")
    try:
        if values["decision"] == APPROVE:
            two_people = settings.PORTAL_APPLICATION_TWO_PEOPLE
            if not application_review.approve(**common, two_people=two_people):
                told = gettext("Your approval is on record. A second person has to approve it as well.")
        elif values["decision"] == ASK:
            application_review.ask_for_more(**common, **said, wanted=values["wanted"])
        else:
            application_review.refuse(**common, **said)
    except CannotDecide as refusal:
        messages.error(request, refusal.sentence)
        application.refresh_from_db()
        return False
    messages.success(request, told)
    return True


def _opened(request: HttpRequest, application: SimApplication, reason: str) -> list[Paper]:
    return [_paper(request, document, reason) for document in papers_of(application).select_related("owner")]


def _paper(request: HttpRequest, document: Document, reason: str) -> Paper:
    if not document.is_picture:
        return Paper(document, "")
    staff, ip = cast("User", request.user), client_ip(request)
    try:
        content = documents.opened_by_staff(document, staff=staff, reason=reason, ip=ip, now=timezone.now())
    except FileLost:
        return Paper(document, "", is_lost=True)
    return Paper(document, base64.b64encode(content).decode())
