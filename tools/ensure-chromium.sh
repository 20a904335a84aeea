#!/bin/sh
# Finds a Chromium for the browser tests, or installs Debian's.
set -eu
if [ -n "${CHROMIUM:-}" ]; then
  [ -x "$CHROMIUM" ] || { echo "CHROMIUM=$CHROMIUM is not an executable file." >&2; exit 1; }
  exit 0
fi
for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "==> Installing the Debian package chromium for the browser tests"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
  command -v chromium >/dev/null
  exit 0
fi
echo "The browser tests need Chromium. Install the package chromium (Debian: sudo apt-get install chromium)," >&2
echo "or set CHROMIUM to the path of a Chromium or Chrome." >&2
exit 1
