#!/bin/sh
# Makes signed images with the real tools, once, for the walks and for the vectors of the unit tests.
# Usage: signatures.sh DIRECTORY TOOLS     (TOOLS: where signature-tools.sh unpacked them)
#
#   DIRECTORY/registry   the storage of a registry that holds the images and what was attached to them
#   DIRECTORY/keys       throw-away keys and certificates; the private ones stay here
#   DIRECTORY/lookaside  GPG signatures, as podman keeps them
#   DIRECTORY/address    the registry's address while it was signed: GPG and cosign 2 sign it too
#   DIRECTORY/made       one line for each case that could be made
set -eu
cd "$(dirname "$0")/../.."
out=$(realpath -m "$1")
tools=$(realpath -m "$2")
[ -s "$out/made" ] && exit 0
for needed in docker-registry skopeo python3 openssl gpg; do
    command -v "$needed" >/dev/null 2>&1 && continue
    echo "lab: NO $needed: no image is signed and no signature tested" >&2
    exit 0
done
rm -rf "$out"
mkdir -p "$out/keys" "$out/registry" "$out/lookaside" "$out/layouts"
cd "$out"

# A registry of our own, with the storage that is kept.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
address=127.0.0.1:$port
echo "$address" >address
printf 'version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "%s"}\n' \
    "$out/registry" "$address" >registry.yml
docker-registry serve registry.yml >registry.log 2>&1 &
registry=$!
GNUPGHOME=$(mktemp -d)
export GNUPGHOME
trap 'kill $registry; gpgconf --kill all >/dev/null 2>&1; rm -rf "$GNUPGHOME"' EXIT INT TERM
python3 - "$port" <<'PY'
import socket, sys, time
for _ in range(300):
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[1]))); break
    except OSError:
        time.sleep(0.1)
PY

# image TAG: an image of one small file for two platforms; its index is pushed under the tag.
image() {
    python3 - "layouts/$1" "$1" <<'PY'
import hashlib, io, json, pathlib, sys, tarfile
root, name = pathlib.Path(sys.argv[1]), sys.argv[2]
blobs = root / "blobs/sha256"
blobs.mkdir(parents=True)
def put(data, media_type, **more):
    data = data if isinstance(data, bytes) else json.dumps(data, separators=(",", ":")).encode()
    digest = hashlib.sha256(data).hexdigest()
    (blobs / digest).write_bytes(data)
    return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data), **more}
oci = "application/vnd.oci.image."
packed = io.BytesIO()
with tarfile.open(fileobj=packed, mode="w") as archive:
    text = f"the lab's image {name}\n".encode()
    member = tarfile.TarInfo("etc/lab"); member.size = len(text)
    archive.addfile(member, io.BytesIO(text))
layer = put(packed.getvalue(), oci + "layer.v1.tar")
manifests = []
for architecture in ("amd64", "arm64"):
    config = put({"architecture": architecture, "os": "linux",
                  "config": {"Labels": {"org.opencontainers.image.vendor": "Lazaret Lab", "name": name}},
                  "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
                  "history": [{"created_by": "COPY lab /etc/lab"}]}, oci + "config.v1+json")
    manifest = {"schemaVersion": 2, "mediaType": oci + "manifest.v1+json", "config": config, "layers": [layer]}
    manifests.append(put(manifest, oci + "manifest.v1+json",
                         platform={"architecture": architecture, "os": "linux"}))
index = put({"schemaVersion": 2, "mediaType": oci + "index.v1+json", "manifests": manifests}, oci + "index.v1+json")
index["annotations"] = {"org.opencontainers.image.ref.name": name}
(root / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
(root / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [index]}))
(root / "index.digest").write_text(index["digest"])
(root / "manifest.digest").write_text(manifests[0]["digest"])
PY
    skopeo copy --quiet --all --preserve-digests --insecure-policy --dest-tls-verify=false \
        "oci:layouts/$1:$1" "docker://$address/lab/app:$1"
}
index_of() { echo "$address/lab/app@$(cat "layouts/$1/index.digest")"; }
manifest_of() { echo "$address/lab/app@$(cat "layouts/$1/manifest.digest")"; }
: >made.part
made() { echo "lab: $1" >&2; echo "$1" >>made.part; }

image unsigned
# Nothing is asked of the world: the key is ours, and the place of public roots is a closed port.
export COSIGN_PASSWORD= COSIGN_YES=true TUF_MIRROR=http://127.0.0.1:1
export XDG_CONFIG_HOME="$out/keys/config" HOME="$out/keys/home" SIGSTORE_ROOT_FILE=/dev/null
mkdir -p "$HOME"

# Keys of every sort that cosign takes. Its version 2 here cannot import EC and RSA keys; 3 can, and
# both read the same key files.
cosign="$tools/cosign3/usr/bin/cosign"
if [ -x "$cosign" ]; then
    openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out keys/p256.pem
    openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out keys/p384.pem
    openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out keys/rsa.pem
    openssl genpkey -quiet -algorithm ED25519 -out keys/ed25519.pem
    for key in p256 p384 rsa ed25519; do
        openssl pkey -in "keys/$key.pem" -pubout -out "keys/$key.pub"
        "$cosign" import-key-pair --key "keys/$key.pem" --output-key-prefix "keys/cosign-$key" >keys/import.log 2>&1
    done
fi

