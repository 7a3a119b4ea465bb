//! Inert files with the bytes that stand around the version in the real programs.
//!
//! `VERIFIED` rows were seen in real builds (Debian 12 packages; upstream builds of node, deno,
//! bun, redis and CPython); `DESCRIBED` ones follow the projects' sources.

use super::*;
use crate::executable::fixture::Elf;
use crate::testing::{Paged, analyze, analyze_content, check};

/// Path, bytes around the version, package, version.
type Sample = (&'static str, &'static [u8], &'static str, &'static str);

const VERIFIED: &[Sample] = &[
    ("usr/bin/node", b"/json\0node.js/v20.20.2\0(delegate_)", "node", "20.20.2"),
    ("usr/lib/libnode.so.108", b"\0node.js/v18.20.4\0", "node", "18.20.4"),
    (
        "usr/bin/deno",
        b"OTel-OTLP-Exporter-Deno/0.82.0grpc fe7ed01Deno/2.9.8Deno/2",
        "deno",
        "2.9.8",
    ),
    ("usr/bin/bun", b"\0\0Bun/1.4.5\0\0", "bun", "1.4.5"),
    ("usr/bin/python3.11", b"\x003.40.1\0pymalloc_debug\x003.11.2\0strict\0", "python", "3.11.2"),
    ("usr/lib/libpython3.11.so.1.0", b"\x001.2.13\0\x003.11.2\0%.80s", "python", "3.11.2"),
    ("opt/lib/libpython3.6m.so.1.0", b"/versions/3.6.15\0EXEC_PREFIX\0", "python", "3.6.15"),
    ("opt/bin/python2.7", b"/build/Python-2.7.18\0./Modules", "python", "2.7.18"),
    ("usr/lib/libruby-3.1.so.3.1.2", b"\0ruby 3.1.2p20 (2022-04-12 revision", "ruby", "3.1.2"),
    ("usr/bin/perl", b"_SEED\0v5.36.0\0panic: sysconf", "perl", "5.36.0"),
    ("usr/bin/php8.2", b"%s,%s\0X-Powered-By: PHP/8.2.36\0ZEND", "php", "8.2.36"),
    ("usr/bin/lua5.4", b"\0$LuaVersion: Lua 5.4.4  Copyright (C) 1994", "lua", "5.4.4"),
    ("usr/lib/libluajit-5.1.so.2", b"\0LuaJIT 2.1.0-beta3\0jit\0", "luajit", "2.1.0-beta3"),
    ("usr/lib/libtcl8.6.so", b"pointerSize\x008.6.13\0tcl_patchLevel\0", "tcl", "8.6.13"),
    ("opt/bin/rustc", b"\0rustc version 1.95.0 (59807616e 2026-04-14)\0", "rust", "1.95.0"),
    (
        "usr/bin/x86_64-linux-gnu-gcc-12",
        b" zstd\x0012.2.0\0(Debian 12.2.0-14) \0gcc",
        "gcc",
        "12.2.0",
    ),
    ("lib/beam.smp", b"\0Erlang (%s) emulator version 13.1.5\n\0", "erlang-erts", "13.1.5"),
    ("usr/sbin/nginx", b"\0nginx/1.22.1\0crypt_r() failed\0", "nginx", "1.22.1"),
    ("usr/sbin/apache2", b"mailto:\0Apache/2.4.71\0 Server at ", "apache", "2.4.71"),
    (
        "usr/sbin/haproxy",
        b"\0 version 2.6.12-1+deb12u4, released 2026/10/17\0",
        "haproxy",
        "2.6.12",
    ),
    ("usr/sbin/lighttpd", b"\0lighttpd/1.4.69\0server\0", "lighttpd", "1.4.69"),
    ("usr/sbin/varnishd", b"\0varnish-7.1.1 revision 7cee1c58", "varnish", "7.1.1"),
    ("usr/sbin/squid", b"\0squid/5.7\0;\t ", "squid", "5.7"),
    ("usr/bin/traffic_server", b"\0ApacheTrafficServer/9.2.9\0", "trafficserver", "9.2.9"),
    ("usr/bin/h2o", b"\0h2o version 2.2.5\0OpenSSL", "h2o", "2.2.5"),
    ("usr/sbin/nghttpx", b"\0nghttpx nghttp2/1.52.0\0", "nghttp2", "1.52.0"),
    ("usr/bin/uwsgi-core", b"default\x002.0.21-debian\0listen_queue_errors\0", "uwsgi", "2.0.21"),
    ("usr/sbin/exim4", b"<<eximcnumber>>\x004.96\0<<eximversion>>\0", "exim", "4.96"),
    ("usr/lib/postfix/sbin/master", b"\0mail_version=3.7.11\0MAIL_VERBOSE", "postfix", "3.7.11"),
    ("usr/lib/postfix/libpostfix-global.so", b"\0mail_version\x003.7.11\0", "postfix", "3.7.11"),
    ("usr/sbin/dovecot", b"\0Dovecot v2.3.19.1 (9b53102964) starting", "dovecot", "2.3.19.1"),
    ("usr/sbin/named", b"\0libisc-9.18.49-1~deb12u3-Debian.so\0", "bind", "9.18.49"),
    ("usr/sbin/unbound", b"\0unbound 1.17.1\0start of service", "unbound", "1.17.1"),
    ("usr/sbin/dnsmasq", b"\0dnsmasq-2.90\0version.bind", "dnsmasq", "2.90"),
    ("usr/sbin/nsd", b"\0NSD 4.6.1\0closing", "nsd", "4.6.1"),
    ("usr/sbin/knotd", b"\0Knot DNS 3.2.6\0ZONE", "knot", "3.2.6"),
    ("usr/sbin/pdns_recursor", b"\0pdns-recursor 4.8.8\0", "pdns-recursor", "4.8.8"),
    ("usr/sbin/mosquitto", b"remapping.\x002.0.11\0mosquitto version %s\n", "mosquitto", "2.0.11"),
    ("usr/bin/turnserver", b"\0Coturn-4.6.1 'Gorst'\0", "coturn", "4.6.1"),
    ("usr/sbin/freeradius", b"\0FreeRADIUS Version 3.2.1, for host", "freeradius", "3.2.1"),
    ("usr/sbin/proftpd", b"\0ProFTPD Version 1.3.8\0LANG", "proftpd", "1.3.8"),
    ("usr/sbin/vsftpd", b"\0(vsFTPd 3.0.3)\0USER", "vsftpd", "3.0.3"),
    ("usr/sbin/pure-ftpd", b"#Software: Pure-FTPd 1.0.50\n", "pure-ftpd", "1.0.50"),
    ("usr/sbin/smbd", b"\0SAMBA_4.17.12_DEBIAN_SAMBA4\0", "samba", "4.17.12"),
    ("usr/sbin/cupsd", b"\0CUPS/2.4.2 IPP/2.1\0", "cups", "2.4.2"),
    ("usr/sbin/slapd", b"@(#) $OpenLDAP: slapd 2.5.13+dfsg-5 (", "openldap", "2.5.13"),
    ("usr/sbin/keepalived", b"\0Keepalived v2.2.7 (01/16,2022)\0", "keepalived", "2.2.7"),
    ("usr/bin/monit", b"/monit/'>monit 5.33.0</a>", "monit", "5.33.0"),
    ("usr/bin/tor", b"\0tor 0.4.9.11\0\0", "tor", "0.4.9.11"),
    ("usr/bin/redis-server", b"\0err\x007.0.15\0c11-builtin\0", "redis", "7.0.15"),
    ("usr/bin/redis-cli", b"TLS Error: %s\n\x007.0.15\0 (git:%s\0", "redis", "7.0.15"),
    ("opt/redis-server", b"\x006.2.14\x0000000000\0atomic-builtin\0", "redis", "6.2.14"),
    ("usr/sbin/mariadbd", b"\x0010.11.19-MariaDB\0x86_64\0", "mariadb", "10.11.19"),
    ("usr/sbin/mysqld", b"../../mysql-8.4.2/mysys/my_thr_init.cc", "mysql", "8.4.2"),
    (
        "usr/lib/postgresql/15/bin/postgres",
        b"\0postgres (PostgreSQL) 15.20 (",
        "postgresql",
        "15.20",
    ),
    ("usr/bin/memcached", b"\0memcached 1.6.18\n\0", "memcached", "1.6.18"),
    ("usr/lib/libsqlite3.so.0.8.6", b"\x08\0\x003.40.1\0", "sqlite", "3.40.1"),
    ("usr/bin/openssl", b"N/A\0OpenSSL 3.0.22 25 Aug 2026\0", "openssl", "3.0.22"),
    ("usr/lib/libcrypto.so.3", b"@\0OpenSSL 3.0.22 25 Aug 2026\x003.0.22\0", "openssl", "3.0.22"),
    ("usr/sbin/sshd", b"\0OpenSSH_9.2\0%s\0verifier\0OpenSSH_9.2p1\0SSH", "openssh", "9.2p1"),
    ("usr/sbin/dropbear", b"KEXINIT\0SSH-2.0-dropbear_2022.83\0", "dropbear", "2022.83"),
    (
        "usr/sbin/openvpn",
        b"OpenVPN 2.6.0+).\0OpenVPN 2.6.14 x86_64-pc-linux-gnu [SSL",
        "openvpn",
        "2.6.14",
    ),
    ("usr/bin/stunnel4", b"\0stunnel 5.68 on x86_64", "stunnel", "5.68"),
    ("usr/bin/curl", b"\0curl/7.88.1\0", "curl", "7.88.1"),
    ("usr/bin/wget", b"-Wall\x001.2.13\x001.21.3\0\0", "wget", "1.21.3"),
    ("usr/bin/git", b"\xfe\xffgit/2.39.5\0GIT_USER_AGENT", "git", "2.39.5"),
    ("usr/lib/libsvn_subr-1.so.1.0.0", b"\0@(#)1.14.2 (r1899510)\0", "subversion", "1.14.2"),
    ("sbin/wpa_supplicant", b"\0wpa_supplicant v2.10\nCopyright", "wpa_supplicant", "2.10"),
    ("usr/lib/libcurl.so.4.8.0", b"CLIENT libcurl 7.88.1\0libcurl/7.88.1\0", "libcurl", "7.88.1"),
    ("lib/libz.so.1.2.13", b"\xef\x02- deflate 1.2.13 Copyright 1995", "zlib", "1.2.13"),
    ("lib/liblzma.so.5.4.1", b"\0\x005.4.1\0\0", "xz", "5.4.1"),
    ("lib/libbz2.so.1.0.4", b"w\0r\x001.0.8, 13-Jul-2019\0OK", "bzip2", "1.0.8"),
    ("lib/libexpat.so.1.8.10", b"\0expat_2.5.0\0", "expat", "2.5.0"),
    ("lib/libpng16.so.16.39.0", b"\nlibpng version 1.6.39\nCopyright", "libpng", "1.6.39"),
    ("lib/libtiff.so.6", b"\0LIBTIFF, Version 4.5.0\n", "libtiff", "4.5.0"),
    ("lib/libjpeg.so.62.3.0", b"\0libjpeg-turbo version 2.1.5 (build", "libjpeg-turbo", "2.1.5"),
    ("lib/libarchive.so.13.6.2", b"\0libarchive 3.6.2\0", "libarchive", "3.6.2"),
    ("lib/libssh2.so.1.0.1", b"\0SSH-2.0-libssh2_1.10.0\r\n", "libssh2", "1.10.0"),
    ("lib/libssh.so.4", b"\0SSH-2.0-libssh_0.10.6\0", "libssh", "0.10.6"),
    ("lib/libgit2.so.1.5.1", b"--\nlibgit2 1.5.1\n", "libgit2", "1.5.1"),
    ("lib/libgcrypt.so.20", b"\n\nThis is Libgcrypt 1.10.1 - The GNU", "libgcrypt", "1.10.1"),
    ("lib/libgnutls.so.30.34.3", b"\0Enabled GnuTLS 3.7.9 logging...", "gnutls", "3.7.9"),
    ("lib/libwolfssl.so.35", b"\0wolfSSL 5.5.4\0", "wolfssl", "5.5.4"),
    ("lib/libnss3.so", b"\xff\xffVersion: NSS 3.87.1\0", "nss", "3.87.1"),
    ("lib/libkrb5.so.3.3", b"\0KRB5_BRAND: krb5-1.20.1-final 1.20.1", "krb5", "1.20.1"),
    ("lib/libpcre2-8.so.0.11.2", b"y\x0010.42 2022-12-11\0", "pcre2", "10.42"),
    ("lib/libpcre.so.3.13.3", b"\xfe\xff8.39 2016-06-14\0", "pcre", "8.39"),
    ("lib/libevent-2.1.so.7.0.1", b"\x002.1.12-stable\0EV_TIMEOUT", "libevent", "2.1.12"),
    ("lib/libavcodec.so.59", b"\0FFmpeg version 5.1.9-0+deb12u1\0", "ffmpeg", "5.1.9"),
    ("lib/libMagickCore-6.Q16.so.6", b"\0ImageMagick 6.9.11-60 Q16", "imagemagick", "6.9.11-60"),
    (
        "lib/libgs.so.10.00",
        b"/usr/share/ghostscript/10.00.0/Resource/Init",
        "ghostscript",
        "10.00.0",
    ),
    ("lib/libc.so.6", b"(Debian GLIBC 2.36-9) stable release version 2.36.\n", "glibc", "2.36"),
    ("lib/ld-musl-x86_64.so.1", b"/proc/self/fd/\x001.2.3\0Unsupported", "musl", "1.2.3"),
    ("bin/busybox", b"\0BusyBox v1.35.0 (Debian 1:1.35.0-4)\0", "busybox", "1.35.0"),
    ("bin/bash", b"\0@(#)Bash version 5.2.15(1) release GNU\0", "bash", "5.2.15"),
    ("usr/bin/sudo", b"\0Sudo version %s\n\x001.9.13p3\0Configure", "sudo", "1.9.13p3"),
    ("usr/bin/xz", b"\0xz (XZ Utils) 5.4.1\0liblzma", "xz", "5.4.1"),
    ("usr/bin/zstd", b"Enabled\0v1.5.4\0Zstandard CLI\0", "zstd", "1.5.4"),
    ("usr/bin/jq", b"failed: %s\n\x001.6\0DEBUG:\0", "jq", "1.6"),
    ("usr/bin/gawk", b"\0GNU Awk 5.2.1\0", "gawk", "5.2.1"),
    ("usr/bin/gpg", b"Guard's OpenPGP server 2.2.40 ready", "gnupg", "2.2.40"),
    ("usr/bin/tini", b"\0tini version 0.19.0\0", "tini", "0.19.0"),
    ("usr/bin/ffmpeg", b"specified.\n\0%s version 5.1.9-0+deb12u1\0", "ffmpeg", "5.1.9"),
    ("usr/bin/mutool", b"\0mudraw version 1.21.1\nUsage", "mupdf", "1.21.1"),
];

