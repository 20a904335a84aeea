"""Dexter's own database: its tables, their migrations, and what is read and written by subject."""
