-- What version 2 of the memory added to schema.sql: a file of version 1 is brought up by this alone.

-- A discarded issue: events of its hashes are thrown away as they come.
CREATE TABLE tombstones (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL, user_id INTEGER, previous_issue_id INTEGER NOT NULL,
  title TEXT NOT NULL, culprit TEXT, type TEXT NOT NULL, level TEXT NOT NULL, metadata_json TEXT NOT NULL,
  date_added REAL NOT NULL, last_seen REAL, times_seen INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE tombstone_hashes (
  project_id INTEGER NOT NULL, hash TEXT NOT NULL, tombstone_id INTEGER NOT NULL, PRIMARY KEY (project_id, hash)
) WITHOUT ROWID;
-- The files that a commit touched: what makes its author a suspect.
CREATE TABLE commit_files (
  commit_id INTEGER NOT NULL, filename TEXT NOT NULL, kind TEXT NOT NULL DEFAULT 'M', PRIMARY KEY (commit_id, filename)
) WITHOUT ROWID;
CREATE INDEX commits_by_release ON commits (release_id);
-- An app of the integration platform that is installed in an organization, and the issues it keeps elsewhere.
CREATE TABLE app_installations (
  id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, uuid TEXT NOT NULL UNIQUE, app_slug TEXT NOT NULL,
  app_uuid TEXT NOT NULL, date_created REAL NOT NULL
);
CREATE TABLE external_issues (
  id INTEGER PRIMARY KEY, issue_id INTEGER NOT NULL, installation_id INTEGER NOT NULL, display_name TEXT NOT NULL,
  web_url TEXT NOT NULL, date_created REAL NOT NULL, UNIQUE (issue_id, installation_id)
);
-- What Sentry has accepted and does a moment later, such as moving a merged issue's events.
CREATE TABLE pending_work (
  id INTEGER PRIMARY KEY, due_at REAL NOT NULL, kind TEXT NOT NULL, payload_json TEXT NOT NULL
);
CREATE INDEX pending_work_due ON pending_work (due_at);
-- Views of the issue stream that people keep, Sentry's newer saved searches.
CREATE TABLE search_views (
  id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, user_id INTEGER NOT NULL, name TEXT NOT NULL,
  query TEXT NOT NULL, query_sort TEXT NOT NULL, projects_json TEXT NOT NULL, environments_json TEXT NOT NULL,
  time_filters_json TEXT NOT NULL, date_created REAL NOT NULL, date_updated REAL NOT NULL
);
