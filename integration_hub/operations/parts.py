"""The parts of one machine: web server, one queue cluster per stage, ticker. `serve` and `demo` start the same ones."""

import sys
from functools import partial
from pathlib import Path

from django.conf import settings

from integration_hub.operations.health import sick_cluster, sick_ticker
from integration_hub.operations.supervisor import Part
from integration_hub.work.models import Stage

ROOT = Path(__file__).resolve().parents[2]
MANAGE = str(ROOT / "manage.py")


def web(bind: str, port: int, workers: int) -> Part:
    """The web server."""
    argv = [sys.executable, "-m", "gunicorn", "integration_hub.wsgi:application"]
    options = ["--bind", f"{bind}:{port}", "--workers", str(workers), "--worker-class", "sync", "--timeout", "60"]
    return Part("web", [*argv, *options, "--graceful-timeout", "15", "--access-logfile", "-"], cwd=ROOT)


def cluster(stage: str) -> Part:
    """The queue cluster that works one stage; restarted when its canary falls silent."""
    return Part(
        f"cluster-{stage}",
        [sys.executable, MANAGE, "qcluster"],
        env={"Q_CLUSTER_NAME": stage},
        health=partial(sick_cluster, stage),
        cwd=ROOT,
    )


def ticker() -> Part:
    """The ticker."""
    return Part("ticker", [sys.executable, MANAGE, "ticker"], health=sick_ticker, cwd=ROOT)


def everything(*, bind: str = "127.0.0.1", port: int | None = None) -> list[Part]:
    """All parts, in the order they are started."""
    environment = settings.ENV
    return [
        ticker(),
        *(cluster(str(stage)) for stage in Stage.values),
        web(bind, port or environment.web_port, environment.web_workers),
    ]
