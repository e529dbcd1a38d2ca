# Runs named parts one after the other, each timed; sourced by scripts/test and scripts/soak.

# children_cpu FILE: the whole seconds of CPU in the second line of what `times` wrote there, "1m2.345s 0m0.678s". On an idle
# machine a part takes about its seconds of CPU divided by the cores.
children_cpu() { awk 'NR == 2 { for (i = 1; i <= 2; ++i) { split($i, t, /[ms]/); sum += 60 * t[1] + t[2] } printf "%d\n", sum }' "$1"; }

# run_parts PART... -- [WANTED...]: calls part_PART for each part; with WANTED, only for those.
run_parts() {
  local parts=() durations=() part begin status cpu scratch
  scratch=$(mktemp)
  while [ "$1" != -- ]; do parts+=("$1"); shift; done
  shift
  if [ $# -gt 0 ]; then parts=("$@"); fi
  for part in "${parts[@]}"; do
    begin=$SECONDS
    times >"$scratch"  # not in a subshell, which has no children yet
    cpu=$(children_cpu "$scratch")
    echo "=== $part"
    # Not under `if` or `||`: these would switch `set -e` off inside the part.
    set +e
    (set -e; "part_$part")
    status=$?
    set -e
    times >"$scratch"
    durations+=("$(printf '%5d s  %5d s of CPU  %s' $((SECONDS - begin)) $(($(children_cpu "$scratch") - cpu)) "$part")")
    if [ $status -ne 0 ]; then
      echo "FAILED in part '$part' (exit $status); run it alone with: $0 $part"
      exit 1
    fi
  done
  rm -f "$scratch"
  printf '%s\n' "=== all passed" "${durations[@]}" "$(printf '%5d s  in all' $SECONDS)"
}

# Every hundredth line of ninja's progress, and all that is no progress.
show_progress() { awk '!/^\[[0-9]+\/[0-9]+\]/ || ++n % 100 == 0 { print; fflush() }'; }

with_sanitizers() {
  ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=0:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1 "$@"
}

# The same, and nothing may be left at the end that no pointer leads to.
with_leaks() {
  ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=0:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1 "$@"
}
