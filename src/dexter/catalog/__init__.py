"""What exists: Sentry's operations, the addresses Dexter gives them, and what may be kept of their answers."""
