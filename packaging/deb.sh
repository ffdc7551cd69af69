#!/usr/bin/env bash
# Builds the Debian package and looks at it: packaging/deb.sh [FOLDER], by default target/debian. Needs cargo-deb 3.8
# (`cargo install cargo-deb --version 3.8.0 --locked`). With PROGRAM=FILE that program is packaged instead of a new release build.
set -euo pipefail
cd "$(dirname "$0")/.."
target="${CARGO_TARGET_DIR:-$PWD/target}"
out="${1:-$target/debian}"
mkdir -p "$out"
if [ -n "${PROGRAM:-}" ]; then
  mkdir -p "$target/release"
  [ "$PROGRAM" -ef "$target/release/trailtrim" ] || install -m 755 "$PROGRAM" "$target/release/trailtrim"
else
  # shellcheck source=packaging/reproducible-env.sh
  (. packaging/reproducible-env.sh && cargo build --release --locked --bin trailtrim)
fi
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}"
cargo deb --no-build --locked --output "$out/"
package="$(ls -t "$out"/trailtrim_*.deb | head -1)"
# Unpacked, it runs and tells its version; every file is where Debian looks for it.
unpacked="$(mktemp -d)"
trap 'rm -rf "$unpacked"' EXIT
dpkg-deb -x "$package" "$unpacked"
"$unpacked/usr/bin/trailtrim" --version
for file in usr/share/man/man1/trailtrim.1.gz usr/share/man/man1/trailtrim-run.1.gz usr/share/bash-completion/completions/trailtrim \
  usr/share/zsh/vendor-completions/_trailtrim usr/share/fish/vendor_completions.d/trailtrim.fish etc/trailtrim/trailtrim.env \
  usr/share/doc/trailtrim/copyright usr/share/doc/trailtrim/changelog.Debian.gz; do
  [ -f "$unpacked/$file" ] || { echo "the package lacks $file" >&2; exit 1; }
done
for unit in trailtrim.service trailtrim.timer; do
  find "$unpacked" -name "$unit" -path '*/systemd/system/*' | grep -q . || { echo "the package lacks $unit" >&2; exit 1; }
done
echo "$package"
