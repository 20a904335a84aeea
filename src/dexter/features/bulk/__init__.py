"""Bulk jobs: many issues changed at once, each one's fate told, and taken back where that is possible."""
