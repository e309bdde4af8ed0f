"""Runs Tryton's own server until stdin closes: when the run of tests dies, its end of the pipe closes with it.

    python -m tests.tryton.serve -c trytond.conf -d DATABASE

The server is a program of its own, started as anybody would; nothing of it is imported.
"""

import os
import signal
import subprocess
import sys
import threading


def _watch() -> None:
    while os.read(0, 4096):
        pass
    os.killpg(os.getpgid(0), signal.SIGKILL)


if __name__ == "__main__":
    process = subprocess.Popen([sys.executable, "-m", "trytond.cli", *sys.argv[1:]], stdin=subprocess.DEVNULL)
    threading.Thread(target=_watch, daemon=True).start()
    sys.exit(process.wait())
