#!/usr/bin/env bash
# Builds what the test cluster needs, on Debian 12 with Go and Node.js. What is
# there already is skipped, so it can be run every time.
#   build.sh                        everything (as root)
#   build.sh --control-plane-only   what up.sh needs for that (as any user)
# CLUSTER_HOME  where the results go (~/.cache/ensemble/cluster)
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

case ${1-} in
  '') node=yes packages=(buildah containerd containernetworking-plugins iproute2 kmod mmdebstrap nftables openssl procps runc) ;;
  --control-plane-only) node='' packages=(openssl) ;;
  *) die "usage: build.sh [--control-plane-only]" ;;
esac
if ! dpkg-query -s "${packages[@]}" >/dev/null 2>&1; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${packages[@]}"
fi

# made NAME TEXT: is NAME made, and was it from the same TEXT? If not, says that it will be.
mkdir -p "$CLUSTER_HOME/made"
made() { [[ $(cat "$CLUSTER_HOME/made/$1" 2>/dev/null) == "$2" ]] || { echo "making $1" >&2; false; }; }

cd "$here/go"
version=$(find . -type f | sort | xargs cat | sha256sum)-$(go version)
if ! made programs "$version"; then
  kubernetes=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
  minor=${kubernetes#v1.} minor=${minor%%.*}
  flags="-s -w"
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $package.gitVersion=$kubernetes -X $package.gitMajor=1 -X $package.gitMinor=$minor -X $package.gitTreeState=clean"
  done
  flags+=" -X helm.sh/helm/v3/internal/version.version=$(go list -m -f '{{.Version}}' helm.sh/helm/v3)"
  flags+=" -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=$minor"
  # One command, so that what the programs share is compiled once
  CGO_ENABLED=0 go build -trimpath -o "$bin/" -ldflags "$flags" ./cmd/... tool
  for name in etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl; do
    ln -sf kube "$bin/$name"
  done
  echo "$version" >"$CLUSTER_HOME/made/programs"
fi
[[ $node ]] || exit 0

work=$(mktemp -d "$CLUSTER_HOME/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

version=$(sha256sum "$bin/pause")
if ! made pause-image "$version"; then
  printf 'FROM scratch\nCOPY pause /\nENTRYPOINT ["/pause"]\n' | build_image -t "$pause_image" -f - "$bin"
  rm -f "$CLUSTER_HOME/pause.tar"
  buildah push --quiet "$pause_image" "docker-archive:$CLUSTER_HOME/pause.tar"
  echo "$version" >"$CLUSTER_HOME/made/pause-image"
fi

version=$(sha256sum <"$here/base-node/Dockerfile")-$(node --version)-$(sha256sum </etc/ssl/certs/ca-certificates.crt)
if ! made base-image "$version"; then
  mmdebstrap --quiet --variant=minbase --include=ca-certificates,libstdc++6 \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' bookworm "$work/rootfs.tar"
  cp "$(node -p process.execPath)" "$work/node"
  cp -r "$(dirname "$(readlink -f "$(command -v npm)")")/.." "$work/npm"
  cp /etc/ssl/certs/ca-certificates.crt "$work"
  build_image -t "$base_image" -f "$here/base-node/Dockerfile" "$work"
  echo "$version" >"$CLUSTER_HOME/made/base-image"
fi
