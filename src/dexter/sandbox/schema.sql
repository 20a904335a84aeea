-- What the sandbox remembers, version 1; schema_2.sql adds to it, and so on. Never change a version that was released.
-- Times are epoch seconds (REAL); *_json columns hold JSON text.
-- Ids that Sentry shows as decimal strings are INTEGER here and become strings when serialized.

CREATE TABLE organizations (
  id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, name TEXT NOT NULL, date_created REAL NOT NULL,
  settings_json TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE users (
  id INTEGER PRIMARY KEY, username TEXT NOT NULL UNIQUE, email TEXT NOT NULL, name TEXT NOT NULL,
  is_active INTEGER NOT NULL DEFAULT 1, date_joined REAL NOT NULL
);
CREATE TABLE members (
  id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, user_id INTEGER, email TEXT NOT NULL,
  role TEXT NOT NULL DEFAULT 'member', pending INTEGER NOT NULL DEFAULT 0, date_created REAL NOT NULL,
  UNIQUE (organization_id, email)
);
CREATE TABLE teams (
  id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, slug TEXT NOT NULL, name TEXT NOT NULL,
  date_created REAL NOT NULL, UNIQUE (organization_id, slug)
);
CREATE TABLE team_members (team_id INTEGER NOT NULL, member_id INTEGER NOT NULL, role TEXT,
  PRIMARY KEY (team_id, member_id));
CREATE TABLE projects (
  id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, slug TEXT NOT NULL, name TEXT NOT NULL,
  platform TEXT, date_created REAL NOT NULL, first_event REAL,
  short_counter INTEGER NOT NULL DEFAULT 0, settings_json TEXT NOT NULL DEFAULT '{}',
  UNIQUE (organization_id, slug)
);
CREATE TABLE project_slugs_moved (organization_id INTEGER NOT NULL, old_slug TEXT NOT NULL, project_id INTEGER NOT NULL,
  PRIMARY KEY (organization_id, old_slug));
CREATE TABLE project_teams (project_id INTEGER NOT NULL, team_id INTEGER NOT NULL, PRIMARY KEY (project_id, team_id));
CREATE TABLE project_keys (
  public_key TEXT PRIMARY KEY, secret_key TEXT NOT NULL, project_id INTEGER NOT NULL, label TEXT NOT NULL,
  is_active INTEGER NOT NULL DEFAULT 1, date_created REAL NOT NULL, settings_json TEXT NOT NULL DEFAULT '{}'
);
-- A token's text is never kept, only its SHA-256. projects_json NULL means every project.
CREATE TABLE tokens (
  id INTEGER PRIMARY KEY, token_hash TEXT NOT NULL UNIQUE, user_id INTEGER, name TEXT NOT NULL,
  scopes_json TEXT NOT NULL, projects_json TEXT, is_active INTEGER NOT NULL DEFAULT 1, date_created REAL NOT NULL
);
CREATE TABLE environments (
  id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE (organization_id, name)
);
CREATE TABLE environment_projects (
  environment_id INTEGER NOT NULL, project_id INTEGER NOT NULL, is_hidden INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (environment_id, project_id)
);
CREATE TABLE releases (
  id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, version TEXT NOT NULL, ref TEXT, url TEXT,
  status TEXT NOT NULL DEFAULT 'open', date_created REAL NOT NULL, date_released REAL,
  data_json TEXT NOT NULL DEFAULT '{}', UNIQUE (organization_id, version)
);
CREATE TABLE release_projects (
  release_id INTEGER NOT NULL, project_id INTEGER NOT NULL, new_groups INTEGER NOT NULL DEFAULT 0,
  first_event REAL, last_event REAL, PRIMARY KEY (release_id, project_id)
);
CREATE TABLE commits (
  id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, release_id INTEGER, repository TEXT, sha TEXT NOT NULL,
  message TEXT, author_name TEXT, author_email TEXT, date_created REAL NOT NULL
);
CREATE TABLE deploys (
  id INTEGER PRIMARY KEY, release_id INTEGER NOT NULL, environment TEXT NOT NULL, name TEXT, url TEXT,
  date_started REAL, date_finished REAL NOT NULL
);
CREATE TABLE release_files (
  id INTEGER PRIMARY KEY, release_id INTEGER NOT NULL, project_id INTEGER, name TEXT NOT NULL, dist TEXT,
  sha1 TEXT NOT NULL, size INTEGER NOT NULL, headers_json TEXT NOT NULL DEFAULT '{}', content BLOB, date_created REAL NOT NULL
);

-- An issue; Sentry's own word for it inside is "group".
-- idx_* is what search sees: it follows status, priority and assignment once now >= idx_ready_at, as Sentry's index does.
CREATE TABLE issues (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL, short_number INTEGER NOT NULL,
  title TEXT NOT NULL, culprit TEXT, type TEXT NOT NULL DEFAULT 'error', metadata_json TEXT NOT NULL DEFAULT '{}',
  level TEXT NOT NULL, logger TEXT, platform TEXT,
  status TEXT NOT NULL DEFAULT 'unresolved',           -- unresolved | resolved | ignored | pending_deletion | merged
  substatus TEXT,                                      -- new | ongoing | escalating | regressed | archived_until_escalating | ...
  status_details_json TEXT NOT NULL DEFAULT '{}',
  priority TEXT NOT NULL DEFAULT 'medium', priority_locked_at REAL,
  assigned_user_id INTEGER, assigned_team_id INTEGER,
  first_seen REAL NOT NULL, last_seen REAL NOT NULL, times_seen INTEGER NOT NULL DEFAULT 0, users_seen INTEGER NOT NULL DEFAULT 0,
  first_release_id INTEGER, last_release_id INTEGER,
  is_public INTEGER NOT NULL DEFAULT 0, share_id TEXT, is_unhandled INTEGER NOT NULL DEFAULT 0,
  num_comments INTEGER NOT NULL DEFAULT 0, in_review INTEGER NOT NULL DEFAULT 1,
  merged_into INTEGER, resolved_at REAL,
  idx_visible_at REAL NOT NULL DEFAULT 0, idx_ready_at REAL NOT NULL DEFAULT 0,
  idx_status TEXT NOT NULL DEFAULT 'unresolved', idx_substatus TEXT, idx_priority TEXT NOT NULL DEFAULT 'medium',
  idx_assigned_user_id INTEGER, idx_assigned_team_id INTEGER,
  UNIQUE (project_id, short_number)
);
CREATE INDEX issues_by_last_seen ON issues (last_seen DESC);
CREATE INDEX issues_by_status ON issues (idx_status, last_seen DESC);
CREATE INDEX issues_lagging ON issues (idx_ready_at) WHERE idx_ready_at > 0;
CREATE TABLE issue_hashes (
  project_id INTEGER NOT NULL, hash TEXT NOT NULL, issue_id INTEGER NOT NULL, last_event_id TEXT,
  PRIMARY KEY (project_id, hash)
);
CREATE INDEX issue_hashes_by_issue ON issue_hashes (issue_id);
-- One row an issue, environment ('' for none) and hour: the source of every stats series.
-- `hour` is the epoch second at which the hour begins, a multiple of 3600.
CREATE TABLE issue_hours (
  issue_id INTEGER NOT NULL, environment TEXT NOT NULL DEFAULT '', hour INTEGER NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (issue_id, environment, hour)
) WITHOUT ROWID;
CREATE TABLE issue_users (
  issue_id INTEGER NOT NULL, user_key TEXT NOT NULL, first_seen REAL NOT NULL, last_seen REAL NOT NULL,
  times_seen INTEGER NOT NULL DEFAULT 1, user_json TEXT NOT NULL DEFAULT '{}', PRIMARY KEY (issue_id, user_key)
) WITHOUT ROWID;
-- Counts a tag value within an issue; values seen through seeding carry no event rows of their own.
CREATE TABLE issue_tags (
  issue_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, count INTEGER NOT NULL,
  first_seen REAL NOT NULL, last_seen REAL NOT NULL, PRIMARY KEY (issue_id, key, value)
) WITHOUT ROWID;
CREATE INDEX issue_tags_by_value ON issue_tags (key, value);
CREATE TABLE issue_user_state (
  issue_id INTEGER NOT NULL, user_id INTEGER NOT NULL, seen_at REAL, is_bookmarked INTEGER NOT NULL DEFAULT 0,
  is_subscribed INTEGER, PRIMARY KEY (issue_id, user_id)
) WITHOUT ROWID;
CREATE TABLE events (
  id INTEGER PRIMARY KEY, event_id TEXT NOT NULL, project_id INTEGER NOT NULL, issue_id INTEGER NOT NULL,
  timestamp REAL NOT NULL, received REAL NOT NULL, environment TEXT, release TEXT, dist TEXT, level TEXT NOT NULL,
  platform TEXT, title TEXT NOT NULL, message TEXT NOT NULL DEFAULT '', culprit TEXT, user_key TEXT,
  data_json TEXT NOT NULL,                              -- the normalized event as ingestion left it
  UNIQUE (project_id, event_id)
);
CREATE INDEX events_by_issue ON events (issue_id, timestamp DESC, id DESC);
CREATE INDEX events_by_project ON events (project_id, timestamp DESC);
CREATE INDEX events_by_event_id ON events (event_id);
CREATE TABLE attachments (
  id INTEGER PRIMARY KEY, event_id TEXT NOT NULL, project_id INTEGER NOT NULL, name TEXT NOT NULL,
  content_type TEXT, size INTEGER NOT NULL, sha1 TEXT NOT NULL, content BLOB, date_created REAL NOT NULL
);
CREATE TABLE activities (
  id INTEGER PRIMARY KEY, issue_id INTEGER NOT NULL, user_id INTEGER, type TEXT NOT NULL,
  data_json TEXT NOT NULL DEFAULT '{}', date_created REAL NOT NULL
);
CREATE INDEX activities_by_issue ON activities (issue_id, date_created DESC);
CREATE INDEX issues_snoozed ON issues (id) WHERE substatus = 'archived_until_condition_met';
-- What ingestion took in or turned away, an hour (epoch second of its start) at a time.
CREATE TABLE outcomes (
  project_id INTEGER NOT NULL, category TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '',
  hour INTEGER NOT NULL, quantity INTEGER NOT NULL,
  PRIMARY KEY (project_id, category, outcome, reason, hour)
) WITHOUT ROWID;
-- What people said about an error they met.
CREATE TABLE user_reports (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL, event_id TEXT NOT NULL, issue_id INTEGER,
  name TEXT NOT NULL DEFAULT '', email TEXT NOT NULL DEFAULT '', comments TEXT NOT NULL DEFAULT '',
  date_created REAL NOT NULL, UNIQUE (project_id, event_id)
);
CREATE INDEX user_reports_by_issue ON user_reports (issue_id);
CREATE INDEX attachments_by_event ON attachments (project_id, event_id);
-- Searches that people keep: saved under a name, pinned, or merely asked lately.
CREATE TABLE saved_searches (
  id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, user_id INTEGER, kind INTEGER NOT NULL DEFAULT 0,
  name TEXT NOT NULL, query TEXT NOT NULL, sort TEXT, visibility TEXT NOT NULL, date_created REAL NOT NULL
);
CREATE TABLE recent_searches (
  id INTEGER PRIMARY KEY, organization_id INTEGER NOT NULL, user_id INTEGER NOT NULL, kind INTEGER NOT NULL,
  query TEXT NOT NULL, last_seen REAL NOT NULL, date_created REAL NOT NULL,
  UNIQUE (organization_id, user_id, kind, query)
);