# cosign 2: simple signing, in a tag beside the image.
cosign="$tools/cosign2/usr/bin/cosign"
if [ -x "$cosign" ] && [ -s keys/cosign-p256.key ]; then
    for key in p256 p384 rsa ed25519; do
        image "cosign2-$key"
        "$cosign" sign --key "keys/cosign-$key.key" --tlog-upload=false --allow-http-registry \
            "$(index_of "cosign2-$key")" >>cosign2.log 2>&1 && made "cosign2-$key"
    done
    image cosign2-manifest
    "$cosign" sign --key keys/cosign-p256.key --tlog-upload=false --allow-http-registry \
        "$(manifest_of cosign2-manifest)" >>cosign2.log 2>&1 && made cosign2-manifest
    skopeo copy --quiet --all --insecure-policy --src-tls-verify=false --dest-tls-verify=false \
        "docker://$address/lab/app:cosign2-p256" "docker://$address/lab/app:retagged"
fi

# cosign 3: sigstore bundles, attached by the referrers' fallback tag; no service is asked.
cosign="$tools/cosign3/usr/bin/cosign"
if [ -x "$cosign" ] && [ -s keys/cosign-p256.key ]; then
    "$cosign" signing-config create --out keys/signing-config.json >/dev/null 2>&1
    for key in p256 p384 rsa ed25519; do
        [ -s "keys/cosign-$key.key" ] || continue
        image "cosign3-$key"
        "$cosign" sign --key "keys/cosign-$key.key" --signing-config keys/signing-config.json \
            --allow-http-registry "$(index_of "cosign3-$key")" >>cosign3.log 2>&1 && made "cosign3-$key"
    done
    image attested
    echo '{"builder": "lab"}' >predicate.json
    "$cosign" attest --key keys/cosign-p256.key --signing-config keys/signing-config.json --type custom \
        --predicate predicate.json --allow-http-registry "$(index_of attested)" >>cosign3.log 2>&1 && made attested
fi

# notation: certificates of an authority of our own, RSA and EC, both envelopes.
notation="$tools/notation/usr/bin/notation"
if [ -x "$notation" ]; then
    cat >keys/x509.cnf <<CNF
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
[leaf]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
subjectAltName = email:ci@lab.example, URI:https://lab.example/ci
CNF
    authority() { # NAME ALGORITHM...
        name=$1
        shift
        openssl genpkey -quiet "$@" -out "keys/$name-ca.key"
        openssl req -x509 -new -key "keys/$name-ca.key" -config keys/x509.cnf -extensions root -days 7300 \
            -subj "/C=XX/O=Lazaret Lab/CN=$name authority" -out "keys/$name-ca.pem"
        openssl genpkey -quiet "$@" -out "keys/$name-leaf.key"
        openssl req -new -key "keys/$name-leaf.key" -config keys/x509.cnf \
            -subj "/C=XX/ST=Lab/O=Lazaret Lab/CN=$name signer" -out "keys/$name.csr"
        openssl x509 -req -in "keys/$name.csr" -CA "keys/$name-ca.pem" -CAkey "keys/$name-ca.key" \
            -extfile keys/x509.cnf -extensions leaf -days 7200 -out "keys/$name-leaf.pem" 2>/dev/null
        cat "keys/$name-leaf.pem" "keys/$name-ca.pem" >"keys/$name-chain.pem"
    }
    authority rsa2048 -algorithm RSA -pkeyopt rsa_keygen_bits:2048
    authority rsa3072 -algorithm RSA -pkeyopt rsa_keygen_bits:3072
    authority ec256 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
    authority ec384 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
    mkdir -p keys/config/notation
    python3 - rsa2048 rsa3072 ec256 ec384 >keys/config/notation/signingkeys.json <<'PY'
import json, os, sys
keys = [{"name": name, "keyPath": os.path.abspath(f"keys/{name}-leaf.key"),
         "certPath": os.path.abspath(f"keys/{name}-chain.pem")} for name in sys.argv[1:]]
print(json.dumps({"default": sys.argv[1], "keys": keys}))
PY
    for key in rsa2048 rsa3072 ec256 ec384; do
        for form in jws cose; do
            image "notation-$form-$key"
            "$notation" sign --insecure-registry --signature-format "$form" --key "$key" \
                "$(index_of "notation-$form-$key")" >>notation.log 2>&1 && made "notation-$form-$key"
        done
    done
    image notation-expiring
    "$notation" sign --insecure-registry --signature-format jws --key ec256 --expiry 24h \
        "$(index_of notation-expiring)" >>notation.log 2>&1 && made notation-expiring
fi

# skopeo with gpg: a signature in a lookaside directory.
for key in rsa3072 ed25519 nistp256; do
    name="lab-$key"
    gpg --batch --quiet --passphrase '' --quick-generate-key "$name <$name@lab.example>" "$key" sign never 2>gpg.log
    gpg --batch --quiet --armor --export "$name@lab.example" >"keys/gpg-$key.asc"
    gpg --batch --quiet --export "$name@lab.example" >"keys/gpg-$key.gpg"
    fingerprint=$(gpg --batch --with-colons --list-keys "$name@lab.example" | awk -F: '$1 == "fpr" { print $10; exit }')
    image "gpg-$key"
    mkdir -p registries.d
    printf 'default-docker:\n  lookaside: file://%s\n  lookaside-staging: file://%s\n  sigstore: file://%s\n  sigstore-staging: file://%s\n' \
        "$out/lookaside" "$out/lookaside" "$out/lookaside" "$out/lookaside" >registries.d/default.yaml
    skopeo --registries.d registries.d copy --quiet --insecure-policy --dest-tls-verify=false \
        --override-arch amd64 --override-os linux --sign-by "$fingerprint" --sign-passphrase-file /dev/null \
        "oci:layouts/gpg-$key:gpg-$key" "docker://$address/lab/app:gpg-$key" >gpg.log 2>&1 && made "gpg-$key" ||
        { cat gpg.log >&2; }
done
mv made.part made
