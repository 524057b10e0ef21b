"""Outside a demonstration the portal does not start with what only plays at being real."""

import base64
import os
import subprocess
import sys

import pytest
from django.conf import settings

PRODUCTION = {
    "DEBUG": "0",
    "PORTAL_DEMO": "0",
    "SECRET_KEY": "only-for-this-test-0123456789abcdefghijklmnopqrstuvwxyz",
    "PORTAL_ENCRYPTION_KEYS": "k1:" + base64.urlsafe_b64encode(bytes(range(32))).decode(),
    "ALLOWED_HOSTS": "portal.example.com",
    "PORTAL_BASE_URL": "https://portal.example.com",
    "TRUSTED_PROXY_COUNT": "1",
}


def start(tmp_path, *arguments, **changes):
    """Run Python in the portal's folder with an environment of production."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = {**inherited, **PRODUCTION, "PORTAL_DATA_DIR": str(tmp_path), **changes}
    return subprocess.run(  # noqa: S603 - our own Python
        [sys.executable, *arguments],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_web_server_does_not_start_with_a_gateway_that_gives_everything_away(tmp_path):
    done = start(tmp_path, "-c", "import portal.wsgi")

    assert done.returncode != 0
    assert "PAYMENT_GATEWAY" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("process", ["beat", "worker"])
def test_nor_do_scheduler_and_worker(process, tmp_path):
    done = start(tmp_path, "-m", "celery", "--app", "portal.celery", process, REDIS_URL="redis://127.0.0.1:9")

    assert done.returncode == 1
    assert "portal.E001" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, "portal.E001"),
        ({}, "portal.E002"),
        ({"EMAIL_BACKEND": "accounts.outbox.OutboxEmailBackend"}, "portal.E003"),
        ({"SMS_BACKEND": "outbox"}, "portal.E003"),
        ({"PORTAL_BASE_URL": "http://portal.example.com"}, "portal.E005"),
        ({"PAYMENT_GATEWAY": "stripe"}, "stripe.E001"),
        ({"PAYMENT_GATEWAY": "stripe", "STRIPE_API_KEY": "rk_test_portal"}, "stripe.E004"),
    ],
)
def test_the_deployment_check_names_what_is_not_real(tmp_path, change, code):
    done = start(tmp_path, "manage.py", "check", "--deploy", **change)

    assert done.returncode == 1
    assert code in done.stderr
    assert "security.W" not in done.stderr
