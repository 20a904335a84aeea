"""The versions of the schema, oldest first: known here so that a start compares them without Alembic."""

VERSIONS = ("0001", "0002", "0003", "0004")
HEAD = VERSIONS[-1]
