"""From the sources to what is installed: the explorer, the wheel, the source distribution, the version."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from gappt_graphql import __version__

PROJECT = Path(__file__).parent.parent
STATIC = Path("src/gappt_graphql/web/static")
PAGE = f"{STATIC}/index.html"
NEEDED_TO_BUILD = (
    *("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md"),
    *("schema.graphql", ".gitignore"),
)


def test_the_explorer_is_built_anew_when_any_of_its_sources_changes() -> None:
    listed = subprocess.run(
        ["make", "--print-data-base", "--question", PAGE], cwd=PROJECT, capture_output=True, text=True, check=False
    ).stdout
    rule = re.search(rf"^{re.escape(PAGE)}: (.*)", listed, re.MULTILINE)
    assert rule
    sources = {
        str(path.relative_to(PROJECT))
        for path in (PROJECT / "explorer").rglob("*")
        if path.is_file() and "node_modules" not in path.parts and not path.match(".npmrc")
    }
    # These lead to the installation of the packages, which leads here.
    sources -= {"explorer/package.json", "explorer/package-lock.json"}
    assert sources
    assert sources - set(rule[1].split()) == set()


def test_the_wheel_holds_the_explorer_although_git_ignores_it(tmp_path: Path) -> None:
    project = tmp_path / "project"
    static = project / "src/gappt_graphql/web/static"
    (static / "explorer").mkdir(parents=True)
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore", "src/gappt_graphql/__init__.py"):
        shutil.copy(PROJECT / name, project / name)
    (static / "index.html").write_text("<!doctype html>")
    (static / "explorer" / "main-1a2b.js").write_text("export {};")

    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=project,
        check=True,
        capture_output=True,
    )

    (wheel,) = tmp_path.glob("*.whl")
    assert {"gappt_graphql/web/static/index.html", "gappt_graphql/web/static/explorer/main-1a2b.js"} <= set(
        zipfile.ZipFile(wheel).namelist()
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources as a checkout has them when the explorer is built, with what a build leaves lying about."""
    project = tmp_path_factory.mktemp("project")
    for name in NEEDED_TO_BUILD:
        shutil.copy(PROJECT / name, project / name)
    shutil.copytree(PROJECT / "src", project / "src", ignore=shutil.ignore_patterns("static", "__pycache__"))
    (project / STATIC / "explorer").mkdir(parents=True)
    (project / STATIC / "index.html").write_text("<!doctype html>")
    (project / STATIC / "explorer" / "main-1a2b.js").write_text("export {};")
    (project / "src/gappt_graphql/__pycache__").mkdir()
    (project / "src/gappt_graphql/__pycache__/left.pyc").write_text("")
    (project / "book.db").write_text("a patient's name")
    return project


@pytest.fixture(scope="module")
def built(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both distributions of the project."""
    return build(project, tmp_path_factory.mktemp("dist"))


def build(project: Path, dist: Path) -> Path:
    """Build what there is to build, on a machine without node, and return the folder that it is in."""
    path = os.pathsep.join([str(Path(sys.executable).parent), "/nowhere"])
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(dist)]
    subprocess.run(command, cwd=project, check=True, capture_output=True, env={"PATH": path})
    return dist


def unpacked(dist: Path, folder: Path) -> Path:
    with tarfile.open(next(dist.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    (project,) = folder.iterdir()
    return project


def test_the_wheel_holds_all_that_the_service_needs(built: Path) -> None:
    held = set(zipfile.ZipFile(next(built.glob("*.whl"))).namelist())
    package = PROJECT / "src" / "gappt_graphql"
    sources = {
        str(each.relative_to(package.parent))
        for each in package.rglob("*")
        if each.is_file() and "__pycache__" not in each.parts and "static" not in each.parts
    }

    assert {"gappt_graphql/py.typed", "gappt_graphql/rest/openapi.yaml"} < sources
    info = f"gappt_graphql-{__version__}.dist-info"
    beside = {f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")}
    built_page = {"gappt_graphql/web/static/index.html", "gappt_graphql/web/static/explorer/main-1a2b.js"}
    assert held == sources | beside | built_page


def test_the_wheel_of_the_source_distribution_is_the_same_to_the_byte(built: Path, tmp_path: Path) -> None:
    again = build(unpacked(built, tmp_path / "sdist"), tmp_path / "again")

    assert contents(again) == contents(built)


def test_what_is_built_tomorrow_elsewhere_is_the_same_to_the_byte(built: Path, project: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "a folder of another name"
    shutil.copytree(project, elsewhere)
    for each in elsewhere.rglob("*"):
        os.utime(each, (2_000_000_000, 2_000_000_000))

    assert contents(build(elsewhere, tmp_path / "again")) == contents(built)


def contents(dist: Path) -> dict[str, str]:
    return {each.name: sha256(each.read_bytes()).hexdigest() for each in dist.iterdir()}


def test_the_source_distribution_holds_nothing_that_is_left_about(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    outside = {name for name in names if not name.startswith("src/gappt_graphql/")}
    assert outside == {*NEEDED_TO_BUILD, "PKG-INFO"}
    assert not any("__pycache__" in name or name.endswith((".db", ".pyc")) for name in names)


def test_the_metadata_name_the_extras_and_the_command(built: Path) -> None:
    wheel = zipfile.ZipFile(next(built.glob("*.whl")))
    info = f"gappt_graphql-{__version__}.dist-info"
    metadata = wheel.read(f"{info}/METADATA").decode()

    assert f"\nVersion: {__version__}\n" in metadata
    extras = set(re.findall(r"^Provides-Extra: (.+)$", metadata, re.MULTILINE))
    assert extras == {"postgres", "otel", "calendar", "federation-tracing"}
    assert "License-Expression: MIT\n" in metadata
    assert wheel.read(f"{info}/entry_points.txt").decode() == (
        "[console_scripts]\ngappt-graphql = gappt_graphql.cli:main\n"
    )


def test_the_version_is_said_in_one_place() -> None:
    said = [
        str(path.relative_to(PROJECT))
        for path in [PROJECT / "pyproject.toml", *(PROJECT / "src").rglob("*.py")]
        if re.search(rf"""["']{re.escape(__version__)}["']""", path.read_text())
    ]

    assert said == ["src/gappt_graphql/__init__.py"]


def test_the_changelog_begins_with_the_version_and_keeps_its_form() -> None:
    text = (PROJECT / "CHANGELOG.md").read_text()
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    released = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)", each) for each in headings]
    if headings[0] == "[Unreleased]":
        released = released[1:]

    assert released
    versions = [(each[1], date.fromisoformat(each[2])) for each in released if each]
    assert len(versions) == len(released), headings
    assert versions[0][0] == __version__
    assert versions == sorted(versions, key=lambda each: (each[1], *map(int, each[0].split("."))), reverse=True)
    kinds = re.findall(r"^### (.+)$", text, re.MULTILINE)
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert re.findall(r"^### .+\n\n(?!- )", text, re.MULTILINE) == []
