#!/bin/sh
# Finds PostgreSQL for the live tests, or installs Debian's; the tests start a cluster of their own, in a temporary folder.
set -eu
if [ -n "${DEXTER_TEST_POSTGRES_BIN:-}" ]; then
  [ -x "$DEXTER_TEST_POSTGRES_BIN/initdb" ] || { echo "DEXTER_TEST_POSTGRES_BIN=$DEXTER_TEST_POSTGRES_BIN holds no initdb." >&2; exit 1; }
  exit 0
fi
found() { command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }
if found; then exit 0; fi
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "==> Installing the Debian package postgresql for the live tests"
  apt-get update -qq
  # RUNLEVEL=1 keeps the package from starting a server of its own.
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends postgresql >/dev/null
  found
  exit 0
fi
echo "The live tests need PostgreSQL 13 or newer. Install the package postgresql (Debian: sudo apt-get install postgresql)," >&2
echo "or set DEXTER_TEST_POSTGRES_BIN to the folder that holds its initdb and postgres." >&2
exit 1
