#!/usr/bin/env bash
# install.sh BINARY PREFIX: the binary, its man page, the models in the box and the notebooks.
set -euo pipefail
binary=$1
prefix=$2
root=$(cd "$(dirname "$0")/../.." && pwd)
install -d "$prefix/bin" "$prefix/share/quire/models" "$prefix/share/quire/notebooks"
install -m 755 "$root/$binary" "$prefix/bin/quire"
install -d "$prefix/share/man/man1"
"$root/$binary" --man > "$prefix/share/man/man1/quire.1"
cp -r "$root/Stdlib/models/." "$prefix/share/quire/models/"
install -m 644 "$root"/Notebooks/*.md "$prefix/share/quire/notebooks/"
cp -r "$root"/Notebooks/*.assets "$prefix/share/quire/notebooks/"
echo "installed $prefix/bin/quire, with models and notebooks in $prefix/share/quire"
case ":$PATH:" in *":$prefix/bin:"*) ;; *) echo "add $prefix/bin to your PATH to run it" ;; esac
