#!/usr/bin/env bash
# Stops the test cluster and deletes it, but for the images and what build.sh
# made. Where none is up, it does nothing.
# CLUSTER_HOME  where build.sh put its results (~/.cache/ensemble/cluster)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$here/node.sh"

# stop NAME...: ends these processes, by force after ten seconds
stop() {
  local name end=$((SECONDS + 10))
  for name in "$@"; do
    if alive "$name"; then kill "$(cat "$run/pid/$name")"; fi
  done
  for name in "$@"; do
    while alive "$name"; do
      ((SECONDS < end)) || kill -KILL "$(cat "$run/pid/$name")" || true
      sleep 0.1
    done
    rm -f "$run/pid/$name"
  done
}

[[ -e $run ]] || exit 0
stop kubelet kube-scheduler kube-controller-manager kube-proxy coredns local-provisioner
if alive containerd; then node_delete_containers; fi
stop containerd kube-apiserver
stop etcd
[[ ! -e $run/etc/containerd.toml ]] || node_clean
# Deleting through a mount that is left would delete what is mounted there.
! grep -qF " $run/" /proc/self/mounts || die "something is still mounted below $run"
rm -rf "$run" "$kubeconfig"
