"""Which help article belongs to which trouble: pages link by the trouble, and a test holds each to an article."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class HelpLink:
    slug: str
    label: "_StrPromise"

    @property
    def href(self) -> str:
        return reverse("help_article", args=[self.slug])


SITUATIONS = {
    "renewal_fails": HelpLink("renew-fails-online", _("My renewal does not go through")),
    "auto_renewal": HelpLink("auto-renewal", _("How auto-renewal works, and how to stop it")),
    "order_delayed": HelpLink("top-up-not-arrived", _("Paid, and nothing has arrived")),
    "payment_declined": HelpLink("payment-failed", _("Why payments fail, and what to do")),
    "currency": HelpLink("pay-in-rmb", _("Paying in renminbi or another currency")),
    "refund": HelpLink("refunds", _("How refunds work")),
    "choosing": HelpLink("which-plan", _("Which plan fits me?")),
    "change_plan": HelpLink("change-a-bought-plan", _("Changing a plan you have bought")),
    "data_used_up": HelpLink("data-used-up", _("What happens when the data is used up")),
    "sold_out": HelpLink("sold-out", _("What to do when a plan is sold out")),
    "install_failed": HelpLink("install-esim", _("What to do if the installation fails")),
    "no_data": HelpLink("roaming", _("No data? Roaming and other settings")),
    "new_phone": HelpLink("new-phone", _("Moving to a new phone, step by step")),
    "lost_phone": HelpLink("lost-phone", _("Phone lost or stolen: what to do first")),
    "forgot_password": HelpLink("forgot-password", _("Nothing comes, or no access to the address")),
    "bind_failed": HelpLink("bind-a-line", _("Where to find the numbers, and why it may fail")),
    "documents": HelpLink("outlet-and-documents", _("Outlets and documents for a physical SIM")),
}
