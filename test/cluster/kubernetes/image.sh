#!/usr/bin/env bash
# Builds a folder's Dockerfile, and gives the image to the running cluster.
#   image.sh DIR NAME [OPTION OF buildah build...]
# NAME is what pods call the image, such as "operator:dev". Its tag must not be
# "latest", which the kubelet would try to pull.
# There is no registry to pull a base image from: the build argument BASE_IMAGE
# is the name of one that build.sh made, and a Dockerfile that begins with
#   ARG BASE_IMAGE=node:24-bookworm-slim
#   FROM ${BASE_IMAGE}
# builds here as well as elsewhere.
# CLUSTER_HOME  where build.sh put its results (~/.cache/ensemble/cluster)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

(($# >= 2)) || die "usage: image.sh DIR NAME [OPTION OF buildah build...]"
dir=$1 name=$2
shift 2
alive containerd || die "the cluster is not up: run up.sh first"

work=$(mktemp -d "$CLUSTER_HOME/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
build_image --build-arg "BASE_IMAGE=$base_image" -t "localhost/$name" "$@" "$dir"
buildah push --quiet "localhost/$name" "docker-archive:$work/image.tar:$name"
ctr images import "$work/image.tar" >/dev/null