const DESCRIBED: &[Sample] = &[
    ("opt/nginx/sbin/nginx", b"\0openresty/1.21.4.1\0", "openresty", "1.21.4.1"),
    ("usr/bin/openssl", b"\0LibreSSL 3.8.2\0", "libressl", "3.8.2"),
    ("usr/bin/openssl", b"\0OpenSSL 1.0.2k-fips  26 Jan 2017\0", "openssl", "1.0.2k"),
    ("lib/libssl.so.1.1", b"\0OpenSSL 1.1.1w  11 Sep 2023\0", "openssl", "1.1.1w"),
    ("bin/redis-server", b"\x007.2.4buildkitsandbox-1704756000000000000\0", "redis", "7.2.4"),
    ("usr/bin/jq", b"\0jq-1.7.1\0", "jq", "1.7.1"),
    ("usr/bin/magick", b"\0ImageMagick 7.1.1-20 Q16", "imagemagick", "7.1.1-20"),
    ("usr/bin/gs", b"/usr/share/ghostscript/9.55.0/Resource", "ghostscript", "9.55.0"),
];

fn program(bytes: &[u8]) -> Vec<u8> {
    Elf::new(true, false).part(".rodata", bytes, false).build()
}

fn generic(path: &str, bytes: &[u8]) -> Vec<String> {
    let found = analyze(path, &program(bytes));
    found.packages.iter().map(|p| format!("{} {} {}", p.kind, p.name, p.version)).collect()
}

