# shellcheck shell=bash disable=SC2034 # used by the scripts that source this
# What the scripts beside this file share.

CLUSTER_HOME=$(realpath -m "${CLUSTER_HOME:-${ENSEMBLE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ensemble}/cluster}")
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=$CLUSTER_HOME/bin         # what build.sh built
store=$CLUSTER_HOME/images    # the node's images, kept from one cluster to the next
run=$CLUSTER_HOME/run         # everything else of the running cluster
kubeconfig=$CLUSTER_HOME/kubeconfig
PATH=$bin:$PATH:/usr/sbin:/sbin

pause_image=localhost/pause:dev
base_image=localhost/base-node:dev

# The node has a network of its own, tied to this machine by a pair of virtual
# interfaces and to nothing else. 198.18.0.0/15 is set aside for tests, so it
# collides with no real network.
node="node-1"
netns=test-cluster
link=test-cluster0
cluster_cidr=198.18.0.0/15
host_ip=198.18.0.1
node_ip=198.18.0.2
pod_cidr=198.18.128.0/17
service_cidr=198.19.0.0/16
service_ip=198.19.0.1 # the API server's

die() { echo "$*" >&2; exit 1; }

# Does the process that a pid file names still run? A stranger who got the same
# pid does not count: the command line of each of ours names a file in $run.
alive() {
  local pid
  pid=$(cat "$run/pid/$1" 2>/dev/null) &&
    tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$run/"
}

# The image tools on the cluster's own folders
ctr() { command ctr --address "$run/containerd.sock" --namespace k8s.io "$@"; }
buildah() {
  command buildah --root "$CLUSTER_HOME/buildah" --runroot "$CLUSTER_HOME/buildah/run" \
    --storage-driver overlay "$@"
}
# In a chroot, as that also works where a build may not make namespaces; with no
# registry to pull from
build_image() { buildah build --isolation chroot --pull-never --layers "$@"; }
