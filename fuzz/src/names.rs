//! Every file name an analyzer wants, in tables by target. The first byte of an input picks one
//! ([`pick`]); `check` makes sure that no analyzer is without a name.

use analyze::Analyzers;
use model::{FileEntry, FileKind};

/// Databases of dpkg, opkg and chisel.
pub const DPKG: &[&str] = &[
    "var/lib/dpkg/status",
    "var/lib/dpkg/status.d/base",
    "var/lib/dpkg/status.d/base.md5sums",
    "var/lib/dpkg/info/bash:amd64.list",
    "usr/lib/opkg/status",
    "var/lib/chisel/manifest.wall",
];

/// Databases of apk and, since they are as plain, pacman.
pub const APK: &[&str] = &[
    "lib/apk/db/installed",
    "usr/lib/apk/db/installed",
    "var/lib/pacman/local/bash-5.2.026-2/desc",
    "var/lib/pacman/local/bash-5.2.026-2/files",
];

/// Databases of rpm in its three formats, and the text manifest that stands for them.
pub const RPM: &[&str] = &[
    "var/lib/rpm/Packages",
    "usr/lib/sysimage/rpm/Packages.db",
    "var/lib/rpm/rpmdb.sqlite",
    "var/lib/rpm/rpmdb.sqlite-wal",
    "var/lib/rpmmanifest/container-manifest-2",
];

/// Files that tell the distribution.
pub const RELEASE: &[&str] = &[
    "etc/os-release",
    "usr/lib/os-release",
    "etc/lsb-release",
    "etc/alpine-release",
    "etc/debian_version",
    "etc/redhat-release",
    "etc/centos-release",
    "etc/rocky-release",
    "etc/almalinux-release",
    "etc/oracle-release",
    "etc/fedora-release",
    "etc/system-release",
    "etc/mariner-release",
    "etc/azurelinux-release",
    "etc/photon-release",
    "etc/SuSE-release",
    "etc/arch-release",
];

/// Archives of Java.
pub const JAR: &[&str] = &[
    "app/lib/guava-31.1-jre.jar",
    "app.war",
    "app.ear",
    "app.jpi",
    "spring-boot-3.1.0.jar",
    "x.lpkg",
];

/// Programs and libraries, by names for which a version string is looked up.
pub const EXECUTABLE: &[&str] = &[
    "usr/local/bin/tool",
    "usr/bin/python3.11",
    "usr/lib/libpython3.11.so.1.0",
    "usr/bin/node",
    "usr/sbin/nginx",
    "usr/bin/redis-server",
    "usr/lib/libssl.so.3",
    "usr/lib/libz.so.1.3.1",
    "bin/busybox",
    "usr/bin/perl",
    "usr/bin/postgres",
    "usr/bin/openssl",
    "usr/bin/bash",
    "usr/lib/libc.so.6",
];

/// Lock files and records in JSON.
pub const JSON: &[&str] = &[
    "app/node_modules/x/package.json",
    "app/package-lock.json",
    "app/npm-shrinkwrap.json",
    "app/deno.lock",
    "app/bun.lock",
    "app/composer.lock",
    "app/vendor/composer/installed.json",
    "app/App.deps.json",
    "app/obj/project.assets.json",
    "app/packages.lock.json",
    "opt/conda/conda-meta/zlib-1.2.13.json",
    "app/Pipfile.lock",
    "app/conan.lock",
    "app/Package.resolved",
    "app/build.sbt.lock",
    "root/buildinfo/content_manifests/ubi8.json",
    "root/buildinfo/x.json",
];

/// Lock files and records in YAML, TOML and XML.
pub const TREE: &[&str] = &[
    "app/pnpm-lock.yaml",
    "app/pubspec.lock",
    "app/yarn.lock",
    "app/Cargo.lock",
    "app/poetry.lock",
    "app/pdm.lock",
    "app/uv.lock",
    "app/pylock.toml",
    "app/pylock.dev.toml",
    "app/pom.xml",
    "app/packages.config",
    "app/Directory.Packages.props",
];

