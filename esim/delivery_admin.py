"""What staff do with an approved application: set a card aside, and hand it over at the counter."""

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh
from unfold.decorators import action
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.http import client_ip
from accounts.staff_dialogs import dialog
from esim import delivery
from esim.delivery import CannotDeliver
from esim.identifiers import NotAnIccid, normalised_iccid
from esim.models import SimApplication
from esim.postal import LOOK_UP

if TYPE_CHECKING:
    from accounts.models import User


class CardForm(BaseDialogForm):  # type: ignore[misc]
    iccid = forms.CharField(
        label=_("Card number (ICCID)"),
        max_length=40,
        required=False,
        help_text=_("Scan the card. Empty: the next one of the stock, or the one that is set aside."),
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    post_carrier = forms.CharField(
        label=_("Sent with"),
        max_length=60,
        required=False,
        help_text=_("By post only. Letters can be followed with: %(names)s."),
        widget=UnfoldAdminTextInputWidget,
    )
    tracking_number = forms.CharField(
        label=_("Tracking number"), max_length=60, required=False, widget=UnfoldAdminTextInputWidget
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        told = gettext("By post only. Letters can be followed with: %(names)s.")
        self.fields["post_carrier"].help_text = told % {"names": ", ".join(LOOK_UP)}

    def clean_iccid(self) -> str:
        text: str = self.cleaned_data["iccid"].strip()
        try:
            return normalised_iccid(text) if text else ""
        except NotAnIccid as error:
            raise forms.ValidationError(_("A card number has 19 or 20 digits.")) from error


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Pick-up code"),
        max_length=30,
        help_text=_("The subscriber shows it in the portal. Capitals and blanks don’t matter, and O is read as 0."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false", "autofocus": True}),
    )


class DeliversCards:
    """What the pages of applications offer to staff who may give out cards."""

    admin_site: Any
    opts: Any

    def has_delivery_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        return bool(request.user.is_active and request.user.has_perm("esim.change_simcard"))

    @dialog(
        _("Set a card aside…"),
        permission="delivery",
        path="set-card-aside",
        icon="sim_card",
        title=_("Which card does the applicant get?"),
        description=_("It is theirs to activate from then on, and they are told how they get it."),
        form=CardForm,
        submit=_("Set aside and tell"),
    )
    def set_card_aside(self, request: HttpRequest, form: CardForm, object_id: str) -> HttpResponse:
        application = get_object_or_404(SimApplication, pk=object_id)
        staff, ip, now = cast("User", request.user), client_ip(request), timezone.now()
        try:
            ready = delivery.prepare(application=application, staff=staff, ip=ip, now=now, **_wishes(form))
        except CannotDeliver as refusal:
            messages.error(request, str(refusal.sentence))
        else:
            told = gettext("Card %(iccid)s is set aside, and the applicant is told.")
            messages.success(request, told % {"iccid": ready.card.iccid if ready.card else ""})
        return HttpResponseClientRefresh()

    @action(  # type: ignore[untyped-decorator]
        description=_("Hand a card over…"), permissions=["delivery"], url_path="hand-over", icon="front_hand"
    )
    def hand_card_over(self, request: HttpRequest) -> HttpResponse:
        """Find the application by its pick-up code; show whose it is; write down that the card was handed over."""
        form = CodeForm(request.POST or None)
        found = _find(request, form) if form.is_bound and form.is_valid() else None
        if found and "handed_over" in request.POST:
            return _hand_over(request, found)
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": gettext("Hand a card over")}
        context |= {"form": form, "found": found}
        status = 422 if form.is_bound and not found else 200
        response = TemplateResponse(request, "admin/esim/simapplication/hand_over.html", context, status=status)
        # It shows who applied.
        add_never_cache_headers(response)
        return response


def _wishes(form: CardForm) -> dict[str, str]:
    return {name: form.cleaned_data[name] for name in ("iccid", "post_carrier", "tracking_number")}


def _find(request: HttpRequest, form: CodeForm) -> SimApplication | None:
    try:
        return delivery.find_by_code(
            code=form.cleaned_data["code"],
            staff=cast("User", request.user),
            ip=client_ip(request),
            now=timezone.now(),
        )
    except CannotDeliver as refusal:
        form.add_error(None, str(refusal.sentence))
        return None


def _hand_over(request: HttpRequest, application: SimApplication) -> HttpResponse:
    staff = cast("User", request.user)
    if delivery.hand_over(application=application, staff=staff, ip=client_ip(request), now=timezone.now()):
        messages.success(request, gettext("Handed over. The applicant is told."))
    else:
        messages.warning(request, gettext("It was handed over before."))
    return redirect(reverse("admin:esim_simapplication_changelist"))
