"""Staff who are signed in."""

import pytest


@pytest.fixture
def as_staff(client, staff):
    """A test client signed in as Kim, who may do everything."""
    client.force_login(staff)
    return client
