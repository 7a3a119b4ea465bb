#!/bin/sh
# Takes the vectors of the unit tests out of what signatures.sh made, and makes the certificates and
# GPG keys that must not be accepted. Run by hand, when the vectors are to be made anew:
#   tests/lab/signature-tools.sh target/lab/tools
#   tests/lab/signatures.sh target/lab/signatures target/lab/tools
#   tests/lab/signature-vectors.sh target/lab/signatures crates/image/testdata/signatures
set -eu
made=$(realpath "$1")
out=$(realpath -m "$2")
rm -rf "$out"
mkdir -p "$out/keys" "$out/x509" "$out/openpgp"
cd "$made"

# What the registry and the lookaside hold, one folder a case.
python3 - "$out" <<'PY'
import json, pathlib, sys
out, root = pathlib.Path(sys.argv[1]), pathlib.Path("registry/docker/registry/v2")
tags = root / "repositories/lab/app/_manifests/tags"
def blob(digest):
    hex = digest.split(":")[1]
    return (root / "blobs/sha256" / hex[:2] / hex / "data").read_bytes()
def tag(name):
    return json.loads(blob((tags / name / "current/link").read_text()))
cases = []
for case in pathlib.Path("made").read_text().split():
    layout = pathlib.Path("layouts") / case
    of_manifest = case.startswith("gpg") or case == "cosign2-manifest"
    digest = (layout / ("manifest.digest" if of_manifest else "index.digest")).read_text()
    cases.append(f"{case} {digest} {len(blob(digest))}")
    if case.startswith("cosign2"):
        [layer] = tag(digest.replace(":", "-") + ".sig")["layers"]
        (out / f"{case}.payload").write_bytes(blob(layer["digest"]))
        (out / f"{case}.signature").write_text(layer["annotations"]["dev.cosignproject.cosign/signature"])
    elif case.startswith("gpg"):
        place = pathlib.Path("lookaside/lab/app@" + digest.replace(":", "="))
        (out / f"{case}.gpg").write_bytes((place / "signature-1").read_bytes())
    else:
        [entry] = tag(digest.replace(":", "-"))["manifests"]
        [layer] = json.loads(blob(entry["digest"]))["layers"]
        (out / (case + (".cose" if "cose" in case else ".json"))).write_bytes(blob(layer["digest"]))
(out / "cases").write_text("\n".join(cases) + "\n")
PY
cp keys/p256.pub keys/p384.pub keys/rsa.pub keys/ed25519.pub keys/*-ca.pem keys/gpg-*.asc keys/gpg-rsa3072.gpg "$out/keys/"

# Certificates: chains that must not hold, and one that must.
work=$(mktemp -d)
GNUPGHOME=$work/gnupg
export GNUPGHOME
mkdir -m 700 "$GNUPGHOME"
trap 'gpgconf --kill all >/dev/null 2>&1; rm -rf "$work"' EXIT INT TERM
cat >"$work/x509.cnf" <<CNF
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[middle]
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign
[middle_any]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[leaf]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
subjectAltName = email:ci@lab.example, URI:https://lab.example/ci, DNS:ci.lab.example
[server]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
[no_usage]
basicConstraints = critical, CA:false
extendedKeyUsage = codeSigning
[unknown]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
1.3.6.1.4.1.99999.1 = critical, ASN1:UTF8String:unknown
CNF
key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/$1.key"; }
root() { # NAME SUBJECT
    key "$1"
    openssl req -x509 -new -key "$work/$1.key" -config "$work/x509.cnf" -extensions root -days 7300 \
        -subj "$2" -out "$out/x509/$1.pem"
}
issue() { # NAME ISSUER EXTENSIONS SUBJECT [MORE]
    name=$1 issuer=$2 extensions=$3 subject=$4
    shift 4
    key "$name"
    openssl req -new -key "$work/$name.key" -config "$work/x509.cnf" -subj "$subject" -out "$work/csr"
    openssl x509 -req -in "$work/csr" -CA "$out/x509/$issuer.pem" -CAkey "$work/$issuer.key" \
        -extfile "$work/x509.cnf" -extensions "$extensions" -days 3650 "$@" -out "$out/x509/$name.pem" 2>/dev/null
}
root root "/O=Lab/CN=root"
root other "/O=Lab/CN=other"
root twin "/O=Lab/CN=root"
issue leaf root leaf "/O=Lab/OU=ci/CN=signer"
issue server root server "/O=Lab/CN=server"
issue no_usage root no_usage "/O=Lab/CN=no usage"
issue unknown root unknown "/O=Lab/CN=unknown"
issue weak root leaf "/O=Lab/CN=weak" -sha1
issue below_leaf leaf leaf "/O=Lab/CN=below leaf"
issue middle root middle "/O=Lab/CN=middle"
issue low middle middle_any "/O=Lab/CN=low"
issue of_middle middle leaf "/O=Lab/CN=of middle"
issue of_low low leaf "/O=Lab/CN=of low"

# GPG keys: a signing subkey, a key that expires, one that is revoked afterwards.
cd "$work"
digest=sha256:$(printf '%064d' 7)
printf '{"critical":{"identity":{"docker-reference":"lab.example/app:1"},"image":{"docker-manifest-digest":"%s"},"type":"atomic container signature"},"optional":{"creator":"lab","timestamp":1790000000}}' "$digest" >document
gpg() { command gpg --batch --quiet --yes --passphrase '' "$@" 2>>gpg.log; }
fingerprint() { gpg --with-colons --list-keys "$1" | awk -F: '$1 == "fpr" { print $10 }' | tail -1; }
for name in subkey expiring revoked; do
    case $name in
    subkey) gpg --quick-generate-key "$name@lab.example" ed25519 cert never ;;
    expiring) gpg --quick-generate-key "$name@lab.example" ed25519 sign 30d ;;
    revoked) gpg --quick-generate-key "$name@lab.example" ed25519 sign never ;;
    esac
done
gpg --quick-add-key "$(fingerprint subkey@lab.example)" ed25519 sign never
for name in subkey expiring revoked; do
    gpg --local-user "$name@lab.example" --output "$out/openpgp/$name.gpg" --sign document
    gpg --armor --export "$name@lab.example" >"$out/openpgp/$name.asc"
done
revoked=$(fingerprint revoked@lab.example)
sed -i 's/^:---/---/' "$GNUPGHOME/openpgp-revocs.d/$revoked.rev"
gpg --import "$GNUPGHOME/openpgp-revocs.d/$revoked.rev"
gpg --armor --export revoked@lab.example >"$out/openpgp/revoked-after.asc"
gpg --local-user subkey@lab.example --output "$out/openpgp/detached.gpg" --detach-sign document
gpg --local-user subkey@lab.example --output "$out/openpgp/clear.gpg" --clear-sign document
gpg --local-user subkey@lab.example --textmode --output "$out/openpgp/text.gpg" --sign document
gpg --local-user subkey@lab.example --local-user expiring@lab.example --output "$out/openpgp/two.gpg" --sign document
gpg --local-user subkey@lab.example --digest-algo SHA512 --compress-algo zlib --output "$out/openpgp/zlib.gpg" --sign document
gpg --local-user subkey@lab.example --compress-algo none --output "$out/openpgp/plain.gpg" --sign document
