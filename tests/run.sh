#!/usr/bin/env bash
# Runs the checks and all tests of the workspace, and sums them up in its very last line:
#
#   N passed, N failed, N skipped
#
# Formatting and lints count as one test each, and so does a test executable that did not come to its end.
# Arguments go to `cargo test` (default: --workspace). The exit status is 0 if nothing failed.
set -uo pipefail
cd "$(dirname "$0")/.."

passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# A step that either works or doesn't.
step() {
  echo "== $*"
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: $*"; fi
}

step cargo fmt --all --check
step cargo clippy --workspace --all-targets --quiet -- -D warnings
# The worker that the tests start; cargo test builds it only for tests of its own package.
step cargo build --package longshore

if [ $# = 0 ]; then set -- --workspace; fi
echo "== cargo test $*"
# Two at a time: most of these start a JVM or a database.
cargo test --no-fail-fast "$@" -- --test-threads="${LONGSHORE_TEST_THREADS:-2}" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}

# test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
read -r more_passed more_failed more_skipped < <(
  awk '/^test result: / { p += $4; f += $6; s += $8 } END { print p + 0, f + 0, s + 0 }' "$log"
)
passed=$((passed + more_passed)) failed=$((failed + more_failed)) skipped=$((skipped + more_skipped))
# An executable that was killed or did not compile prints no result; cargo still knows.
if [ "$status" != 0 ] && [ "$more_failed" = 0 ]; then failed=$((failed + 1)); fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
