"""
Break the plans in one line at a time, and see that their tests fail each time: mostly the one that compares them with
graphql-core.

    PYTHONPATH=src .venv/bin/python tests/graph/execution/mutants.py [NUMBER OF THE FIRST]

It takes some ten minutes for all. It ends with 1 if a broken line was not noticed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[3]
FOLDER = "src/gappt_graphql/graph"
# A file, what stands in it once, and what is wrong in its place.
MUTANTS = [
    ("execution/leaves.py", '"ID": (int, _ids)', '"ID": (int, unchanged)'),
    ("execution/leaves.py", "set(map(_zone, values)) == {UTC}", "True"),
    ("execution/leaves.py", "and max(values) <= _LARGEST", ""),
    ("execution/leaves.py", "names[value] for value in values", "next(iter(names.values())) for value in values"),
    ("execution/completing.py", "if kinds == self._plain:", "if self._plain & kinds:"),
    ("execution/completing.py", "if null.nullable else self._plain", "if True else self._plain"),
    ("execution/completing.py", "if not kinds <= self._or_null:", "if not kinds & self._or_null:"),
    ("execution/completing.py", "if self._write is unchanged:", "if True:"),
    ("execution/completing.py", "if not self.nullable:", "if False:"),
    (
        "execution/completing.py",
        "value if isinstance(value, Exception) else _caught(check, value)",
        "_caught(check, value)",
    ),
    ("execution/completing.py", "if self._type.is_type_of is None or", "if True or"),
    ("execution/completing.py", "        if is_iterable(value):", "        if True:"),
    (
        "execution/completing.py",
        "[values[index] for index in good], Some(place, good))",
        "[values[index] for index in good], place)",
    ),
    (
        "execution/places.py",
        "(*path, self.key), len(path) + 1 if self.nullable else nullable",
        "(*path, self.key), len(path) + 1",
    ),
    ("execution/places.py", "(*path, item), len(path) + 1 if self.nullable else nullable", "(*path, item), nullable"),
    ("execution/places.py", "bisect_right(self.ends, index)", "bisect_right(self.ends, index + 1)"),
    ("execution/places.py", "self.of.positions(self.indexes[index])", "self.of.positions(index)"),
    (
        "execution/places.py",
        "for which in self.places[self.unique[index]]:",
        "for which in self.places[self.unique[index]][:1]:",
    ),
    ("execution/places.py", "range(nullable + 1)", "range(0)"),
    ("execution/places.py", "(None if () in nulled else data), errors", "data, errors"),
    ("execution/fields.py", "list(map(done.__getitem__, keys))", "[done[unique[0]] for key in keys]"),
    ("execution/fields.py", "loader.outcomes(wanted, batches)", "loader.outcomes(wanted, ())"),
    ("execution/fields.py", "one if isinstance(one, Exception) else _caught(then, one)", "_caught(then, one)"),
    ("execution/fields.py", "(one for one in some if isinstance(one, Exception))", "(one for one in ())"),
    ("execution/fields.py", "[failure] * len(keys)", "[None] * len(keys)"),
    ("execution/compiling.py", "relation not in self._whole", "True"),
    ("execution/compiling.py", "if relation.held and isinstance", "if False and isinstance"),
    ("execution/compiling.py", "complete.selection.names <= _KNOWN_BY_NAME", "True"),
    ("execution/fields.py", "[Reference(id) for id in ids]", "[Reference(ids[0]) for id in ids]"),
    ("execution/compiling.py", "complete.selection.names <= set(fewer.fields)", "True"),
    ("execution/arguments.py", "self._asked.nodes[0], run.variables)", "self._asked.nodes[-1], None)"),
    (
        "execution/arguments.py",
        "            if value is not Undefined:\n                arg",
        "            if True:\n                arg",
    ),
    ("execution/arguments.py", "if value is None and non_null:", "if False:"),
    ("execution/arguments.py", "            return absent\n", "            return None\n"),
    ("execution/arguments.py", "return lambda value: Some(of_type(value))", "return of_type"),
    ("execution/arguments.py", "for name, value in values if value is not Undefined}", "for name, value in values}"),
    ("execution/arguments.py", "members[called] = convert(one)", "members[called] = one"),
    ("execution/variables.py", "type(value) is not dict or not required <= value.keys()", "type(value) is not dict"),
    ("execution/variables.py", "            if value is None:\n", "            if False:\n"),
    ("execution/variables.py", "        if type(value) is not list:", "        if False:"),
    ("execution/variables.py", "        elif absent is _REQUIRED:", "        elif False:"),
    ("execution/variables.py", "            if absent is not Undefined:", "            if False:"),
    ("execution/variables.py", "            if name not in value:", "            if False:"),
    ("execution/compiling.py", "nullable_items = not isinstance", "nullable_items = isinstance"),
    ("execution/compiling.py", "nullable = not isinstance(field.type, GraphQLNonNull)", "nullable = True"),
    (
        "execution/flags.py",
        "variables.get(name, self.defaults.get(name))",
        "self.defaults.get(name, variables.get(name))",
    ),
    ("execution/plans.py", "self._flags.named(values)", "dict.fromkeys(self._flags.names, True)"),
    ("execution/plan.py", "rows += map(self._row, *columns)", "rows += map(self._row, *reversed(columns))"),
    ("execution/planned.py", "extensions=extensions(context))\n\n\nasync", "extensions={})\n\n\nasync"),
    ("execution/variables.py", "max_errors=_MOST_ERRORS", "max_errors=0"),
    ("loading.py", "if key in self._values else failures[key] for", "if key in self._values else None for"),
    ("loaders.py", "            await loader.read(batch)", "            loader.fill(batch, {})"),
    ("loading.py", "self._values.pop(key, None)", "pass"),
    ("execution/running.py", "            await loaders.read_each(self._opened)", "            raise"),
    ("execution/running.py", "loaders.unread([*read, *self._opened])", "loaders.unread(read)"),
    ("execution/running.py", "while self._opened and not self._running:", "while self._opened:"),
    ("execution/running.py", "            if isinstance(loader, BookLoader):", "            if True:"),
]


def is_noticed(folder: Path, file: str, right: str, wrong: str) -> bool:
    """Break a copy of the source in one line, and tell whether the tests of plans fail."""
    path = folder / FOLDER / file
    source = path.read_text()
    assert source.count(right) == 1, f"{file} has {right!r} {source.count(right)} times"
    path.write_text(source.replace(right, wrong))
    command = [sys.executable, "-m", "pytest", "-qx", "-p", "no:cacheprovider", "tests/graph/execution"]
    environment = os.environ | {"PYTHONPATH": str(folder / "src")}
    try:
        return subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=300).returncode == 1
    except subprocess.TimeoutExpired:
        return True
    finally:
        path.write_text(source)


def main() -> int:
    """Try all of them, and return how the process is to end."""
    unnoticed = 0
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for name in ("src", "tests", "pyproject.toml"):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, folder / name)
        for file, right, wrong in MUTANTS[int(sys.argv[1]) if len(sys.argv) > 1 else 0 :]:
            noticed = is_noticed(folder, file, right, wrong)
            unnoticed += not noticed
            print(f"{'noticed' if noticed else 'NOT NOTICED'}: {file}: {wrong.strip()}", flush=True)
    return int(unnoticed > 0)


if __name__ == "__main__":
    sys.exit(main())
