"""What happens in Sentry, as one resumable feed: from webhooks, readings and own writes to those who listen."""
