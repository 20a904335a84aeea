"""`python -m bench [NAME ...]` runs the named measurements, or all of them."""

import sys
from importlib import import_module

MEASUREMENTS = ("crowd",)


def main() -> None:
    """Run what was asked for."""
    for name in sys.argv[1:] or MEASUREMENTS:
        if name not in MEASUREMENTS:
            sys.exit(f"There is no measurement {name!r}; there are: {', '.join(MEASUREMENTS)}")
        print(f"\n== {name}", flush=True)
        import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
