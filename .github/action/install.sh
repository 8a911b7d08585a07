#!/usr/bin/env bash
# Install the reconciler of this very checkout, with the dependencies of its lock, each held to its
# hash; no other package is asked for, and nothing but wheels is taken.
#
# PYTHON is the interpreter. Leaves a virtual environment in $RUNNER_TEMP/telnyx-reconciler, and the
# command (not the environment's python) on the PATH of the steps that follow.
set -euo pipefail

home="$RUNNER_TEMP/telnyx-reconciler"
if [ -f "$home/.installed" ]; then
  exit 0 # by an earlier step of this job
fi
pip=("$home/bin/python" -m pip --disable-pip-version-check --no-input)

"$PYTHON" -m venv "$home"
"${pip[@]}" install --quiet --require-hashes --only-binary :all: \
  -r "$GITHUB_ACTION_PATH/requirements-run.lock"
"${pip[@]}" install --quiet --no-deps --no-build-isolation "$GITHUB_ACTION_PATH"

mkdir -p "$home/command"
ln -sf "$home/bin/reconciler" "$home/command/reconciler"
echo "$home/command" >>"$GITHUB_PATH"
touch "$home/.installed"
"$home/bin/reconciler" --version
