"""`python -m bench [--json FILE] [NAME ...]` runs the named measurements, or all of them."""

import argparse
import json
import os
import platform
import sys
from importlib import import_module
from pathlib import Path

MEASUREMENTS = ("hit", "latency", "miss", "crowd", "quota", "start", "observed", "admission", "triage", "bulk")


def main() -> None:
    """Run what was asked for, and write what it gave."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(MEASUREMENTS)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(MEASUREMENTS):
        sys.exit(f"There is no measurement {min(unknown)!r}; there are: {', '.join(MEASUREMENTS)}")
    found: dict[str, object] = {"machine": {"cores": os.cpu_count(), "python": platform.python_version()}}
    for name in asked.names or MEASUREMENTS:
        print(f"\n== {name}", flush=True)
        found[name] = import_module(f"bench.{name}").main()
    if asked.json is not None:
        asked.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
