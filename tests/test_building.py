"""The explorer on its way from its sources into the wheel."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

PROJECT = Path(__file__).parent.parent
PAGE = "src/gappt_graphql/web/static/index.html"


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
