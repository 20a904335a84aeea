"""Dexter, the Sentry companion: a gateway in front of the whole Sentry API, and a workbench for triage.

The rooms, lowest floor first; a room imports only lower floors and itself (`tests/test_floors.py` holds it):

    wire, errors      values that cross rooms; the error tree
    policy            pure decisions: no I/O, no clock, no environment
    catalog           what exists: Sentry's operations and Dexter's own addresses
    stores, observe   where answers are kept; who watches
    upstream          the way to Sentry, stage by stage
    features          what needs many calls
    gateway           HTTP in and out
    app, cli, settings, supervise   build everything; only `settings` reads the environment
    sandbox           a stateful local Sentry; stands aside and imports wire, errors and catalog only
    demo              a small instrumented shop that keeps a sandbox lively
"""

__version__ = "0.1.0"
