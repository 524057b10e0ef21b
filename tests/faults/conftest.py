"""The outside world of the money tests, here too."""

from tests.billing.conftest import carrier, gateway, line, plan

__all__ = ["carrier", "gateway", "line", "plan"]
