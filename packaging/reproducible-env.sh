# Settings under which a build gives the same bytes in any folder. To be sourced from the repository's root.
# Paths of sources and crates are told by fixed names, debug information and the linker's build id are left out.
home="${CARGO_HOME:-$HOME/.cargo}"
export RUSTFLAGS="--remap-path-prefix=$PWD=/trailtrim --remap-path-prefix=$home=/cargo -C link-arg=-Wl,--build-id=none"
# What the C compiler writes of its own folder.
export CFLAGS="-ffile-prefix-map=$PWD=/trailtrim -ffile-prefix-map=$home=/cargo -g0"
export CXXFLAGS="$CFLAGS"
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-0}"
export CARGO_INCREMENTAL=0
