"""The people of the demo, whose passwords everybody can read in the README."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User


def test_outside_a_demo_nobody_gets_a_known_password(db, settings):
    settings.PLAYGROUND = False

    with pytest.raises(CommandError, match="PORTAL_DEMO"):
        call_command("seed_demo")
    assert not User.objects.exists()
