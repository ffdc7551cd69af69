# Builds the generator and, where `peers` is set, installs the peers, all below `work`. To be sourced by run.sh and kill.sh.
work=${TRAILTRIM_BENCH_DIR:-$root/target/bench/ingest}
mkdir -p "$work"
crate=${CARGO_TARGET_DIR:-$work/crate}
CARGO_TARGET_DIR=$crate cargo build --quiet --release --locked --manifest-path "$here/generate/Cargo.toml"
crate=$crate/release
if [ -n "${peers-}" ] && ! cmp -s "$here/packages.txt" "$work/packages.txt"; then
    rm -rf "$work/venv"
    if ! python3 -m venv "$work/venv" > "$work/venv.log" 2>&1; then
        # A bare Debian splits venv's pip off: `apt-get install python3-venv`, or any pip that is there.
        rm -rf "$work/venv"
        python3 -m venv --without-pip "$work/venv"
        python3 -m pip --python "$work/venv/bin/python" install -q --disable-pip-version-check -r "$here/packages.txt"
    else
        "$work/venv/bin/python" -m pip install -q --disable-pip-version-check -r "$here/packages.txt"
    fi
    cp "$here/packages.txt" "$work/packages.txt"
fi
