#!/usr/bin/env bash
# Makes sure that this machine has what Longshore is built or tested with.
#
#   tests/prerequisites.sh build   what `cargo build` needs: a C compiler, make, perl and pkg-config, since
#                                  librdkafka, OpenSSL and zstd are compiled from source and linked statically
#   tests/prerequisites.sh test    that, and what the tests start: Java 17, Maven, Node.js, kcat, Chromium
#
# As root on Debian or Ubuntu it installs what is missing; elsewhere it says what to install and exits 1.
# With everything there it changes nothing and takes no noticeable time. Rust itself is never installed.
set -euo pipefail

# Each line: the package, and a command that succeeds if what is needed of it is there.
build_needs='
gcc                      command -v cc
g++                      command -v c++
libc6-dev                test -e /usr/include/stdio.h
make                     command -v make
perl                     perl -MIPC::Cmd -MFindBin -e 1
pkg-config               command -v pkg-config
ca-certificates          test -e /etc/ssl/certs/ca-certificates.crt
'

test_needs='
openjdk-17-jdk-headless  java_17
maven                    command -v mvn
nodejs                   node_18
npm                      command -v npm
kcat                     command -v kcat
chromium                 test -x /usr/bin/chromium
curl                     command -v curl
util-linux               command -v setpriv
coreutils                command -v timeout
'

# A newer Java and Node.js do as well; an older one is as good as none.
java_17() { command -v javac >/dev/null && (($(javac -version 2>&1 | sed 's/^javac //; s/[.-].*//') >= 17)); }
node_18() { command -v node >/dev/null && (($(node --version | sed 's/^v//; s/[.].*//') >= 18)); }

# The packages among these needs that are missing, in one line.
missing() {
  local package check packages=()
  while read -r package check; do
    [ -z "$package" ] || (eval "$check") >/dev/null 2>&1 </dev/null || packages+=("$package")
  done <<<"$1"
  echo "${packages[*]}"
}

main() {
  case "${1:-}" in
    build | test) ;;
    *) sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2 ;;
  esac
  if ! command -v cargo >/dev/null; then
    echo "Rust is not installed: see https://rustup.rs, then open a new shell" >&2
    exit 1
  fi
  local needs=$build_needs packages
  [ "$1" = build ] || needs+=$test_needs
  packages=$(missing "$needs")
  [ -n "$packages" ] || exit 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "missing, under their Debian names: $packages" >&2
    echo "install them, on Debian and Ubuntu with: sudo apt-get install -y --no-install-recommends $packages" >&2
    exit 1
  fi
  echo "installing what is missing: $packages" >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q update >&2
  # shellcheck disable=SC2086 # a list of words
  apt-get -q install -y --no-install-recommends $packages >&2
  packages=$(missing "$needs")
  if [ -n "$packages" ]; then
    echo "installed, but still not usable: $packages" >&2
    exit 1
  fi
}

main "$@"
