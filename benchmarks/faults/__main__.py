"""`make faults`, or `python -m benchmarks.faults [ENGINE ...]`; 0 where nobody was lost and nobody mailed twice."""

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from . import report
from .engines import ENGINES, a_site
from .rounds import FIRES, Outcome, under_fire

_SEED = 2026


def main() -> int:
    """Put the engines under fire, print, write."""
    options = _options()
    engines = options.engines or list(ENGINES)
    tried = {ENGINES[name].name for name in engines}
    outcomes = {(earlier.engine, earlier.fire): earlier for earlier in report.read() if earlier.engine not in tried}
    for name in engines:
        for outcome in _of_engine(name, options.families, options.deliveries):
            outcomes[outcome.engine, outcome.fire] = outcome
            report.write(list(outcomes.values()))
            _tell(outcome)
    report.show(list(outcomes.values()))
    return int(not all(outcome.holds for outcome in outcomes.values()))


def _of_engine(name: str, families: int, deliveries: int) -> Iterator[Outcome]:
    chance = random.Random(_SEED)  # noqa: S311 - instants, not secrets
    with (
        tempfile.TemporaryDirectory(prefix="newsletter-faults-") as folder,
        a_site(ENGINES[name], Path(folder), families) as site,
    ):
        for fire in FIRES:
            yield from under_fire(ENGINES[name].name, site, fire, families, deliveries, chance)


def _tell(outcome: Outcome) -> None:
    print(
        f"{outcome.engine}, {outcome.fire}: {outcome.strikes} times in {outcome.deliveries:,} deliveries, "
        f"{outcome.seconds:.0f} s; missing {outcome.missing}, twice {outcome.duplicates}, unknown {outcome.unknown}",
        file=sys.stderr,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("engines", nargs="*", choices=[*ENGINES, []], metavar="ENGINE", help=f"of {', '.join(ENGINES)}")
    parser.add_argument("--families", type=int, default=20_000, help="in each campaign (20,000)")
    parser.add_argument("--deliveries", type=int, default=200_000, help="on each engine, at least (200,000)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
