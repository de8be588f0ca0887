#!/bin/sh
# payload.sh FOLDER   copies what barrier.sh needs into FOLDER: programs, their libraries, a configuration.
set -e
root=$(cd "$(dirname "$0")/../../.." && pwd)
bin=${BIN:-$root/.build/release}
[ $# = 1 ] || { echo "usage: payload.sh FOLDER (BIN=... names another folder of programs)" >&2; exit 2; }
mkdir -p "$1/lib"
cp -r "$root/hardware/vm/barrier/config" "$root/hardware/vm/barrier/barrier.sh" "$1"
for program in gatehoused gatectl; do
    strip -o "$1/$program" "$bin/$program"
    # Everything but the C library, which belongs to the machine.
    ldd "$bin/$program" | awk '$3 ~ /^\// { print $3 }' \
        | grep -vE '/(libc|libm|libdl|libpthread|librt|ld-linux[^/]*)\.so' | xargs -I{} cp -L {} "$1/lib"
done
chmod 755 "$1/barrier.sh" && du -sh "$1"
