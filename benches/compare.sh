#!/bin/sh
# Times whole processes on the same archives: lazaret, syft, trivy, and the floor (tar into tar).
# Prints the table of benches/README.md.  Usage: compare.sh [DIRECTORY [RUNS]]
#   SYFT, TRIVY   programs to compare with; left out when not set
set -eu
cd "$(dirname "$0")/.."
directory=${1:-target/bench}
benches/images.sh "$directory" >/dev/null
exec python3 benches/compare.py "$directory" "${2:-3}"
