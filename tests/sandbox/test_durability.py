"""What the landscape has answered is on disk: it survives kill -9, resumes with its tokens, and exits cleanly."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from integration_hub.sandbox import Landscape, accounts, server
from integration_hub.sandbox.landscape import PROJECT

from .conftest import client, netsuite_customer, netsuite_invoice, netsuite_token, salesforce_token

pytestmark = pytest.mark.landscape


def test_state_survives_kill_minus_nine(tmp_path: Path) -> None:
    state = tmp_path / "deep" / "state.sqlite3"
    landscape = Landscape(state=state)
    with landscape:
        sf, ns = salesforce_token(landscape), netsuite_token(landscape)
        landscape.settings(kantata={"allow_negative_time": False})
        fault = landscape.fault("kantata", "status", after=5)
        with client(f"{landscape.salesforce}/services/data/v62.0", f"Bearer {sf}") as http:
            account = http.post("/sobjects/Account", json={"Name": "Acme", "Hub_Key__c": "A-1"}).json()["id"]
        with client(f"{landscape.netsuite}/services/rest", f"Bearer {ns}") as http:
            netsuite_invoice(http, netsuite_customer(http, "C-1"), "I-1")
        seen = len(landscape.calls())
        landscape.kill()
        assert not landscape.running

        landscape.start()
        assert landscape.settings()["kantata"]["allow_negative_time"] is False
        assert [rule["id"] for rule in landscape.faults()] == [fault]
        assert len(landscape.calls()) == seen
        with client(f"{landscape.salesforce}/services/data/v62.0", f"Bearer {sf}") as http:
            again = http.patch("/sobjects/Account/Hub_Key__c/A-1", json={"Name": "Acme"})
            assert (again.status_code, again.json()["id"]) == (200, account)
        with client(f"{landscape.netsuite}/services/rest", f"Bearer {ns}") as http:
            assert http.get("/record/v1/invoice/eid:I-1").json()["tranId"] == "INV-US-000001"
            netsuite_invoice(http, netsuite_customer(http, "C-1"), "I-2")
            assert http.get("/record/v1/invoice/eid:I-2").json()["tranId"] == "INV-US-000002"


def test_stamps_never_step_back_over_a_restart(tmp_path: Path) -> None:
    def touch(landscape: Landscape) -> str:
        token = salesforce_token(landscape)
        with client(f"{landscape.salesforce}/services/data/v62.0", f"Bearer {token}") as http:
            http.patch("/sobjects/Account/Hub_Key__c/A-1", json={"Name": "Acme"})
            return str(http.get("/sobjects/Account/Hub_Key__c/A-1").json()["SystemModstamp"])

    with Landscape(state=tmp_path / "s.sqlite3") as landscape:
        landscape.settings(landscape={"clock_offset_seconds": 3600})
        ahead = touch(landscape)
    with Landscape(state=tmp_path / "s.sqlite3") as landscape:
        landscape.settings(landscape={"clock_offset_seconds": 0})
        assert touch(landscape) > ahead


def command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "integration_hub.sandbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly_even_while_a_connection_is_held(tmp_path: Path, number: signal.Signals) -> None:
    process = command("--port-base", "0", "--state", str(tmp_path / "s.sqlite3"))
    assert process.stdout
    line = process.stdout.readline()
    assert '"control":"http://127.0.0.1:' in line
    urls = json.loads(line)
    httpx.post(f"{urls['control']}/_control/faults", json={"kind": "timeout_before"})
    with socket.create_connection(("127.0.0.1", int(urls["kantata"].rpartition(":")[2]))) as held:
        held.sendall(b"GET /api/v1/users HTTP/1.1\r\nHost: x\r\n\r\n")
        while httpx.get(f"{urls['control']}/_control/calls").json()["calls"] == []:
            pass
        process.send_signal(number)
        _, errors = process.communicate(timeout=15)
    assert (process.returncode, errors) == (0, "")


def free_base() -> int:
    """A base whose ports nobody listens on, below the range from which the system picks ports by itself."""
    for base in range(20_000 + os.getpid() % 1000 * 10, 32_000, 10):
        with contextlib.suppress(OSError), contextlib.ExitStack() as probes:
            for port in range(base, base + max(server.PORTS.values()) + 1):
                probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return base
    raise AssertionError("no such row of ports is free")


def test_it_listens_on_loopback_at_fixed_ports_and_says_when_they_are_taken() -> None:
    base = free_base()
    offsets = server.PORTS
    with Landscape(port_base=base) as landscape:
        assert {name: landscape.urls[name] for name in offsets} == {
            name: f"http://127.0.0.1:{base + offset}" for name, offset in offsets.items()
        }
        second = command("--port-base", str(base), "--state", ":memory:")
        _, errors = second.communicate(timeout=15)
        assert (second.returncode, "cannot listen" in errors) == (1, True)
        assert landscape.stop() == 0


def test_tls_serves_the_same_state(running: Landscape, certificate_authority: tuple[Path, Path]) -> None:
    running.reset()
    running.post("/tokens", {"vendor": "kantata", "action": "restore"})
    trusted = ssl.create_default_context(cafile=str(certificate_authority[1]))
    headers = {"Authorization": f"Bearer {accounts.KANTATA_TOKEN}"}
    with httpx.Client(verify=trusted, headers=headers) as http:
        http.post(f"{running.urls['tls']['kantata']}/api/v1/roles", json={"role": {"name": "Architect"}})
        listed = http.get(f"{running.kantata}/api/v1/roles").json()
    assert listed["count"] == 1


def test_a_state_file_of_another_version_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "old.sqlite3"
    with Landscape(state=state):
        pass
    with contextlib.closing(sqlite3.connect(state)) as connection, connection:
        connection.execute("""UPDATE facts SET value = '"0"' WHERE space = 'landscape' AND key = 'layout'""")
    process = command("--port-base", "0", "--state", str(state))
    _, errors = process.communicate(timeout=15)
    assert process.returncode == 1
    assert "another version" in errors


def test_a_state_file_serves_one_landscape_at_a_time(tmp_path: Path) -> None:
    with Landscape(state=tmp_path / "s.sqlite3"):
        second = command("--port-base", "0", "--state", str(tmp_path / "s.sqlite3"))
        _, errors = second.communicate(timeout=15)
    assert (second.returncode, "another landscape" in errors) == (1, True)


def test_a_landscape_that_cannot_start_says_so(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="did not start"):
        Landscape(tls_dir=tmp_path / "missing", stderr=subprocess.DEVNULL).start()


def test_it_stops_when_its_parent_is_gone() -> None:
    landscape = Landscape()
    landscape.start()
    process = landscape._process
    assert process
    assert process.stdin
    process.stdin.close()
    assert process.wait(15) == 0
