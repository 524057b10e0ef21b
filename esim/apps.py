from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _

from esim.checks import check_carrier_is_real


class EsimConfig(AppConfig):
    name = "esim"
    verbose_name = _("Lines and SIM profiles")

    def ready(self) -> None:
        register(check_carrier_is_real)
