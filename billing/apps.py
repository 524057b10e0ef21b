from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _

from billing.checks import sandbox_takes_no_real_money


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = _("Billing")

    def ready(self) -> None:
        register(sandbox_takes_no_real_money)
