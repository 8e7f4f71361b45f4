#!/usr/bin/env bash
# Builds the image of a checkout: deploy/image/build.sh server|sandbox [NAME:TAG]
#
#   server   what `tillkeeper serve` needs, for an outside PostgreSQL
#   sandbox  the same with the embedded PostgreSQL, for laptops and CI
#
# IMAGE_BUILDER is docker, podman or buildah; left out, the first of them that is installed. IMAGE_BASE is the base image, by
# default that of the Dockerfile; `deploy/image/debian-root.sh` makes one where no image can be pulled. Needs `npm ci` before.
set -euo pipefail
cd "$(dirname "$0")/../.."

flavour=${1:-}
case $flavour in server | sandbox) ;; *)
  sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
  exit 2
  ;;
esac
version=$(node -p 'require("./package.json").version')
tag=${2:-tillkeeper:$version-$flavour}
builder=${IMAGE_BUILDER:-$(for name in docker podman buildah; do command -v $name >/dev/null && echo $name && break; done || true)}
[ -n "$builder" ] || { echo "None of docker, podman and buildah is installed: install one, or name another in IMAGE_BUILDER." >&2; exit 1; }

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
npm run -s pack:all -- "$context/packed" >/dev/null
mkdir "$context/app" "$context/node"
# Files of the image may be read by its user, also if they were built under a stricter umask.
umask 022
quiet=(--no-audit --no-fund --ignore-scripts --loglevel=error)
without=()
[ "$flavour" = sandbox ] || without=(--omit=optional)
echo '{"private":true}' >"$context/app/package.json"
npm install --prefix "$context/app" "${quiet[@]}" "${without[@]}" "$context/packed/tillkeeper-$version.tgz"
arch=$(node -p 'process.arch')
node_version=$(node -p 'require("./package.json").dependencies.node')
echo '{"private":true}' >"$context/node/package.json"
npm install --prefix "$context/node" "${quiet[@]}" "node-linux-$arch@$node_version"
mkdir "$context/node/bin"
mv "$context/node/node_modules/node-linux-$arch/bin/node" "$context/node/bin/node"
rm -rf "$context/node/node_modules"
chmod -R a+rX "$context/app" "$context/node"

build=(build)
[ "$builder" != buildah ] || build=(bud --isolation "${BUILDAH_ISOLATION:-chroot}")
base=()
[ -z "${IMAGE_BASE:-}" ] || base=(--build-arg "BASE=$IMAGE_BASE")
"$builder" "${build[@]}" --file deploy/image/Dockerfile --target "$flavour" "${base[@]}" \
  --label "org.opencontainers.image.version=$version" \
  --label "org.opencontainers.image.revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)" \
  --tag "$tag" "$context"
echo "$tag"
