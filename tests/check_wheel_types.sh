#!/bin/sh
# Strict types of the package as users get it: build the wheel, unpack it beside nothing, check that.
# Usage: tests/check_wheel_types.sh PYTHON
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
case $1 in /*) python=$1 ;; *) python=$root/$1 ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/source"
(cd "$root" && tar --exclude=./.venv --exclude=./.git -cf - .) | tar -xf - -C "$work/source"
"$python" -m build --quiet --wheel --no-isolation --outdir "$work/dist" "$work/source" >/dev/null
"$python" -m pip install --quiet --disable-pip-version-check --no-deps --target "$work/site" "$work"/dist/*.whl
cd "$work/site"
MYPYPATH=$work/site "$python" -m mypy --strict --config-file "$root/pyproject.toml" --cache-dir "$root/.mypy_cache" -p griphub
