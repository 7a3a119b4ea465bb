//! The table: which file names to search, for what, and what a hit is called.
//!
//! Data only; an expression captures the version in its first group and is written for bytes. A
//! match must not be longer than `MAX_EVIDENCE_BYTES`. `\x00` stands for the end of a C string.
//! A string that stands alone may be the end of a longer one (linkers merge tails), so that its
//! beginning is `[^0-9.]` where the number in the file's name guards against others.

use std::sync::{LazyLock, OnceLock};

use model::PackageKind;
use regex::bytes::Regex;

use super::search::compile;

/// What the number in a file's name (`python3.11`) says of the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// Nothing.
    Ignored,
    /// The version begins with it, when there is one.
    Fits,
    /// There must be one, and the version begins with it.
    Demanded,
}

/// One row.
pub(super) struct Classifier {
    /// Name of the package.
    pub package: &'static str,
    /// A package of another kind that the same file proves.
    pub also: Option<(PackageKind, &'static str)>,
    /// What the number in the file's name says.
    pub number: Number,
    /// Last parts of the path; `*` stands for any characters but `/`.
    pub names: &'static [&'static str],
    /// Expressions, the most telling first.
    pub evidence: &'static [&'static str],
    compiled: OnceLock<Vec<Regex>>,
}

impl Classifier {
    const fn new(
        package: &'static str,
        names: &'static [&'static str],
        evidence: &'static [&'static str],
    ) -> Self {
        Classifier {
            package,
            also: None,
            number: Number::Ignored,
            names,
            evidence,
            compiled: OnceLock::new(),
        }
    }

    const fn number(mut self, number: Number) -> Self {
        self.number = number;
        self
    }

    const fn also(mut self, kind: PackageKind, name: &'static str) -> Self {
        self.also = Some((kind, name));
        self
    }

    /// Whether a file at this path is searched.
    pub(super) fn wants(&self, path: &str) -> bool {
        self.names.iter().any(|name| fits(name, path))
    }

    /// The compiled expressions; made once a process, on first use.
    pub(super) fn expressions(&self) -> &[Regex] {
        self.compiled.get_or_init(|| self.evidence.iter().filter_map(|e| compile(e)).collect())
    }
}

/// Whether the last parts of a path fit a name of the table.
fn fits(name: &str, path: &str) -> bool {
    let depth = name.matches('/').count();
    let start = path.rmatch_indices('/').nth(depth).map_or(0, |(at, _)| at + 1);
    let Some(tail) = path.get(start..) else { return false };
    let mut pieces = name.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| tail.strip_prefix(first)) else {
        return false;
    };
    let mut is_open = false;
    for piece in pieces {
        is_open = piece.is_empty();
        let Some(at) = rest.find(piece) else { return false };
        rest = rest.get(at + piece.len()..).unwrap_or_default();
    }
    rest.is_empty() || is_open
}