#[test]
fn finds_the_version_in_each() {
    for (path, bytes, package, version) in VERIFIED.iter().chain(DESCRIBED) {
        assert_eq!(generic(path, bytes), [format!("generic {package} {version}")], "{path}");
        assert!(generic(&format!("{path}-other/readme"), bytes).is_empty(), "{path}");
    }
}

#[test]
fn every_row_has_a_sample() {
    let samples: Vec<_> = VERIFIED.iter().chain(DESCRIBED).map(|sample| sample.2).collect();
    for row in EXECUTABLES.iter() {
        assert!(samples.contains(&row.package), "{}", row.package);
    }
}

#[test]
fn the_number_in_the_name_must_fit() {
    let sqlite_only = b"\x003.40.1\0";
    assert!(generic("usr/bin/python3.11", sqlite_only).is_empty());
    assert!(generic("usr/bin/python3", b"\x003.11.2\0").is_empty());
    assert!(generic("usr/bin/python3.1", b"\x003.11.2\0").is_empty());
    assert!(generic("usr/bin/lua5.3", b"Lua 5.4.4  Copyright").is_empty());
}

#[test]
fn a_version_across_two_windows_is_found() {
    let text = b"\0nginx/1.22.1\0";
    for split in 0..=text.len() {
        let mut bytes = vec![b'.'; crate::limits::SEARCH_WINDOW_BYTES - split];
        bytes.extend_from_slice(text);
        bytes.resize(bytes.len() + 9_000, b'.');
        bytes[..4].copy_from_slice(b"\x7fELF");
        let mut found = Analysis::default();
        let entry = FileEntry {
            path: "usr/sbin/nginx".to_owned(),
            kind: model::FileKind::Regular,
            size_bytes: bytes.len() as u64,
            mode: 0o755,
            uid: 0,
            gid: 0,
        };
        VersionString.analyze(&entry, &Paged(&bytes), &mut found).unwrap();
        assert_eq!(found.packages.len(), 1, "{split}");
    }
}

