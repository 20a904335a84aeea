"""A Sentry in a box: a stateful local server that speaks enough of Sentry's API to try Dexter, SDKs and clients on."""
