from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _


class EsimConfig(AppConfig):
    name = "esim"
    verbose_name = _("Lines and SIM profiles")

    def ready(self) -> None:
        from esim.checks import esimgo_settings, plans_without_product  # noqa: PLC0415 - carriers need models
        from esim.es2plus_checks import es2plus_settings  # noqa: PLC0415 - as below

        register(es2plus_settings, "start", "carrier")
        register(esimgo_settings, "start", "carrier")
        register(plans_without_product, "carrier", deploy=True)
