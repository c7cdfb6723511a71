#!/bin/sh
# Puts promtool into .venv/promtool/usr/bin: taken out of Debian's `prometheus` package, whose
# installation would start a service. A second call does nothing.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
target="$root/.venv/promtool"
[ -x "$target/usr/bin/promtool" ] && exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# apt's sandbox user may not enter a private folder: download as ourselves.
apt-get -qq -o APT::Sandbox::User=root download prometheus
mkdir -p "$target"
dpkg -x prometheus_*.deb "$work/package"
mkdir -p "$target/usr/bin"
cp "$work/package/usr/bin/promtool" "$target/usr/bin/promtool"
"$target/usr/bin/promtool" --version | head -n 1
