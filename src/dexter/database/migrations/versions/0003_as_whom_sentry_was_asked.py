"""The audit log's column for the account that Sentry was asked with gets a name that says so."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    op.execute("ALTER TABLE audit RENAME COLUMN on_behalf_of TO sentry_account")


def downgrade() -> None:
    """Go back to the one before."""
    op.execute("ALTER TABLE audit RENAME COLUMN sentry_account TO on_behalf_of")
