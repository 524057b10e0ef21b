"""Ada's rows and the addresses of the portal, as the walk through the URL map has them."""

import pytest
from django.urls import reverse

from tests import make
from tests.accounts.conftest import outbox
from tests.api.conftest import program
from tests.portal.conftest import address_of, ids_of_ada

__all__ = ["address_of", "ids_of_ada", "outbox", "program"]


@pytest.fixture
def as_ada(as_subscriber):
    """Ada, who gave her password a moment ago: pages behind fresh authentication open."""
    as_subscriber.post(reverse("account_reauthenticate"), {"password": make.PASSWORD})
    return as_subscriber
