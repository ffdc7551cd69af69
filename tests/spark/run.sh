#!/usr/bin/env bash
# Tests spark/: the job on a real standalone cluster of this machine (a master, two workers) with a worker and a driver that are lost, held
# against one machine's store; every query of queries/ on the built-in engine and on Spark; the DDL for Athena and Trino.
# Needs Java 17 or newer; on Debian: apt-get install openjdk-17-jre-headless.
set -euo pipefail
cd "$(dirname "$0")/../.."
java_major() { java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p'; }
if ! command -v java >/dev/null || [ "$(java_major)" -lt 17 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get -qq update
    DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends openjdk-17-jre-headless >/dev/null
  else
    echo "Spark cannot be tested here: it needs Java 17 or newer; on Debian: apt-get install openjdk-17-jre-headless" >&2
    exit 1
  fi
fi
pinned=tests/spark/requirements.txt pinned_in=spark-test
. tests/python-env.sh
cargo build --locked --quiet
# What the built-in engine answers to every query, with the tables that it was asked about.
rm -rf "$home/queries"
TRAILTRIM_QUERIES_TO="$home/queries" cargo test --locked --quiet --lib run::portable_test:: >/dev/null
"$python" tests/spark/check.py "$target/debug/trailtrim" "$home/queries" &
check=$!
# Whoever ends this ends what it started.
trap 'kill "$check" 2>/dev/null || true; wait "$check" || true' EXIT
wait "$check"
