#!/usr/bin/env bash
# A Chromium for the browser tests: one that is there, Debian's, or Playwright's own, in that order.
set -euo pipefail
cd "$(dirname "$0")/.."

if command -v chromium >/dev/null || [ -d "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}" ]; then
  exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing Chromium for the browser tests …"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
else
  .venv/bin/playwright install --only-shell chromium
fi
