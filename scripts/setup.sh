#!/bin/sh
# Sets mteval up in .venv: checks first what is missing, says it in one message, and only then installs anything.
# Usage: scripts/setup.sh, from the top of the checkout. Does nothing when the set-up is complete and current.
set -eu

APERTIUM="apertium apertium-es-pt apertium-es-ro apertium-eng-spa apertium-por-cat apertium-eng-cat"
CHROMIUM="chromium" # the tests open the report in it
SHELLS="zsh fish" # the tests complete commands in them
SLURM="slurm-wlm munge" # the tests run a sweep on it
READY=.venv/.mteval-ready
PYTHON=${PYTHON:-python3}

installed() {
    dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'install ok installed'
}

missing=""
for package in $APERTIUM $CHROMIUM $SHELLS $SLURM; do
    installed "$package" || missing="$missing $package"
done

if ! command -v "$PYTHON" >/dev/null 2>&1; then
    echo "mteval needs Python 3.11 or 3.12, and there is no $PYTHON: install it, or name another with make PYTHON=…" >&2
    exit 1
fi
if ! "$PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))'; then
    echo "mteval needs Python 3.11 or 3.12, and $PYTHON is $("$PYTHON" -V): name another with make PYTHON=…" >&2
    exit 1
fi
if [ ! -x .venv/bin/python ] && ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
    missing="$missing python3-venv"
fi

current=$(cat pyproject.toml constraints.txt scripts/setup.sh | cksum)
if [ -z "$missing" ] && [ "$(cat "$READY" 2>/dev/null)" = "$current" ]; then
    exit 0
fi

if [ -n "$missing" ]; then
    as_root=""
    if [ "$(id -u)" -ne 0 ]; then
        as_root="sudo -n"
    fi
    if ! command -v apt-get >/dev/null 2>&1 || { [ -n "$as_root" ] && ! $as_root true 2>/dev/null; }; then
        echo "mteval needs these packages, and this user cannot install them:$missing" >&2
        echo "Install them as root, on Debian with: apt-get install$missing" >&2
        echo "Then run make again. Nothing has been changed." >&2
        exit 1
    fi
    echo "Installing Debian packages:$missing"
    log=$(mktemp)
    if ! { $as_root apt-get update && $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        echo "The packages could not be installed (the log above says why): install them by hand:$missing" >&2
        exit 1
    fi
    rm -f "$log"
fi

echo "Setting up .venv (once; this takes some minutes)"
.venv/bin/python -m pip --version >/dev/null 2>&1 || "$PYTHON" -m venv --clear .venv
rm -f "$READY"
.venv/bin/python -m pip install --quiet --quiet --disable-pip-version-check \
    --constraint constraints.txt --editable '.[dev]'
printf '%s\n' "$current" >"$READY"