/// Lock files and records in a language of their own.
pub const TEXT: &[&str] = &[
    "app/go.mod",
    "app/Gemfile.lock",
    "usr/share/gems/specifications/rake-13.0.6.gemspec",
    "app/requirements.txt",
    "app/dev-requirements.txt",
    "app/requirements/base.txt",
    "usr/lib/python3/dist-packages/x-1.0.dist-info/METADATA",
    "usr/lib/python3/dist-packages/x-1.0.egg-info/PKG-INFO",
    "usr/lib/python3/dist-packages/x-1.0.egg-info",
    "app/gradle.lockfile",
    "app/META-INF/maven/g/a/pom.properties",
    "app/mix.lock",
    "app/rebar.lock",
    "app/bun.lockb",
    "opt/bitnami/redis/.spdx-redis.spdx",
    "usr/local/go/VERSION",
    "opt/java/release",
    "usr/lib/erlang/releases/26/OTP_VERSION",
    "usr/lib/elixir/lib/elixir/ebin/elixir.app",
    "var/www/wp-includes/version.php",
    "app/yarn.lock",
    "app/conan.lock",
];

/// Archives that malicious code is looked for in.
pub const ARCHIVE: &[&str] = &["x.zip", "x.tar", "x.tar.gz", "app.jar", "page.php.zst", "x.bin"];

/// Scripts of every language that the lexer knows, and pages that may hold one.
pub const SCRIPT: &[&str] = &[
    "var/www/a.php",
    "app/a.jsp",
    "app/a.asp",
    "app/a.aspx",
    "app/a.cfm",
    "usr/bin/a.pl",
    "usr/bin/a.sh",
    "app/a.html",
    "app/a.js",
    "usr/bin/a.py",
    "app/a.rb",
    "app/.htaccess",
    "app/a.png",
];

/// Files that secrets are looked for in, one for each way of writing values.
pub const SECRET: &[&str] = &[
    "app/.env",
    "app/config.json",
    "app/config.yaml",
    "app/settings.py",
    "app/config.php",
    "app/application.properties",
    "etc/shadow",
    "root/.netrc",
    "root/.docker/config.json",
    "root/.pgpass",
    "root/.git-credentials",
    "root/.aws/credentials",
    "root/.npmrc",
    "etc/ssl/certs/ca.pem",
    "usr/bin/tool",
];

/// Keys and key stores.
pub const KEY: &[&str] = &[
    "root/.ssh/id_rsa",
    "etc/ssl/private/server.key",
    "app/server.pem",
    "app/server.p12",
    "app/server.jks",
    "app/key.ppk",
    "app/key.der",
    "root/.gnupg/secring.gpg",
    "app/secret.yaml",
];

/// Cuts the first byte off; it names a line of the table, `!` the first. `None` for empty input.
pub fn pick<'d, T: Copy>(table: &[T], input: &'d [u8]) -> Option<(T, &'d [u8])> {
    let (first, rest) = input.split_first()?;
    let line = usize::from(first.wrapping_sub(b'!')) % table.len();
    Some((table[line], rest))
}

/// A regular file of this name.
pub fn entry(path: &str, size_bytes: usize) -> FileEntry {
    FileEntry {
        path: path.to_owned(),
        kind: FileKind::Regular,
        size_bytes: size_bytes as u64,
        mode: 0o755,
        uid: 0,
        gid: 0,
    }
}

/// Panics when a name of a table is wanted by no analyzer, or an analyzer wants no name of any.
pub fn check(analyzers: &Analyzers) {
    let mut reached: Vec<&str> =
        analyzers.for_executable(b"\x7fELF").iter().map(|analyzer| analyzer.name()).collect();
    for path in [DPKG, APK, RPM, RELEASE, JAR, JSON, TREE, TEXT].concat() {
        let wanting = analyzers.for_name(&entry(path, 0));
        assert!(!wanting.is_empty(), "no analyzer wants {path}: take it out of fuzz/src/names.rs");
        reached.extend(wanting.iter().map(|analyzer| analyzer.name()));
    }
    for (name, _) in analyzers.versions() {
        assert!(reached.contains(&name), "{name} has no file name in fuzz/src/names.rs");
    }
}
