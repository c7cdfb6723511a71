#!/usr/bin/env bash
# Installs what a bare Debian 12 lacks: Debian packages and, in .venv, libtorch. A second call does nothing twice.
# COHORT_TORCH=/path/to/torch uses another libtorch (its folder with include/ and lib/) in place of the one from PyPI.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  build-essential cmake ninja-build ccache pkg-config git python3 python3-venv
  capnproto libcapnp-dev libzmq3-dev cppzmq-dev prometheus-cpp-dev libcivetweb-dev libcurl4-openssl-dev zlib1g-dev
  libgtest-dev libgmock-dev libspdlog-dev libfmt-dev libtomlplusplus-dev libcli11-dev nlohmann-json3-dev
  libpcre2-dev libxxhash-dev libjemalloc-dev libzstd-dev libbenchmark-dev libhiredis-dev
  libflint-dev libflint-arb-dev libcalcium-dev libicu-dev libcld2-dev libseccomp-dev libgit2-dev
)

say() { printf '\033[1msetup:\033[0m %s\n' "$*" >&2; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  if ! command -v apt-get >/dev/null; then
    echo "setup: this is no Debian; install the equals of: ${missing[*]}" >&2
    exit 1
  fi
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if [ ! -x .venv/bin/python ]; then
  say "making .venv"
  python3 -m venv .venv
fi
# Installs a requirements file once; its digest marks that it is done.
install_python() {
  local file=$1 mark
  mark=.venv/.installed-$(sha256sum "$file" | cut -c1-16)
  [ -e "$mark" ] && return
  say "installing $file into .venv"
  .venv/bin/pip install --quiet --disable-pip-version-check -r "$file"
  touch "$mark"
}
if [ -z "${COHORT_TORCH:-}" ]; then
  install_python scripts/requirements-torch.txt
fi
for extra in "$@"; do
  install_python "$extra"
done
