"""What Alembic runs around migrations: the connection, and the transaction on it, are the caller's."""

from alembic import context

from dexter.database.tables import metadata
from dexter.database.upgrade import VERSION_TABLE

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    # SQLite changes a table by building it anew.
    render_as_batch=connection.dialect.name == "sqlite",
    # True of SQLite too, since its driver does not commit by itself here.
    transactional_ddl=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
