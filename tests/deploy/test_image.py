"""The Dockerfile builds from what is in the repository and pinned, and ends without root. No engine runs here."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from a_server import AServer
from behind_nginx import free_port

PROJECT = Path(__file__).parent.parent.parent
TEXT = (PROJECT / "Dockerfile").read_text()
STEPS = [line for line in TEXT.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
LAST = STEPS[max(number for number, step in enumerate(STEPS) if step.startswith("FROM ")) :]
COPIED = [word for step in STEPS if step.startswith("COPY ") and "--from" not in step for word in step.split()[1:-1]]
HEALTH = [sys.executable, "-I", str(PROJECT / "deploy" / "health.py")]


def last(instruction: str) -> list[str]:
    return [step for step in LAST if step.startswith(f"{instruction} ")]


@pytest.mark.parametrize("path", sorted({word for word in COPIED if not word.startswith("--")}))
def test_what_is_copied_is_there_and_goes_to_the_builder(path: str) -> None:
    let_through = [line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")]

    assert (PROJECT / path).exists()
    assert any(Path(path).match(pattern) or path.startswith(f"{pattern}/") for pattern in let_through)


def test_the_builder_gets_nothing_else() -> None:
    lines = (PROJECT / ".dockerignore").read_text().splitlines()
    let_through = {line[1:].split("/")[0] for line in lines if line.startswith("!")}

    assert next(line for line in lines if not line.startswith("#")) == "*"
    assert let_through == {word.split("/")[0] for word in COPIED if not word.startswith("--")}


def test_whatever_is_installed_is_pinned_by_hash() -> None:
    installing = [step for step in STEPS if " install " in step and "pip" in step]

    assert len(installing) == 3
    assert [step for step in installing if "--require-hashes" not in step and "--no-deps" not in step] == []
    assert "npm-cli.js ci " in TEXT
    assert "npm-cli.js install" not in TEXT


def test_every_base_image_has_a_version_and_is_named_without_a_registry() -> None:
    stages = re.findall(r"^FROM \S+ AS (\w+)", TEXT, re.MULTILINE)
    bases = set(re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)) - set(stages)

    assert bases == {"python:3.13-slim"}


def test_the_image_runs_as_a_number_that_is_not_root() -> None:
    (user,) = last("USER")

    assert int(user.split()[1]) > 0
    assert LAST.index(user) > max(LAST.index(step) for step in last("RUN"))
    assert f"--uid {user.split()[1]} " in "".join(last("RUN"))


def test_the_image_holds_no_secret_and_nothing_that_builds() -> None:
    assert not re.search(r"PASSWORD|SECRET|TOKEN|API_KEY", "\n".join(LAST))
    assert not re.search(r"^ARG ", TEXT, re.MULTILINE)
    assert [step.split()[1] for step in last("COPY") if "--from" in step] == ["--from=installed"]


def test_the_image_is_ended_by_the_signal_that_the_server_knows_and_looks_after_its_life() -> None:
    assert last("STOPSIGNAL") == ["STOPSIGNAL SIGTERM"]
    assert last("HEALTHCHECK")[0].endswith('CMD ["gappt-graphql-health", "/livez"]')
    assert last("ENTRYPOINT") == ['ENTRYPOINT ["gappt-graphql"]']  # no shell that would keep the signal


def test_the_health_check_tells_a_server_that_is_ready(tmp_path: Path) -> None:
    server = AServer(f"sqlite:///{tmp_path / 'book.db'}")
    try:
        server.wait_until_it_answers()
        environment = os.environ | {"GAPPT_PORT": server.address.rpartition(":")[2]}
        ready = subprocess.run([*HEALTH, "/readyz"], env=environment, capture_output=True, text=True, check=False)
        nowhere = subprocess.run([*HEALTH, "/nowhere"], env=environment, capture_output=True, text=True, check=False)
    finally:
        server.kill()

    assert (ready.returncode, ready.stdout) == (0, '200 {"status":"ok"}\n')
    assert nowhere.returncode == 1


def test_the_health_check_tells_that_nobody_answers() -> None:
    environment = os.environ | {"GAPPT_PORT": str(free_port())}
    told = subprocess.run([*HEALTH, "/livez"], env=environment, capture_output=True, text=True, check=False)

    assert told.returncode == 1
    assert told.stderr.startswith("No answer: ")
    assert told.stderr.count("\n") == 1


def test_the_health_check_waits_for_no_server_that_is_stuck() -> None:
    with socket.create_server(("127.0.0.1", 0)) as stuck:
        environment = os.environ | {"GAPPT_PORT": str(stuck.getsockname()[1])}
        told = subprocess.run([*HEALTH, "/livez"], env=environment, capture_output=True, text=True, check=False)

    assert told.returncode == 1
