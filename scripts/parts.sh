# Runs named parts one after the other, each timed; sourced by scripts/test and scripts/soak.

# run_parts PART... -- [WANTED...]: calls part_PART for each part; with WANTED, only for those.
run_parts() {
  local parts=() durations=() part begin status
  while [ "$1" != -- ]; do parts+=("$1"); shift; done
  shift
  if [ $# -gt 0 ]; then parts=("$@"); fi
  for part in "${parts[@]}"; do
    begin=$SECONDS
    echo "=== $part"
    # Not under `if` or `||`: these would switch `set -e` off inside the part.
    set +e
    (set -e; "part_$part")
    status=$?
    set -e
    durations+=("$(printf '%5d s  %s' $((SECONDS - begin)) "$part")")
    if [ $status -ne 0 ]; then
      echo "FAILED in part '$part' (exit $status); run it alone with: $0 $part"
      exit 1
    fi
  done
  printf '%s\n' "=== all passed" "${durations[@]}" "$(printf '%5d s  in all' $SECONDS)"
}

# Every hundredth line of ninja's progress, and all that is no progress.
show_progress() { awk '!/^\[[0-9]+\/[0-9]+\]/ || ++n % 100 == 0 { print; fflush() }'; }

with_sanitizers() {
  ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=0:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1 "$@"
}
