"""`python -m dexter.demo --sandbox http://127.0.0.1:9000` sends the demo's traffic until stopped."""

import argparse
import contextlib
import logging

from dexter.demo.traffic import TrafficOptions, run


def main() -> None:
    """Read the options and run."""
    defaults = TrafficOptions()
    parser = argparse.ArgumentParser(prog="python -m dexter.demo", description=__doc__)
    parser.add_argument("--sandbox", default=defaults.sandbox_url, help="address of the sandbox")
    parser.add_argument("--pause", type=float, default=defaults.pause_s, help="mean seconds between visits")
    parser.add_argument("--seed", type=int, default=None, help="makes the visits repeatable")
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="demo: %(message)s")
    # The shop's own log goes to Sentry, through the SDK; it would only clutter the terminal.
    logging.getLogger("shop").propagate = False
    with contextlib.suppress(KeyboardInterrupt):
        run(TrafficOptions(sandbox_url=given.sandbox, pause_s=given.pause, seed=given.seed))


if __name__ == "__main__":
    main()
