"""Every table of docs/performance.md, with the settings of the page: `make bench`.

    python -m bench.page [--only NAME,NAME] [--small]

Prints a section a benchmark to stdout, in Markdown; what happens meanwhile goes to stderr. `--small` runs all of them
in a quarter of an hour, to see that they work. Exit code 1 when one of them failed or missed what it must show.
"""

import argparse
import subprocess
import sys
from dataclasses import dataclass

from bench.process import ROOT
from bench.report import conditions


@dataclass(frozen=True, slots=True)
class Section:
    """One benchmark: its module and arguments, for the page and for a look."""

    name: str
    arguments: str
    small: str

    def command(self, small: bool) -> str:
        """What a reader may type."""
        return f"python -m bench.{self.name} {self.small if small else self.arguments}"


SECTIONS = (
    Section("throughput", "--orders 2000000 --runs 5 --seconds-max 60", "--orders 300000 --runs 1 --seconds-max 15"),
    Section("latency", "--seconds 30 --runs 5", "--rates 2000,10000 --seconds 5"),
    Section("finality", "--orders 2000000 --runs 5", "--orders 200000 --runs 1 --seconds 5"),
    Section("hot", "--orders 2000000 --runs 5", "--orders 200000 --runs 1"),
    Section("limits", "--orders 2000000 --runs 5", "--orders 200000 --runs 1"),
    Section("known", "--orders 2000000 --runs 5", "--orders 200000 --runs 1"),
    Section("scale", "--orders 2000000 --runs 5", "--orders 200000 --runs 1"),
    Section("memory", "--orders 10000000", "--orders 1000000 --known 50000"),
    Section("history", "", ""),
    Section("event_loop", "--orders 2000000 --runs 5", "--orders 200000 --runs 1"),
    Section("engine", "--rounds 300", "--rounds 30"),
    Section("values", "--rounds 20", "--rounds 5"),
    Section("limit_change", "--orders 1000000 --changes 10", "--orders 200000 --changes 3"),
    Section("replay", "--orders 1000000 --runs 5", "--orders 200000 --runs 1"),
    Section("replay", "--memory 100000,1000000,5000000 --portfolios 10", "--memory 100000,200000 --portfolios 10"),
)


def run(section: Section, small: bool) -> bool:
    """Print its section; whether it showed what it must."""
    command = section.command(small).strip()
    print(f"\n## {section.name}\n\n    {command}\n", flush=True)
    print(command, file=sys.stderr, flush=True)
    _, *arguments = command.split()
    return subprocess.run((sys.executable, *arguments), cwd=ROOT).returncode == 0


def main() -> int:
    """All sections, or those that were named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(section.name for section in SECTIONS))
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    wanted = options.only.split(",")
    print(" ".join(f"{name} {value}" for name, value in conditions().items()))
    missed = [section.name for section in SECTIONS if section.name in wanted and not run(section, options.small)]
    if missed:
        print(f"failed, or missed what they must show: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
