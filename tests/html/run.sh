#!/usr/bin/env bash
# Tests the page in a real browser (Chromium, headless): with and without scripts, light and dark, on paper, axe-core, ten thousand
# roles, hostile texts. Needs Node 20 or newer and Chromium; on Debian: apt-get install nodejs npm chromium.
set -euo pipefail
cd "$(dirname "$0")/../.."
target="${CARGO_TARGET_DIR:-$PWD/target}"
home="$target/html-test"
browser="${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}"
if [ -z "$browser" ] || ! command -v npm >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium nodejs npm >/dev/null
    browser="$(command -v chromium)"
  else
    echo "the page cannot be tested here; on Debian: apt-get install chromium nodejs npm" >&2
    exit 1
  fi
fi
mkdir -p "$home/pictures" "$home/made-up"
if ! cmp -s tests/html/package-lock.json "$home/installed.json"; then
  rm -f "$home/installed.json"
  cp tests/html/package.json tests/html/package-lock.json "$home/"
  (cd "$home" && npm ci --no-audit --no-fund --silent)
  cp tests/html/package-lock.json "$home/installed.json"
fi
cargo build --locked --quiet
# The sample, two nights of it, so that something is open and something is told from before.
rm -rf "$home/sample" "$home/made-up"
mkdir -p "$home/sample" "$home/made-up"
sample=testdata/organisation
for night in 2026-10-31T00:00:00Z 2026-11-01T00:00:00Z; do
  "$target/debug/trailtrim" run --quiet --logs "$sample/logs" --grants "$sample/grants" --config "$sample/trailtrim.toml" \
    --now "$night" --state "$home/sample/state" --out "$home/sample/out" >/dev/null
done
# Ten thousand roles and hostile texts, as the Rust test makes them.
TRAILTRIM_MADE_UP_PAGE="$home/made-up" cargo test --locked --quiet --lib report::html::made_up_test::ten_thousand_roles_fit >/dev/null
exec node tests/html/check.mjs "$home" "$browser"
