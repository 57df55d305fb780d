#!/usr/bin/env bash
# Starts a fresh test cluster, in place of the one that is up, and writes a
# kubeconfig for it.
#   up.sh                        a cluster with one node (as root)
#   up.sh --control-plane-only   etcd, the API server and the controllers, on
#                                loopback: no pod ever runs (as any user)
# CLUSTER_HOME  where build.sh put its results (~/.cache/ensemble/cluster)
# CLUSTER_PORT  the API server's port (6443); the next three are taken as well
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$here/node.sh"

case ${1-} in
  '') pods=yes api_ip=$node_ip in_net=(nsenter "--net=/run/netns/$netns" --) ;;
  --control-plane-only) pods='' api_ip=127.0.0.1 in_net=() ;;
  *) die "usage: up.sh [--control-plane-only]" ;;
esac
[[ -x $bin/kube ]] || die "nothing in $bin: run build.sh first"
[[ ! $pods || $EUID == 0 ]] || die "only root can start a node"
port=${CLUSTER_PORT:-6443}
etcd=http://127.0.0.1:$((port + 1))
export KUBECONFIG=$kubeconfig

# start NAME COMMAND...: runs it in the background, in the cluster's network
# (by nsenter, as "ip netns exec" would hide the cgroups from it)
start() {
  local name=$1
  shift
  setsid "${in_net[@]}" "$@" >"$run/log/$name.log" 2>&1 </dev/null &
  echo $! >"$run/pid/$name"
}

# wait_for WHAT COMMAND...: waits until the command succeeds
wait_for() {
  local what=$1 end=$((SECONDS + 60)) file
  shift
  until "$@" >/dev/null 2>&1; do
    for file in "$run"/pid/*; do
      kill -0 "$(cat "$file")" 2>/dev/null || {
        tail -n 20 "$run/log/${file##*/}.log" >&2
        die "${file##*/} ended: $run/log/${file##*/}.log says more"
      }
    done
    ((SECONDS < end)) || die "$what did not come up in time: see $run/log"
    sleep 0.2
  done
}

# What pods ask of the API server, for a test to compare with what they are allowed
audit_policy() {
  cat <<END
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: Metadata, userGroups: ["system:serviceaccounts"], verbs: [get, list, watch, create, update, patch, delete, deletecollection]}
- {level: None}
END
}

new_key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)

# cert NAME SUBJECT [ALTERNATIVE NAMES]: a key, and a certificate by the cluster's authority
cert() {
  openssl req "${new_key[@]}" -subj "$2" -keyout "$run/pki/$1.key" -out "$run/pki/$1.csr" 2>/dev/null
  openssl x509 -req -in "$run/pki/$1.csr" -CA "$run/pki/ca.crt" -CAkey "$run/pki/ca.key" \
    -set_serial "0x$(openssl rand -hex 8)" -days 365 -out "$run/pki/$1.crt" 2>/dev/null \
    -extfile <(echo 'extendedKeyUsage = serverAuth, clientAuth'; echo "${3:+subjectAltName = $3}")
}

# client NAME SUBJECT [FILE]: a kubeconfig for a client with such a certificate
client() {
  cert "$1" "$2"
  install -m 600 /dev/stdin "${3:-$run/etc/$1.kubeconfig}" <<END
apiVersion: v1
kind: Config
current-context: test-cluster
contexts: [{name: test-cluster, context: {cluster: test-cluster, user: $1}}]
clusters:
- name: test-cluster
  cluster:
    server: https://$api_ip:$port
    certificate-authority-data: $(base64 -w0 "$run/pki/ca.crt")
users:
- name: $1
  user:
    client-certificate-data: $(base64 -w0 "$run/pki/$1.crt")
    client-key-data: $(base64 -w0 "$run/pki/$1.key")
END
}

"$here/down.sh"
mkdir -p "$run"/{log,pid}
mkdir -m 700 "$run"/{etc,etcd,pki}

openssl req -x509 "${new_key[@]}" -days 365 -subj /CN=test-cluster \
  -keyout "$run/pki/ca.key" -out "$run/pki/ca.crt" 2>/dev/null
openssl genrsa -out "$run/pki/service-account.key" 2048 2>/dev/null
cert apiserver /CN=kube-apiserver "IP:$api_ip,IP:$service_ip,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local"
client admin /O=system:masters/CN=admin "$kubeconfig"
client kube-controller-manager /CN=system:kube-controller-manager

[[ ! $pods ]] || node_network

# Data that a crash loses is no loss here, and not syncing is much faster.
start etcd "$bin/etcd" --data-dir="$run/etcd" --unsafe-no-fsync \
  --listen-client-urls="$etcd" --advertise-client-urls="$etcd" \
  --listen-peer-urls="http://127.0.0.1:$((port + 2))"

audit_policy >"$run/etc/audit.yaml"
apiserver=(
  --etcd-servers="$etcd"
  --bind-address="$api_ip" --secure-port="$port"
  --service-cluster-ip-range="$service_cidr"
  --authorization-mode="Node,RBAC"
  --enable-admission-plugins=NodeRestriction
  --allow-privileged
  --client-ca-file="$run/pki/ca.crt"
  --tls-cert-file="$run/pki/apiserver.crt" --tls-private-key-file="$run/pki/apiserver.key"
  --service-account-issuer=https://kubernetes.default.svc
  --service-account-key-file="$run/pki/service-account.key"
  --service-account-signing-key-file="$run/pki/service-account.key"
  --audit-policy-file="$run/etc/audit.yaml" --audit-log-path="$run/log/audit.json"
)
if [[ $pods ]]; then
  cert apiserver-kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client
  apiserver+=(
    --advertise-address="$api_ip"
    --kubelet-certificate-authority="$run/pki/ca.crt"
    --kubelet-client-certificate="$run/pki/apiserver-kubelet-client.crt"
    --kubelet-client-key="$run/pki/apiserver-kubelet-client.key"
    --kubelet-preferred-address-types=InternalIP
  )
else
  apiserver+=(--endpoint-reconciler-type=none) # it would refuse a loopback address
fi
start kube-apiserver "$bin/kube-apiserver" "${apiserver[@]}"
[[ ! $pods ]] || node_prepare
wait_for "the API server" kubectl get --raw /readyz

start kube-controller-manager "$bin/kube-controller-manager" \
  --kubeconfig="$run/etc/kube-controller-manager.kubeconfig" \
  --bind-address=127.0.0.1 --secure-port="$((port + 3))" --leader-elect=false \
  --flex-volume-plugin-dir="$run/volume-plugins" \
  --root-ca-file="$run/pki/ca.crt" \
  --cluster-signing-cert-file="$run/pki/ca.crt" --cluster-signing-key-file="$run/pki/ca.key" \
  --service-account-private-key-file="$run/pki/service-account.key" --use-service-account-credentials
[[ ! $pods ]] || node_start
wait_for "the default service account" kubectl get serviceaccount default
[[ ! $pods ]] || wait_for "the node" kubectl wait --for=condition=Ready "node/$node" --timeout=1s

echo "The cluster is up: export KUBECONFIG=$kubeconfig"
