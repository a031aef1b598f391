"""What is installed is pinned by hash, and named without the host that it came from."""

import json
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
PINNED = [*sorted((PROJECT / "requirements").glob("*.txt")), PROJECT / "examples" / "python" / "requirements.txt"]
LOCKS = sorted(lock for depth in ("*", "*/*") for lock in PROJECT.glob(f"{depth}/package-lock.json"))


@pytest.mark.parametrize("file", PINNED, ids=lambda file: file.name)
def test_every_requirement_is_pinned_by_hash(file: Path) -> None:
    entries = re.split(r"\n(?=\w)", file.read_text())

    loose = [entry for entry in entries if not entry.startswith("#") and not ("==" in entry and "sha256:" in entry)]
    assert loose == []


@pytest.mark.parametrize("file", PINNED, ids=lambda file: file.name)
def test_the_requirements_name_no_host_and_no_folder_of_a_machine(file: Path) -> None:
    assert not re.search(r"://|--index|--find-links|file:|/home/|/tmp/", file.read_text())


@pytest.mark.parametrize("file", LOCKS, ids=lambda file: file.parent.name)
def test_the_packages_from_npm_are_pinned_by_hash_and_name_no_host(file: Path) -> None:
    packages = [package for path, package in json.loads(file.read_text())["packages"].items() if path]

    assert packages
    assert all(package["integrity"].startswith("sha512-") for package in packages)
    assert not any("resolved" in package for package in packages)