#[test]
fn text_files_tell_too() {
    check(
        "usr/local/go/VERSION",
        b"go1.22.3\ntime 2024-05-01\n",
        &["golang 1.22.3", "toolchain 1.22.3"],
    );
    check("srv/app/VERSION", b"1.2.3\n", &[]);
    check("lib/releases/25/OTP_VERSION", b"25.2.3\n", &["erlang 25.2.3"]);
    check(
        "x/ebin/elixir.app",
        b"[{description,\"elixir\"},\n {vsn,\"1.14.0\"},",
        &["elixir 1.14.0"],
    );
    check("x/ebin/rabbit.app", b"\t{vsn, \"3.10.8\"},", &["rabbitmq 3.10.8"]);
    check("opt/jdk/release", b"IMPLEMENTOR=\"X\"\nJAVA_VERSION=\"17.0.8.1\"\n", &["java 17.0.8.1"]);
    check("etc/release", b"Alpine 3.19\n", &[]);
    let php = b"<?php\n/**\n * @global string $wp_version\n */\n$wp_version = '6.4.2';\n";
    check("var/www/wp-includes/version.php", php, &["wordpress 6.4.2"]);
    check("var/www/other/version.php", php, &[]);
}

#[test]
fn every_text_row_is_asked_for() {
    for row in TEXTS.iter() {
        for name in row.names {
            let last = name.rsplit('/').next().unwrap();
            assert!(VersionFile.patterns().contains(&Pattern::Name(last)), "{name}");
        }
    }
}

#[test]
fn large_files_are_read_in_windows_and_named_files_only() {
    let bytes = program(&vec![b'.'; 3 << 20]);
    let (found, errors) = analyze_content("usr/sbin/nginx", &Paged(&bytes));
    assert!(found.is_empty() && errors.is_empty());
}
