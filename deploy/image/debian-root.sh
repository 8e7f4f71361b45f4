#!/usr/bin/env bash
# Makes a base image from Debian's packages, where none can be pulled: deploy/image/debian-root.sh NAME:TAG
# Needs root, mmdebstrap and buildah.
set -euo pipefail
tag=${1:?names the image that is made}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
omitted=()
for name in doc man locale info lintian; do omitted+=("--dpkgopt=path-exclude=/usr/share/$name/*"); done
mmdebstrap --quiet --variant=minbase --include=ca-certificates,libstdc++6 \
  "${omitted[@]}" bookworm "$folder/root.tar"
container=$(buildah from scratch)
buildah add --quiet "$container" "$folder/root.tar" / >/dev/null
buildah commit --quiet --rm "$container" "$tag" >/dev/null
echo "$tag"
