"""The way to Sentry: stages that each ask one pure policy, and the transport at their end."""
