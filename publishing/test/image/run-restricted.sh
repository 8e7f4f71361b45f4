#!/usr/bin/env bash
# Runs a command of an image as an orchestrator with strict rules does: run-restricted.sh IMAGE UID tmp|no-tmp ARGUMENT...
#
# The root is read-only, the data folder is the container's own, all capabilities are dropped and none can be gained. With `tmp` a
# file system in memory is at /tmp. The network is the container's own loopback. Needs root and buildah: it stands in for a
# container runtime, which needs control groups that a build machine may not have.
set -euo pipefail
image=$1 uid=$2 tmp=$3
shift 3
folder=$(mktemp -d)
container=$(buildah from "$image")
finish() {
  buildah umount "$container" >/dev/null
  buildah rm "$container" >/dev/null
  rm -rf "$folder"
}
trap finish EXIT
root=$(buildah mount "$container")
install -d -o "$uid" -g "$uid" -m 0700 "$folder/data"
unshare --mount --pid --net --ipc --uts --fork --kill-child bash -euc '
  root=$1 data=$2 uid=$3 tmp=$4
  shift 4
  mount --bind "$root" "$root"
  mount -o remount,ro,bind "$root"
  mount -t proc proc "$root/proc"
  mount -t tmpfs -o mode=755 dev "$root/dev"
  for device in null zero random urandom full tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
  done
  mkdir "$root/dev/shm"
  mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
  mount --bind "$data" "$root/data"
  if [ "$tmp" = tmp ]; then mount -t tmpfs -o mode=1777 tmp "$root/tmp"; fi
  ip link set lo up
  exec env -i PATH=/app/node_modules/.bin:/usr/local/bin:/usr/bin:/bin HOME=/data NODE_ENV=production \
    TILLKEEPER_DATA_DIR=/data TILLKEEPER_HTTP_HOST=127.0.0.1 \
    /usr/sbin/chroot "$root" setpriv --reuid "$uid" --regid "$uid" --clear-groups --inh-caps=-all --ambient-caps=-all \
    --bounding-set=-all --no-new-privs bash -c "cd /data && exec tillkeeper \"\$@\"" tillkeeper "$@"
' restricted "$root" "$folder/data" "$uid" "$tmp" "$@"
