#!/bin/sh
# Makes what a one-node Kubernetes 1.20.2 cluster needs, from Debian's packages alone.  Usage: kubernetes.sh DIRECTORY
#   bin/    kube-apiserver, kubelet, kube-controller-manager (built from the source package), etcd, kubectl, busybox
# Nothing is installed: compiler and daemons are unpacked into DIRECTORY.  The first run builds for ten minutes or more;
# a later one finds everything there.  tests/src/cluster.rs starts a cluster of it.
set -eu
out=$(realpath -m "$1")
[ -x "$out/bin/kubelet" ] && [ -x "$out/bin/etcd" ] && exit 0

apt=$out/apt
unpacked=$out/unpacked
mkdir -p "$out/bin" "$unpacked" "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/parts"
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' 2>/dev/null | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }')
for kind in deb deb-src; do
    echo "$kind [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm main"
done >"$apt/sources.list"

private_apt() {
    apt-get -q -o "Dir::Etc::sourcelist=$apt/sources.list" -o "Dir::Etc::sourceparts=$apt/parts" \
        -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User=root \
        -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false "$@" >>"$out/log" 2>&1
}

echo "lab: fetching Kubernetes' source, its compiler, etcd and kubectl" >&2
private_apt update
cd "$apt"
for package in golang-1.19-go golang-1.19-src golang-github-modern-go-reflect2-dev etcd-server kubernetes-client busybox-static; do
    private_apt download "$package"
    dpkg-deb -x "$apt/$package"_*.deb "$unpacked"
    rm -f "$apt/$package"_*.deb
done
private_apt source --download-only kubernetes
[ -d "$out/kubernetes-1.20.2" ] || tar -xzf kubernetes_*.orig.tar.gz -C "$out"
cp "$unpacked/usr/bin/etcd" "$unpacked/usr/bin/kubectl" "$out/bin/"
cp "$unpacked/bin/busybox" "$out/bin/"

# The vendored reflect2 is older than Go 1.18 and crashes there on maps, such as the patch of a mutating webhook.
vendor=$out/kubernetes-1.20.2/vendor/github.com/modern-go
rm -rf "$vendor/reflect2"
cp -r "$unpacked/usr/share/gocode/src/github.com/modern-go/reflect2" "$vendor/"

# Modules postdate this source: it builds below a GOPATH, with the vendored tree it brings.
GOROOT=$unpacked/usr/lib/go-1.19
GOPATH=$out/gopath
PATH=$GOROOT/bin:$PATH
GOCACHE=$out/gocache GO111MODULE=off CGO_ENABLED=0
export GOROOT GOPATH PATH GOCACHE GO111MODULE CGO_ENABLED
mkdir -p "$GOPATH/src/k8s.io"
ln -sfn "$out/kubernetes-1.20.2" "$GOPATH/src/k8s.io/kubernetes"
cd "$GOPATH/src/k8s.io/kubernetes"

# One generated file is left out of the source package: the OpenAPI definitions of every package that asks for them.
echo "lab: generating the API's definitions" >&2
asking() {
    grep -rl 'k8s:openapi-gen=true' --include='*.go' "$@" 2>/dev/null | grep -v /zz_ | xargs -r -n1 dirname | sort -u
}
own=$(asking pkg plugin | sed 's#^#k8s.io/kubernetes/#' | paste -sd,)
staged=$(find vendor/k8s.io -maxdepth 1 -type l | while read -r link; do asking "$link/" || true; done | sed 's#^vendor/##; s#//*#/#g' | sort -u | paste -sd,)
go build -o "$out/bin/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
"$out/bin/openapi-gen" -O zz_generated.openapi -p k8s.io/kubernetes/pkg/generated/openapi \
    -h hack/boilerplate/boilerplate.generatego.txt -r "$out/openapi-violations" -i "$own,$staged" >>"$out/log" 2>&1

for program in kube-apiserver kube-controller-manager kubelet; do
    echo "lab: building $program" >&2
    go build -ldflags '-s -w' -o "$out/bin/$program" "./cmd/$program"
done
# Go keeps its module trees read-only; nothing of the build is needed any more.
chmod -R u+w "$out/gopath"
rm -rf "$out/gocache" "$out/gopath" "$out/kubernetes-1.20.2" "$out/openapi-violations" "$unpacked" "$apt"
rm -f "$out/bin/openapi-gen"
