"""
Compare what the five operations of the benchmark cost with what they cost at another revision, before a release.

    make bench-since SINCE=v1.0.0

Both are served by this environment's packages, each on a large demo book of its own, and asked the same. Where valgrind
is installed, instructions are counted: the same count comes twice, whatever else the machine does. Without it CPU time
is measured, in turns, and the least of the rounds is compared. More than a tenth more is a regression, and the command
fails. What an older revision can't be asked yet is left out, and said.
"""

import argparse
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.peers.asking import OPERATIONS
from benchmarks.served import Served

AT_MOST = 1.10
_ROUNDS = 9


def main(revision: str) -> int:
    """Print the table; return 1 if something costs more than it may."""
    counting = shutil.which("valgrind") is not None
    with TemporaryDirectory(prefix="gappt-since-") as folder, ExitStack() as stack:
        before = Path(folder) / "before"
        _git("worktree", "add", "--quiet", "--detach", str(before), revision)
        stack.callback(_git, "worktree", "remove", "--force", str(before))
        served = [
            stack.enter_context(Served(source / "src", Path(folder) / name, counting=counting))
            for name, source in (("then", before), ("now", Path(__file__).parent.parent))
        ]
        print(f"{'instructions' if counting else 'CPU us'} a request    {revision[:12]:>12}          now   ratio")
        return max(_compared(operation, *served, counting=counting) for operation in OPERATIONS)


def _compared(operation: str, then: Served, now: Served, *, counting: bool) -> int:
    for one in (then, now):
        if problem := one.warm(operation):
            print(f"{operation:20} can't be asked: {problem}")
            return int(one is now)
    if counting:
        costs = [one.instructions(operation) for one in (then, now)]
    else:
        rounds = [[one.microseconds(operation) for one in (then, now)] for _ in range(_ROUNDS)]
        costs = [min(each) for each in zip(*rounds, strict=True)]
    told, worse = judged(*costs)
    print(f"{operation:20} {told}")
    return int(worse)


def judged(then: float, now: float) -> tuple[str, bool]:
    """Return the columns of a comparison, and whether it is a regression."""
    worse = now / then > AT_MOST
    return f"{then:12,.0f} {now:12,.0f}  {now / then:5.2f}{'  more than a tenth more' if worse else ''}", worse


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision", help="what is compared with: a tag or a commit")
    sys.exit(main(parser.parse_args().revision))