/// Rows for text files.
pub(super) static TEXTS: LazyLock<Vec<Classifier>> = LazyLock::new(|| {
    use Classifier as C;
    vec![
        // The Go distribution: the compiler and its tools; advisories call those `toolchain`.
        C::new("golang", &["VERSION"], &[r"\Ago(\d+\.\d+[0-9a-z.]*)"])
            .also(PackageKind::Golang, "toolchain"),
        C::new("java", &["release"], &[r#"(?m)^JAVA_VERSION="(\d[0-9A-Za-z._+-]*)""#]),
        C::new("erlang", &["OTP_VERSION"], &[r"\A(\d{2}\.\d+(?:\.\d+)*(?:-rc\d+)?)"]),
        C::new("elixir", &["ebin/elixir.app"], &[r#"\{vsn,\s{0,8}"(\d+\.\d+[0-9a-z.-]*)""#]),
        C::new("rabbitmq", &["ebin/rabbit.app"], &[r#"\{vsn,\s{0,8}"(\d+\.\d+[0-9a-z.-]*)""#]),
        C::new(
            "wordpress",
            &["wp-includes/version.php"],
            &[r#"\$wp_version\s{0,8}=\s{0,8}['"](\d[0-9A-Za-z.-]*)['"]"#],
        ),
    ]
});

/// Rows for executables and shared libraries.
pub(super) static EXECUTABLES: LazyLock<Vec<Classifier>> = LazyLock::new(|| {
    let mut rows = runtimes();
    rows.extend(servers());
    rows.extend(databases());
    rows.extend(network_tools());
    rows.extend(libraries());
    rows.extend(base_tools());
    rows
});

/// Language runtimes and compilers.
fn runtimes() -> Vec<Classifier> {
    use Classifier as C;
    const PYTHON: &str = r"[^0-9.]([23]\.\d{1,2}\.\d{1,2}(?:(?:a|b|rc)\d{1,2})?\+?)\x00";
    const RUBY: &str = r"ruby (\d+\.\d+\.\d+(?:preview\d+|rc\d+|dev)?)(?:p\d+)? \(\d{4}-\d\d-\d\d";
    vec![
        C::new("node", &["node", "nodejs", "libnode.so*"], &[r"node\.js/v(\d+\.\d+\.\d+)"]),
        C::new("deno", &["deno"], &[r"[^-]Deno/(\d+\.\d+\.\d+)"]),
        C::new("bun", &["bun"], &[r"Bun/(\d+\.\d+\.\d+)", r"bun-v(\d+\.\d+\.\d+)"]),
        C::new("python", &["python2.*", "python3.*"], &[PYTHON]).number(Number::Demanded),
        C::new("python", &["libpython2.*.so*", "libpython3.*.so*"], &[PYTHON])
            .number(Number::Demanded),
        C::new("ruby", &["ruby", "ruby2.*", "ruby3.*", "ruby4.*", "libruby*.so*"], &[RUBY])
            .number(Number::Fits),
        C::new("perl", &["perl", "perl5*", "libperl.so*"], &[r"\x00v(5\.\d{1,2}\.\d{1,2})\x00"]),
        C::new(
            "php",
            &["php", "php5*", "php7*", "php8*", "php-cgi*", "php-fpm*", "libphp*.so"],
            &[r"X-Powered-By: PHP/(\d+\.\d+\.\d+(?:(?:alpha|beta|RC)\d+)?)"],
        ),
        C::new(
            "lua",
            &["lua", "lua5*", "luac*", "liblua5*.so*"],
            &[r"Lua (5\.\d\.\d+)  Copyright"],
        )
        .number(Number::Fits),
        C::new(
            "luajit",
            &["luajit*", "libluajit*.so*"],
            &[r"LuaJIT (2\.\d+\.\d+[0-9a-z.-]{0,32})"],
        ),
        C::new(
            "tcl",
            &["tclsh*", "libtcl*.so*"],
            &[r"\x00(8\.\d\.\d+|9\.\d\.\d+)\x00tcl_patchLevel"],
        ),
        C::new(
            "rust",
            &["rustc", "librustc_driver-*.so"],
            &[r"rustc version (1\.\d+\.\d+(?:-nightly|-beta[.0-9]*)?) \([0-9a-f]{9} "],
        ),
        C::new(
            "gcc",
            &["gcc", "gcc-*", "*-gcc", "*-gcc-*"],
            &[r"\x00(\d{1,2}\.\d{1,2}\.\d)\x00\([^)\x00]{1,80}\) \x00"],
        ),
        C::new(
            "erlang-erts",
            &["beam.smp"],
            &[r"Erlang \(%s\) emulator version (\d+\.\d+(?:\.\d+)*)"],
        ),
    ]
}

/// Web, mail, name and other servers.
fn servers() -> Vec<Classifier> {
    use Classifier as C;
    vec![
        C::new("nginx", &["nginx", "nginx-debug"], &[r"\x00nginx/(\d+\.\d+\.\d+)"]),
        C::new("openresty", &["nginx", "openresty"], &[r"openresty/(\d+\.\d+\.\d+\.\d+)"]),
        C::new("apache", &["httpd", "apache2"], &[r"\x00Apache/(2\.\d+\.\d+)"]),
        C::new(
            "haproxy",
            &["haproxy"],
            &[r" version (\d+\.\d+(?:\.\d+|-dev\d+))[^,\x00]{0,60}, released "],
        ),
        C::new("lighttpd", &["lighttpd"], &[r"lighttpd/(1\.\d+\.\d+)"]),
        C::new("varnish", &["varnishd"], &[r"varnish-(\d+\.\d+\.\d+) revision"]),
        C::new("squid", &["squid"], &[r"\x00squid/(\d+\.\d+(?:\.\d+)?)"]),
        C::new("trafficserver", &["traffic_server"], &[r"ApacheTrafficServer/(\d+\.\d+\.\d+)"]),
        C::new("h2o", &["h2o"], &[r"h2o version (\d+\.\d+\.\d+)"]),
        C::new("nghttp2", &["nghttpx", "nghttpd"], &[r"nghttp2/(\d+\.\d+\.\d+)"]),
        C::new(
            "uwsgi",
            &["uwsgi", "uwsgi-core"],
            &[r"\x00(\d+\.\d+\.\d+(?:\.\d+)?)(?:-\w{1,20})?\x00listen_queue_errors"],
        ),
        C::new(
            "exim",
            &["exim", "exim4", "exim-*"],
            &[r"<<eximcnumber>>\x00(4\.\d+(?:\.\d+)*)\x00"],
        ),
        C::new(
            "postfix",
            &["libpostfix-global.so*", "postfix/*/master", "postfix/master"],
            &[r"mail_version[=\x00](\d+\.\d+\.\d+)"],
        ),
        C::new("dovecot", &["dovecot"], &[r"Dovecot v(\d+\.\d+\.\d+(?:\.\d+)?)"]),
        C::new("bind", &["named"], &[r"libisc-(9\.\d+\.\d+)", r"BIND (9\.\d+\.\d+)"]),
        C::new("unbound", &["unbound"], &[r"\x00unbound (1\.\d+\.\d+)"]),
        C::new("dnsmasq", &["dnsmasq"], &[r"dnsmasq-(2\.\d+)"]),
        C::new("nsd", &["nsd"], &[r"\x00NSD (\d+\.\d+\.\d+)\x00"]),
        C::new("knot", &["knotd"], &[r"Knot DNS (\d+\.\d+\.\d+)"]),
        C::new("pdns-recursor", &["pdns_recursor"], &[r"pdns-recursor (\d+\.\d+\.\d+)"]),
        C::new("mosquitto", &["mosquitto"], &[r"\x00(\d+\.\d+\.\d+)\x00mosquitto version %s"]),
        C::new("coturn", &["turnserver"], &[r"Coturn-(\d+\.\d+\.\d+)"]),
        C::new("freeradius", &["freeradius", "radiusd"], &[r"FreeRADIUS Version (\d+\.\d+\.\d+)"]),
        C::new("proftpd", &["proftpd"], &[r"ProFTPD Version (\d+\.\d+\.\d+(?:rc\d+|[a-z])?)"]),
        C::new("vsftpd", &["vsftpd"], &[r"\(vsFTPd (\d+\.\d+\.\d+)\)"]),
        C::new("pure-ftpd", &["pure-ftpd"], &[r"Pure-FTPd (\d+\.\d+\.\d+)"]),
        C::new("samba", &["smbd", "nmbd", "winbindd"], &[r"SAMBA_(4\.\d+\.\d+)"]),
        C::new("cups", &["cupsd"], &[r"\x00CUPS/(\d+\.\d+\.\d+) "]),
        C::new("openldap", &["slapd"], &[r"\$OpenLDAP: slapd (\d+\.\d+\.\d+)"]),
        C::new("keepalived", &["keepalived"], &[r"Keepalived v(\d+\.\d+\.\d+)"]),
        C::new("monit", &["monit"], &[r">monit (\d+\.\d+\.\d+)<"]),
        C::new("tor", &["tor"], &[r"\x00tor (0\.\d+\.\d+\.\d+(?:-alpha|-rc)?)\x00"]),
    ]
}

/// Databases, caches and their clients.
fn databases() -> Vec<Classifier> {
    use Classifier as C;
    // The build id is the version, the host that built it, a dash, ten digits of time and nine
    // more; next to it stand the fields of INFO, or what `redis-cli --version` prints.
    const REDIS: [&str; 3] = [
        r"\x00(\d{1,2}\.\d{1,2}\.\d{1,3})\x00(?:[0-9a-f]{0,40}\x00){0,2}(?:c11|sync|atomic)-builtin\x00",
        r"\x00(\d{1,2}\.\d{1,2}\.\d{1,3})\x00 ?\(git:%s",
        r"[^0-9.](\d{1,2}\.\d{1,2}\.\d{1,3})[a-z][a-z0-9-]{0,60}-\d{19}\x00",
    ];
    vec![
        C::new("redis", &["redis-server", "redis-cli", "redis-sentinel", "redis-check-*"], &REDIS),
        C::new(
            "mariadb",
            &["mariadbd", "mariadb", "mysqld", "mysql"],
            &[r"\x00(1\d\.\d+\.\d+)-MariaDB"],
        ),
        C::new(
            "mysql",
            &["mysqld", "mysql", "mysqldump", "mysqladmin", "libmysqlclient.so*"],
            &[r"/mysql-(\d+\.\d+\.\d+)/"],
        ),
        C::new("postgresql", &["postgres", "psql"], &[r"\(PostgreSQL\) (\d+(?:\.\d+){1,2})"]),
        C::new("memcached", &["memcached"], &[r"\x00memcached (\d+\.\d+\.\d+)"]),
        C::new(
            "sqlite",
            &["libsqlite3.so*", "sqlite3"],
            &[r"\x00(3\.\d{1,2}\.\d{1,2}(?:\.\d)?)\x00"],
        ),
    ]
}

/// Clients and tools of the network.
fn network_tools() -> Vec<Classifier> {
    use Classifier as C;
    vec![
        C::new("openssl", &["openssl"], &[OPENSSL]),
        C::new(
            "libressl",
            &["openssl", "libssl.so*", "libcrypto.so*"],
            &[r"LibreSSL (\d+\.\d+\.\d+)"],
        ),
        C::new("openssh", &["sshd", "ssh", "sshd-session"], &[r"OpenSSH_(\d+\.\d+p\d+)"]),
        C::new(
            "dropbear",
            &["dropbear", "dropbearmulti", "dbclient"],
            &[r"SSH-2\.0-dropbear_(\d{4}\.\d+)"],
        ),
        C::new(
            "openvpn",
            &["openvpn"],
            &[r"OpenVPN (\d+\.\d+(?:\.\d+|_\w{1,10})) [a-z0-9_]{1,20}-[a-z0-9_-]{1,40} "],
        ),
        C::new("stunnel", &["stunnel", "stunnel4"], &[r"stunnel (\d+\.\d+) on "]),
        C::new("curl", &["curl"], &[r"\x00curl/(\d+\.\d+\.\d+)"]),
        C::new("wget", &["wget"], &[r"\x00(1\.(?:1[0-9]|2[0-9])(?:\.\d{1,2})?)\x00"]),
        C::new("git", &["git"], &[r"git/(\d+\.\d+\.\d+(?:\.\d+)?)\x00"]),
        C::new("subversion", &["libsvn_subr-1.so*", "svn"], &[r"@\(#\)(1\.\d+\.\d+) \(r"]),
        C::new("wpa_supplicant", &["wpa_supplicant"], &[r"wpa_supplicant v(\d+\.\d+)"]),
    ]
}

const OPENSSL: &str = r"OpenSSL (\d+\.\d+\.\d+(?:[a-z]{1,2}|-(?:alpha|beta|pre)\d+)?)(?:-fips)?  ?\d{1,2} [A-Z][a-z]{2} \d{4}";

/// Shared libraries.
fn libraries() -> Vec<Classifier> {
    use Classifier as C;
    vec![
        C::new(
            "openssl",
            &["libssl.so*", "libcrypto.so*", "libssl-*.so*", "libcrypto-*.so*"],
            &[OPENSSL],
        ),
        C::new("libcurl", &["libcurl.so*", "libcurl-*.so*"], &[r"libcurl/(\d+\.\d+\.\d+)"]),
        C::new("zlib", &["libz.so*"], &[r" deflate (1\.\d+(?:\.\d+)*) Copyright"]),
        C::new("xz", &["liblzma.so*"], &[r"\x00(5\.\d+\.\d+(?:alpha|beta)?)\x00"]),
        C::new("bzip2", &["libbz2.so*"], &[r"\x00(1\.0\.\d), \d{1,2}-[A-Z][a-z]{2}-\d{4}"]),
        C::new("expat", &["libexpat.so*"], &[r"expat_(\d+\.\d+\.\d+)"]),
        C::new("libpng", &["libpng*.so*"], &[r"libpng version (1\.\d+\.\d+)"]),
        C::new("libtiff", &["libtiff.so*"], &[r"LIBTIFF, Version (\d+\.\d+\.\d+)"]),
        C::new(
            "libjpeg-turbo",
            &["libjpeg.so*", "libturbojpeg.so*"],
            &[r"libjpeg-turbo version (\d+\.\d+\.\d+)"],
        ),
        C::new("libarchive", &["libarchive.so*", "bsdtar"], &[r"libarchive (\d+\.\d+\.\d+)"]),
        C::new("libssh2", &["libssh2.so*"], &[r"libssh2_(\d+\.\d+\.\d+)"]),
        C::new("libssh", &["libssh.so*"], &[r"SSH-2\.0-libssh_(\d+\.\d+\.\d+)"]),
        C::new("libgit2", &["libgit2.so*"], &[r"libgit2 (\d+\.\d+\.\d+)"]),
        C::new("libgcrypt", &["libgcrypt.so*"], &[r"This is Libgcrypt (\d+\.\d+\.\d+)"]),
        C::new("gnutls", &["libgnutls.so*"], &[r"Enabled GnuTLS (\d+\.\d+\.\d+) logging"]),
        C::new("wolfssl", &["libwolfssl.so*"], &[r"wolfSSL (\d+\.\d+\.\d+)"]),
        C::new("nss", &["libnss3.so"], &[r"Version: NSS (3\.\d+(?:\.\d+)?)"]),
        C::new("krb5", &["libkrb5.so*"], &[r"KRB5_BRAND: krb5-(1\.\d+(?:\.\d+)?)-"]),
        C::new("pcre2", &["libpcre2-*.so*"], &[r"[^0-9.](10\.\d{2}) \d{4}-\d\d-\d\d\x00"]),
        C::new("pcre", &["libpcre.so*"], &[r"[^0-9.](8\.\d{2}) \d{4}-\d\d-\d\d\x00"]),
        C::new("libevent", &["libevent-*.so*", "libevent.so*"], &[r"\x00(2\.\d+\.\d+)-stable\x00"]),
        C::new(
            "ffmpeg",
            &["libavcodec.so*", "libavformat.so*"],
            &[r"FFmpeg version n?(\d+\.\d+(?:\.\d+)?)"],
        ),
        C::new("imagemagick", &["libMagickCore-*.so*"], &[r"ImageMagick (\d+\.\d+\.\d+-\d+)"]),
        C::new("ghostscript", &["libgs.so*"], &[r"/ghostscript/(\d+\.\d+(?:\.\d+)?)/Resource"]),
        C::new("glibc", &["libc.so.6", "libc-2.*.so"], &[r"stable release version (2\.\d+)"]),
        C::new(
            "musl",
            &["ld-musl-*.so.1", "*-linux-musl/libc.so"],
            &[r"\x00(1\.[0-2]\.\d{1,2})\x00"],
        ),
    ]
}

/// Shells and tools of the base system.
fn base_tools() -> Vec<Classifier> {
    use Classifier as C;
    vec![
        C::new("busybox", &["busybox", "busybox-*", "busybox.*"], &[r"BusyBox v(\d+\.\d+\.\d+)"]),
        C::new("bash", &["bash"], &[r"@\(#\)Bash version (\d+\.\d+\.\d+)"]),
        C::new("sudo", &["sudo"], &[r"Sudo version %s\n\x00(1\.\d+\.\d+(?:p\d+)?)\x00"]),
        C::new("xz", &["xz"], &[r"xz \(XZ Utils\) (5\.\d+\.\d+(?:alpha|beta)?)"]),
        C::new("zstd", &["zstd"], &[r"\x00v(1\.\d\.\d{1,2})\x00"]),
        C::new(
            "jq",
            &["jq"],
            &[r"\x00jq-(1\.\d+(?:\.\d+)?)\x00", r"\x00(1\.\d(?:\.\d)?)\x00DEBUG:"],
        ),
        C::new("gawk", &["gawk"], &[r"GNU Awk (\d+\.\d+\.\d+)"]),
        C::new("gnupg", &["gpg", "gpg2"], &[r"OpenPGP server (2\.\d+\.\d+) ready"]),
        C::new("tini", &["tini", "tini-*", "docker-init"], &[r"tini version (\d+\.\d+\.\d+)"]),
        C::new("ffmpeg", &["ffmpeg", "ffprobe"], &[r"\x00%s version n?(\d+\.\d+(?:\.\d+)?)"]),
        C::new("imagemagick", &["magick"], &[r"ImageMagick (\d+\.\d+\.\d+-\d+)"]),
        C::new("ghostscript", &["gs"], &[r"/ghostscript/(\d+\.\d+(?:\.\d+)?)/Resource"]),
        C::new("mupdf", &["mutool"], &[r"mudraw version (\d+\.\d+\.\d+)"]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_the_last_parts_of_a_path() {
        for (name, path, expect) in [
            ("nginx", "usr/sbin/nginx", true),
            ("nginx", "nginx", true),
            ("nginx", "usr/sbin/nginx-debug", false),
            ("nginx", "nginx/conf", false),
            ("libssl.so*", "usr/lib/libssl.so.3", true),
            ("libssl.so*", "usr/lib/libssl.so", true),
            ("libssl.so*", "usr/lib/xlibssl.so", false),
            ("libpython3.*.so*", "lib/libpython3.11.so.1.0", true),
            ("libc-2.*.so", "lib/libc-2.31.so", true),
            ("libc-2.*.so", "lib/libc-2.31.so.1", false),
            ("wp-includes/version.php", "var/www/wp-includes/version.php", true),
            ("wp-includes/version.php", "var/www/other/version.php", false),
            ("postfix/*/master", "usr/lib/postfix/sbin/master", true),
            ("ebin/rabbit.app", "rabbit.app", false),
        ] {
            assert_eq!(fits(name, path), expect, "{name} {path}");
        }
    }

    #[test]
    fn every_expression_compiles_captures_and_is_short() {
        for row in TEXTS.iter().chain(EXECUTABLES.iter()) {
            assert_eq!(row.expressions().len(), row.evidence.len(), "{}", row.package);
            for expression in row.expressions() {
                assert_eq!(expression.captures_len(), 2, "{}: {expression}", row.package);
            }
        }
        let packages: std::collections::BTreeSet<_> =
            TEXTS.iter().chain(EXECUTABLES.iter()).map(|row| row.package).collect();
        assert!(packages.len() >= 40, "{}", packages.len());
    }
}
