"""What Dexter itself remembers: people, jobs, notes, the audit log. SQLAlchemy over SQLite or PostgreSQL."""
