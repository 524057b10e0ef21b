from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = _("Billing")

    def ready(self) -> None:
        from billing.checks import stripe_endpoints, stripe_settings  # noqa: PLC0415 - its gateways need models

        register(stripe_settings, "start", "stripe")
        register(stripe_endpoints, "stripe", deploy=True)
