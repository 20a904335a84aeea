"""Issue search: Sentry's query language, the time a search looks back on, and their way into SQL."""
