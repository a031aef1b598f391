"""Who may import whom: the contracts in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent


def test_every_import_keeps_to_the_layers() -> None:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-logo"]

    run = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr
