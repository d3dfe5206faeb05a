"""`python -m benchmarks.broken_mail [COUNT]`: reads messages broken at random; 0 where none raised and none was slow.

They are made of the samples of the tests and, where it is here, of the corpus of real bounces.
"""

import sys
from pathlib import Path
from time import perf_counter

from newsletter.feedback.parsing import parse
from tests.support.broken_mails import broken

_ROOT = Path(__file__).parents[1]
_FOLDERS = (_ROOT / "tests" / "support" / "returned_mails", _ROOT.parent / "shared" / "corpora" / "bounces")
_SEED = 55
_COUNT = 100_000
_LONGEST_SECONDS = 2.0


def main() -> int:
    """Read them all, say how many and how fast."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else _COUNT
    originals = [file.read_bytes() for folder in _FOLDERS for file in sorted(folder.glob("*.eml"))]
    slowest, started = 0.0, perf_counter()
    for raw in broken(originals, _SEED, count):
        before = perf_counter()
        parse(raw)
        slowest = max(slowest, perf_counter() - before)
    taken = perf_counter() - started
    print(f"{count:,} broken messages read in {taken:.0f} s. None raised; the slowest took {slowest:.2f} s.")
    before = perf_counter()
    for raw in originals:
        parse(raw)
    print(f"{len(originals) / (perf_counter() - before):,.0f} whole messages a second.")
    return int(slowest > _LONGEST_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
