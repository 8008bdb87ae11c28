#!/usr/bin/env bash
# Install one part of the toolchain into the checkout: node, python, brownie or slither.
# Does nothing where the part is there and its lock files, interpreter and folder are what they were.
set -euo pipefail
cd "$(dirname "$0")/.."

part=${1:?node, python, brownie or slither}
python=${PYTHON:-python3}
export PIP_DISABLE_PIP_VERSION_CHECK=1

fail() { printf 'Set-up of %s: %s\n' "$part" "$*" >&2; exit 1; }

need_node() {
    local missing='install Node 20 or later with npm (Debian: apt-get install nodejs npm)'
    command -v node >/dev/null && command -v npm >/dev/null || fail "$missing"
    [[ $(node -p 'process.versions.node.split(".")[0]') -ge 20 ]] || fail "$missing; found $(node --version)"
}

need_python() {
    command -v "$python" >/dev/null || fail "install Python 3.11 or later (Debian: apt-get install python3 python3-venv)"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "needs Python 3.11 or later; found $("$python" --version)"
    "$python" -c 'import ensurepip, venv' 2>/dev/null || fail "install Python's venv module (Debian: apt-get install python3-venv)"
}

environment() { # FOLDER LOCK: a virtual environment with exactly what the lock says
    "$python" -m venv --clear "$1" && "$1/bin/pip" install --quiet --requirement "$2"
}

once() { # NAME FOLDER INPUT COMMAND...: run the command, unless it ran for the same input into the same folder
    local stamp=.toolchain/$1.stamp folder=$2 wanted
    wanted="$version in $PWD, $(cksum "$3")"
    if [[ -d $folder && -f $stamp && $(<"$stamp") == "$wanted" ]]; then return; fi
    echo "Set-up of $1: installing into $folder ..."
    rm -f "$stamp"
    "${@:4}" || fail 'installing failed, see above'
    printf '%s\n' "$wanted" >"$stamp"
    echo "Set-up of $1: done in $SECONDS s"
}

mkdir -p .toolchain
exec 9>".toolchain/$part.lock"
if command -v flock >/dev/null; then flock 9; fi

case $part in
    node)
        need_node
        version=$(node --version)
        once node node_modules package-lock.json npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
        ;;
    python)
        need_python
        version=$("$python" --version)
        if [[ ! -d .venv ]]; then rm -f .toolchain/package.stamp; fi
        once python .venv requirements/dev.txt environment .venv requirements/dev.txt
        version=$(<.toolchain/python.stamp)
        once package .venv pyproject.toml .venv/bin/pip install --quiet --no-deps --editable .
        ;;
    brownie | slither)
        need_python
        version=$("$python" --version)
        once "$part" ".venv-$part" "requirements/$part.txt" environment ".venv-$part" "requirements/$part.txt"
        ;;
    *) fail 'no such part' ;;
esac
