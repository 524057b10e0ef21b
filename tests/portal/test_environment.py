"""Settings come from the environment, and say loudly what is wrong with it."""

import ast
import os
import re
import runpy
import sys

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import get_connection

from portal.environment import DELIBERATE, LONGEST_SOCKET_PATH, is_untouched, secret, socket_path

KEY = "k1:" + "A" * 43 + "="
PARTS = ("partner_settings", "retention_settings")
READERS = [
    settings.BASE_DIR / "portal" / name
    for name in ("settings.py", *(f"{part}.py" for part in PARTS), "management/commands/serve.py")
]
OPERATIONS = settings.BASE_DIR / "docs" / "operations.md"


@pytest.fixture
def settings_for(monkeypatch, tmp_path):
    """Read portal/settings.py anew with exactly these variables set."""

    def read(**variables):
        for name in names_read():
            monkeypatch.delenv(name, raising=False)
        for name, value in {"PORTAL_DATA_DIR": str(tmp_path), **variables}.items():
            monkeypatch.setenv(name, value)
        for part in PARTS:
            monkeypatch.delitem(sys.modules, f"portal.{part}", raising=False)
        return runpy.run_path(str(READERS[0]))

    return read


def names_read():
    """Return every name that our code asks the environment for."""
    found = set()
    for path in READERS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(value=str(name))):
                    found.add(name)
                case ast.Call(
                    func=ast.Attribute(value=ast.Attribute(attr="environ")), args=[ast.Constant(value=str(name)), *_]
                ):
                    found.add(name)
                case ast.Call(args=[ast.Attribute(attr="environ"), ast.Constant(value=str(name)), *_]):
                    found.add(name)
                    if isinstance(node.func, ast.Name) and node.func.id == "secret":
                        found.add(f"{name}_FILE")
    return found


def test_a_fresh_checkout_is_the_demo(settings_for):
    read = settings_for()

    assert read["DEMO"]
    assert not read["DEBUG"]
    assert (read["PAYMENT_GATEWAY"], read["CARRIER"]) == ("sandbox", "simulated")


@pytest.mark.parametrize("name", DELIBERATE)
def test_naming_any_deployment_setting_ends_the_demo(name):
    assert not is_untouched({name: "anything"})


def test_a_deployment_is_no_demo_and_speaks_https(settings_for):
    read = settings_for(SECRET_KEY="s" * 60, PORTAL_ENCRYPTION_KEYS=KEY)

    assert not read["DEMO"]
    assert read["HTTPS"]


def test_the_demo_makes_its_secrets_once(settings_for, tmp_path):
    first, second = settings_for(), settings_for()

    assert first["SECRET_KEY"] == second["SECRET_KEY"]
    assert first["SECRET_KEY"] != first["PORTAL_ENCRYPTION_KEYS"][0]
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_embedded_defaults_need_no_server(settings_for, tmp_path):
    read = settings_for()

    assert read["DATABASES"]["default"]["NAME"] == tmp_path / "portal.sqlite3"
    assert read["CACHES"]["default"]["LOCATION"].startswith("unix://")
    assert read["CELERY_BROKER_URL"].startswith("redis+socket://")


def test_servers_named_are_the_servers_used(settings_for):
    read = settings_for(DATABASE_URL="postgres://portal@db/portal", REDIS_URL="redis://redis:6379/")

    assert read["DATABASES"]["default"]["HOST"] == "db"
    assert read["CACHES"]["default"]["LOCATION"] == "redis://redis:6379/0"
    assert read["CELERY_BROKER_URL"] == "redis://redis:6379/1"


def test_tasks_may_queue_elsewhere(settings_for):
    read = settings_for(REDIS_URL="redis://redis:6379", BROKER_URL="amqp://portal@rabbit:5672//")

    assert read["CELERY_BROKER_URL"] == "amqp://portal@rabbit:5672//"
    assert read["CACHES"]["default"]["LOCATION"] == "redis://redis:6379/0"


