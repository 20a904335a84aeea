"""`python -m bench [--json FILE] [NAME ...]` runs the named measurements, or those that compare with a goal."""

import argparse
import json
import os
import platform
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path

COMPARED = ("hit", "latency", "miss", "crowd", "start")
"""What is held against goals or other servers; the rest is asked for by name."""
MEASUREMENTS = (*COMPARED, "quota", "observed", "admission", "triage", "bulk", "live", "sockets")


def main() -> None:
    """Run what was asked for, and write what it gave."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(MEASUREMENTS)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(MEASUREMENTS):
        sys.exit(f"There is no measurement {min(unknown)!r}; there are: {', '.join(MEASUREMENTS)}")
    found: dict[str, object] = {"machine": {"cores": os.cpu_count(), "python": platform.python_version()}}
    failed = []
    for name in asked.names or COMPARED:
        began = time.monotonic()
        print(f"\n== {name}", flush=True)
        try:
            found[name] = import_module(f"bench.{name}").main()
        except Exception:
            # One that cannot be taken must not lose the others.
            failed.append(name)
            traceback.print_exc()
        print(f"({time.monotonic() - began:.0f} s)", flush=True)
    if asked.json is not None:
        asked.json.write_text(json.dumps(found, indent=2) + "\n")
    if failed:
        sys.exit(f"Not measured: {', '.join(failed)}")


if __name__ == "__main__":
    main()
