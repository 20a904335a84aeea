"""Rows of the sandbox as the JSON that Sentry gives for them."""
