"""Indexes for what is asked of the audit log and of snapshots: an issue's changes, a person's, and what is too old."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this version."""
    op.create_index("ix_audit_person_id", "audit", ["person_id"])
    op.create_index("ix_audit_target_kind_target_id", "audit", ["target_kind", "target_id"])
    op.create_index("ix_issue_cache_taken_at", "issue_cache", ["taken_at"])


def downgrade() -> None:
    """Go back to the one before."""
    op.drop_index("ix_issue_cache_taken_at", "issue_cache")
    op.drop_index("ix_audit_target_kind_target_id", "audit")
    op.drop_index("ix_audit_person_id", "audit")