def test_a_mail_provider_gets_its_key(settings_for, monkeypatch, settings):
    monkeypatch.setenv("ANYMAIL_POSTMARK_SERVER_TOKEN", "secret-token")
    settings.ANYMAIL = settings_for()["ANYMAIL"]

    provider = get_connection("anymail.backends.postmark.EmailBackend")

    assert provider.server_token == "secret-token"


def test_cookies_are_bound_to_the_host_over_https(settings_for):
    read = settings_for(SECRET_KEY="s" * 60, PORTAL_ENCRYPTION_KEYS=KEY)

    assert read["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert read["SESSION_COOKIE_SECURE"]
    assert read["CSRF_COOKIE_SECURE"]
    assert read["SECURE_HSTS_SECONDS"] >= 31_536_000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "maybe"),
        ("PORTAL_DEMO", "2"),
        ("PORTAL_HTTPS", "tls"),
        ("PAYMENT_GATEWAY", "sandbx"),
        ("CARRIER", "none"),
        ("DATABASE_URL", "mysql://localhost/portal"),
        ("REDIS_URL", "localhost:6379"),
        ("BROKER_URL", "sqs://"),
        ("PORTAL_BRAND_HUE", "361"),
        ("PORTAL_BRAND_HUE", "blue"),
        ("EMAIL_PORT", "0"),
        ("TRUSTED_PROXY_COUNT", "-1"),
        ("STRIPE_METHODS_BY_CURRENCY", "USD:card"),
        ("STRIPE_METHODS_BY_CURRENCY", "USD=card,cheque"),
        ("STRIPE_METHODS_BY_CURRENCY", "=card"),
        ("STRIPE_REQUESTS_PER_SECOND", "0"),
    ],
)
def test_nonsense_is_refused_by_its_name(settings_for, name, value):
    with pytest.raises(ImproperlyConfigured, match=name):
        settings_for(SECRET_KEY="s" * 60, PORTAL_ENCRYPTION_KEYS=KEY, **{name: value})


@pytest.mark.parametrize("name", ["SECRET_KEY", "PORTAL_ENCRYPTION_KEYS"])
def test_a_deployment_without_its_secret_does_not_start(settings_for, name):
    given = {"SECRET_KEY": "s" * 60, "PORTAL_ENCRYPTION_KEYS": KEY, "DEBUG": "0"}
    del given[name]

    with pytest.raises(ImproperlyConfigured, match=name):
        settings_for(**given)


def test_a_secret_may_come_from_a_file(tmp_path):
    (tmp_path / "key").write_text("from the file\n")

    assert secret({"KEY_FILE": str(tmp_path / "key")}, "KEY", kept_in=None) == "from the file"


def test_a_secret_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ImproperlyConfigured, match="KEY_FILE"):
        secret({"KEY_FILE": str(tmp_path / "absent")}, "KEY", kept_in=None)


def test_a_secret_that_is_not_needed_may_be_absent():
    assert secret({}, "KEY", kept_in=None, required=False) == ""


def test_the_operator_chooses_means_of_payment_a_currency(settings_for):
    read = settings_for(STRIPE_METHODS_BY_CURRENCY="EUR=card,paypal CNY=alipay")

    assert read["STRIPE_METHODS_BY_CURRENCY"] == {"EUR": ("card", "paypal"), "CNY": ("alipay",)}


def test_a_socket_lies_with_the_data(tmp_path):
    assert socket_path(tmp_path, "s") == tmp_path / "s"


def test_a_socket_path_too_long_for_the_kernel_moves(tmp_path):
    deep = tmp_path / ("deep" * 30)

    moved = socket_path(deep, "valkey.sock")

    assert len(os.fsencode(moved)) <= LONGEST_SOCKET_PATH
    assert moved != socket_path(tmp_path / ("other" * 30), "valkey.sock")


def test_every_variable_is_documented_and_every_documented_variable_is_read():
    documented = set(re.findall(r"^\| `([A-Z0-9_]+)`", OPERATIONS.read_text(encoding="utf-8"), re.MULTILINE))

    assert documented == names_read()
