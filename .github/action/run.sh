#!/usr/bin/env bash
# One mode of the action: run the command, keep what it made in a directory of its own.
#
# From the environment: MODE, PROJECT (a directory), BASE, PLANFILE, DIGEST, ARGS, KEY_ENV (the name
# of the variable that holds the API key) and NO_SECRETS ("true" where GitHub gives a run none).
# Outputs: mode, directory, exit-code, and those of `reconciler --format github`. The directory holds
# report.md, plan.json (plan, apply) and journal.jsonl (apply).
set -euo pipefail

home="$RUNNER_TEMP/telnyx-reconciler"
reconciler="$home/bin/reconciler"

put() {
  printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

fail() {
  printf '::error title=reconciler::%s\n' "$1"
  put exit-code 1
  exit 1
}

# Run the command in the foreground of a shell that may be told to stop: the runner signals the shell
# alone. The command then finishes the calls in flight; on a second signal it leaves at once.
# Sets `code`.
run() {
  local child="" status
  trap 'kill -INT "$child" 2>/dev/null || true' INT TERM
  GITHUB_STEP_SUMMARY="$out/report.md" "$reconciler" "$@" &
  child=$!
  while :; do
    status=0
    wait "$child" || status=$?
    # A signal ends `wait`, not the command.
    kill -0 "$child" 2>/dev/null || break
  done
  code=$status
  trap - INT TERM
  if [ ! -s "$out/report.md" ]; then
    # A comment must not go on showing what was found before.
    printf 'Ended with exit code %s and no report: see the log.\n' "$code" >"$out/report.md"
  fi
  cat "$out/report.md" >>"$GITHUB_STEP_SUMMARY"
}

compare_with_base() {
  local from="$BASE"
  if [ -z "$from" ]; then
    # What a pull request is checked out as is a merge: its first parent is what it goes into.
    from=$(git rev-parse --verify --quiet 'HEAD^1') ||
      fail "nothing to compare with: check out with fetch-depth 2, or set the input base"
  fi
  run diff "$from" HEAD . --format markdown ${extra[@]+"${extra[@]}"} >"$out/report.md"
}

plan() {
  if [ -z "${!KEY_ENV:-}" ]; then
    [ "$NO_SECRETS" = true ] ||
      fail "\$$KEY_ENV is empty: give this step the key in env, from a secret"
    printf '::notice title=No plan::%s\n' \
      "a run for a fork or for Dependabot gets no secrets, so there is no key and no plan; what it changes in the declared state is shown instead"
    put mode diff
    # The options were meant for plan.
    extra=()
    compare_with_base
    return
  fi
  run plan --format github --out "$out/plan.json" ${extra[@]+"${extra[@]}"} -- .
}

digest_of() {
  "$reconciler" show --format json -- "$1" |
    "$home/bin/python" -c 'import json, sys; print(json.load(sys.stdin)["digest"])'
}

apply() {
  local found
  [[ "$DIGEST" =~ ^sha256:[0-9a-f]{64}$ ]] ||
    fail "apply needs the input digest, sha256:…, of the plan that was reviewed; nothing was written"
  [ -f "$saved" ] || fail "apply needs the input planfile; nothing was written"
  # From here on nobody else's hand is on it.
  cp -- "$saved" "$out/plan.json"
  chmod 600 "$out/plan.json"
  found=$(digest_of "$out/plan.json") || fail "the plan cannot be read; nothing was written"
  [ "$found" = "$DIGEST" ] ||
    fail "not the plan that was reviewed: $DIGEST was, this one is $found; nothing was written"
  run apply "$out/plan.json" --journal "$out/journal.jsonl" --format github \
    ${extra[@]+"${extra[@]}"}
}

saved="$PLANFILE"
case "$saved" in
  /* | '') ;;
  *) saved="$PWD/$saved" ;;
esac
extra=()
read -r -d '' -a extra <<<"$ARGS" || true
[[ "$KEY_ENV" =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || fail "api-key-env is no name of a variable"
[ -d "$PROJECT" ] || fail "the input path is no directory: it is the one of reconciler.yaml"
cd -- "$PROJECT"

umask 077
mkdir -p "$home"
out=$(mktemp -d "$home/out.XXXXXXXX")
code=0
put mode "$MODE"
put directory "$out"

case "$MODE" in
  validate) run validate --format github ${extra[@]+"${extra[@]}"} -- . ;;
  diff) compare_with_base ;;
  plan) plan ;;
  apply) apply ;;
  drift) run drift --format github ${extra[@]+"${extra[@]}"} -- . ;;
  *) fail "the input mode is none of validate, diff, plan, apply, drift" ;;
esac
put exit-code "$code"
exit "$code"
