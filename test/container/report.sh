# How test/container/run reports: one line for each check, a loud one for a skip.
passes=0
failures=0

ok() {
  passes=$((passes + 1))
  printf 'ok      %s\n' "$1"
}

failed() {
  failures=$((failures + 1))
  printf 'FAILED  %s\n' "$1"
  [ -z "${2:-}" ] || printf '%s\n' "$2" | sed 's/^/        | /'
}

# Without this the rest makes no sense.
stop_at() {
  failed "$@"
  finish
}

skip() {
  printf 'SKIPPED the container was not tested: %s\n' "$1"
  exit 0
}

# is TITLE WANTED GOT
is() {
  if [ "$2" = "$3" ]; then ok "$1"; else failed "$1" "wanted: $2"$'\n'"got: $3"; fi
}

# succeeds TITLE COMMAND…: what it prints is shown when it does not
succeeds() {
  local title=$1 output
  shift
  if output=$("$@" 2>&1); then ok "$title"; else failed "$title" "$output"; fi
}

# within SECONDS COMMAND…: tries until the command succeeds
within() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}

now() { date +%s.%N; }
seconds_since() { awk -v from="$1" -v to="$(now)" 'BEGIN { printf "%.1f", to - from }'; }
is_below() { awk "BEGIN { exit !($1 < $2) }"; }

finish() {
  printf '%s passed, %s failed\n' "$passes" "$failures"
  [ "$failures" = 0 ] && exit 0
  exit 1
}
