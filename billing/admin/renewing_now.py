"""Why a renewal stands as it does, and having one looked at now."""

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRefresh

from accounts.http import client_ip
from accounts.staff_dialogs import ReasonForm, dialog, offers
from billing import renewing_now
from billing.charging_stops import ChargingStopped
from billing.models import Subscription
from billing.reason_words import ACTIONS, reason_words
from billing.renewing_now import NotNow
from billing.tasks import nudge, renew_one

if TYPE_CHECKING:
    from accounts.models import User
    from billing.verdicts import Verdict


class RenewNow:
    """The dialog on a subscription's page; what the scheduler would not take up is refused in words."""

    message_user: Any

    def has_renew_now_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        standing = Subscription.objects.on().filter(pk=object_id or 0).exclude(state=Subscription.State.PAUSED)
        return bool(request.user.has_perm("billing.change_subscription") and offers(request, standing))

    @dialog(
        _("Renew now"),
        permission="renew_now",
        path="renew-now",
        icon="bolt",
        title=_("Have this renewal looked at now?"),
        description=_(
            "The scheduler takes it up at once instead of with its next tick, by the same rules: at the price agreed"
            " to, once, and only if it is due."
        ),
        form=ReasonForm,
    )
    def renew_now(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        try:
            verdict = renewing_now.ask_for(
                subscription=get_object_or_404(
                    Subscription.objects.select_related("line__owner", "plan"), pk=object_id
                ),
                reason=form.cleaned_data["reason"],
                actor=cast("User", request.user),
                ip=client_ip(request),
                now=timezone.now(),
            )
        except NotNow as refusal:
            self.message_user(request, refusal.sentence, messages.WARNING)
        except ChargingStopped as stop:
            self.message_user(request, str(stop), messages.WARNING)
        else:
            transaction.on_commit(partial(nudge, renew_one, subscription_id=verdict.subscription.pk))
            told = gettext("Under way. The judge says: %(verdict)s. Reload the page in some seconds.")
            self.message_user(request, told % {"verdict": _said(verdict)}, messages.SUCCESS)
        return HttpResponseClientRefresh()


def _said(verdict: "Verdict") -> str:
    words = str(ACTIONS[verdict.action])
    return f"{words} ({reason_words(verdict.reason)})" if verdict.reason else words
