#!/usr/bin/env bash
# Builds the program twice, from two copies of the sources in two folders with a target folder each, and compares the bytes:
#   packaging/reproducible.sh [FOLDER]      by default target/reproducible; both builds are cold, some 15 CPU-minutes each
# With `--shared FOLDER` the second build takes the dependencies that the first one built, so only our own crate is built twice.
# Exit code 1 if the programs differ. The SHA-256 is the last line.
set -euo pipefail
cd "$(dirname "$0")/.."
shared=
if [ "${1-}" = --shared ]; then
  shared=yes
  shift
fi
work="${1:-$PWD/target/reproducible}"
mkdir -p "$work"
work="$(cd "$work" && pwd)"
build() {
  local folder="$work/$1" target="$2"
  rm -rf "$folder"
  mkdir -p "$folder"
  # What is committed or stands to be, without what is ignored.
  git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- -cf - | tar -xf - -C "$folder"
  (
    cd "$folder"
    # shellcheck source=packaging/reproducible-env.sh
    . packaging/reproducible-env.sh
    if [ -n "$shared" ]; then
      # The same flags for both, or the dependencies would be built again; both folders are told by the same name all the same.
      RUSTFLAGS="--remap-path-prefix=$work/first=/trailtrim --remap-path-prefix=$work/second/deeper=/trailtrim --remap-path-prefix=$home=/cargo -C link-arg=-Wl,--build-id=none"
      CFLAGS="-ffile-prefix-map=$home=/cargo -g0" CXXFLAGS="$CFLAGS"
    fi
    export CARGO_TARGET_DIR="$target"
    cargo build --release --locked --bin trailtrim
  )
  cp "$target/release/trailtrim" "$work/$(basename "$1").trailtrim"
}
if [ -n "$shared" ]; then
  build first "$work/target"
  build second/deeper "$work/target"
else
  build first "$work/first-target"
  build second/deeper "$work/second/another-target"
fi
sha256sum "$work/first.trailtrim" "$work/deeper.trailtrim"
cmp "$work/first.trailtrim" "$work/deeper.trailtrim"
# No path of this machine is left in it.
if grep -qaF -e "$work" -e "${CARGO_HOME:-$HOME/.cargo}" "$work/first.trailtrim"; then
  echo "the program names folders of the machine that built it" >&2
  exit 1
fi
sha256sum <"$work/first.trailtrim" | cut -d' ' -f1
