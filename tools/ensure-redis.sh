#!/bin/sh
# Finds a redis-server for the live tests, or installs Debian's; the tests start it themselves, on a port of their own.
set -eu
if [ -n "${DEXTER_TEST_REDIS_SERVER:-}" ]; then
  [ -x "$DEXTER_TEST_REDIS_SERVER" ] || { echo "DEXTER_TEST_REDIS_SERVER=$DEXTER_TEST_REDIS_SERVER is not an executable file." >&2; exit 1; }
  exit 0
fi
if command -v redis-server >/dev/null 2>&1; then exit 0; fi
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "==> Installing the Debian package redis-server for the live tests"
  apt-get update -qq
  # RUNLEVEL=1 keeps the package from starting a server of its own.
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends redis-server >/dev/null
  command -v redis-server >/dev/null
  exit 0
fi
echo "The live tests need Redis. Install the package redis-server (Debian: sudo apt-get install redis-server)," >&2
echo "or set DEXTER_TEST_REDIS_SERVER to the path of a redis-server or valkey-server." >&2
exit 1
