"""A small instrumented shop and recorded browser envelopes that keep a sandbox lively."""
