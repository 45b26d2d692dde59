#!/usr/bin/env bash
# kernels.sh: the catalogue of kernels (Tests/Kernels), C alone: every variant against the scalar
# one, then again watched by the sanitizers and by valgrind; and the kernels compiled for ARM.
set -euo pipefail
cd "$(dirname "$0")/../.."
bash Tests/Tools/packages.sh valgrind libc6-dev-arm64-cross
# The clang of the Swift toolchain, which the package is built with.
tools=$(dirname "$(readlink -f "$(command -v swift)")")
clang=$(PATH="$tools:$PATH" command -v clang)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
warnings=(-std=gnu23 -Wall -Wextra -Werror)
sources=(Sources/CKernels/*.c Tests/Kernels/*.c)
includes=(-ISources/CKernels/include)

# build NAME FLAG...: the catalogue as a program, two files at a time.
build() {
  local out="$folder/$1"
  shift
  mkdir "$out.objects"
  printf '%s\n' "${sources[@]}" | xargs -P 2 -I FILE bash -c \
    '"$0" "${@:3}" -c "$1" -o "$2/$(echo "$1" | tr / _).o"' \
    "$clang" FILE "$out.objects" "${warnings[@]}" "${includes[@]}" "$@"
  "$clang" -fuse-ld=lld "$@" "$out.objects"/*.o -lm -lpthread -o "$out"
}

echo "kernels: every level against the scalar one"
build plain -O2 -gdwarf-4  # what valgrind reads
"$folder/plain"

echo "kernels: with the address and undefined-behaviour sanitizers"
build watched -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
"$folder/watched"

# valgrind knows no AVX-512: it shows the program a CPU without.
echo "kernels: under valgrind"
valgrind --quiet --error-exitcode=1 --leak-check=full "$folder/plain" --memory scalar avx2

if [ -d /usr/aarch64-linux-gnu/include ]; then
  echo "kernels: compiled for ARM"
  for file in Sources/CKernels/*.c; do
    "$clang" --target=aarch64-linux-gnu -nostdlibinc -isystem /usr/aarch64-linux-gnu/include \
      "${warnings[@]}" -O1 -c "$file" -o "$folder/arm.o"
  done
fi
