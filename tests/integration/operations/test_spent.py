"""What a measured process is said to have used is its own."""

import subprocess
import sys

from integration_hub.operations.bench import spent
from tests.architecture.code import ROOT

MIB = 2**20


def test_the_peak_leaves_out_who_started_the_process():
    """The negative control is `getrusage`, which hands the parent's peak on."""
    ballast = bytearray(250 * MIB)
    asked = "import resource; from integration_hub.operations.bench import spent; "
    asked += "print(spent.peak(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    own, handed_on = map(float, done.stdout.split())
    assert own < 200 < handed_on
    assert spent.peak() > len(ballast) / MIB
