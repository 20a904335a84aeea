"""What one Dexter address does with several calls to Sentry."""
