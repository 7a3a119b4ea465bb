//! OSV documents of every vendor, and the statements they come to.

use model::{Affected, FixState, NameOf, RangeEnd};

use super::*;
use crate::Record;

fn read(home: Option<Vendor>, document: &str) -> Advisory {
    let feed = OsvFeed::new("test".to_owned(), home);
    let mut reading = feed.read("document", document.as_bytes()).expect("valid");
    assert_eq!(reading.records.len(), 1, "{reading:?}");
    match reading.records.remove(0) {
        Record::Advisory(advisory) => *advisory,
        other => panic!("{other:?}"),
    }
}

/// One line a package: where, name, spans, and what is particular about it.
fn lines(advisory: &Advisory) -> Vec<String> {
    advisory.affected.iter().map(line).collect()
}

fn line(affected: &Affected) -> String {
    let mut line = format!("{} {}", affected.ecosystem, affected.package);
    if affected.name_of == NameOf::Source {
        line += " (source)";
    }
    for range in &affected.ranges {
        let from = range.introduced.as_deref().unwrap_or("*");
        line += &match &range.end {
            RangeEnd::Fixed(version) => format!(" [{from}, {version})"),
            RangeEnd::LastAffected(version) => format!(" [{from}, {version}]"),
            RangeEnd::Open => format!(" [{from}, ..)"),
        };
    }
    if !affected.versions.is_empty() {
        line += &format!(" {{{}}}", affected.versions.join(" "));
    }
    line += &format!(" {}", affected.fix_state);
    if let Some(severity) = affected.severity {
        line += &format!(" {severity}");
    }
    if let Some(module) = &affected.module {
        line += &format!(" module {module}");
    }
    if !affected.cpes.is_empty() {
        line += &format!(" of {}", affected.cpes.join(" "));
    }
    line
}

#[test]
fn reads_a_language_advisory() {
    let advisory = read(
        Some(Vendor::Language("pypi")),
        r####"{"id":"GHSA-aaaa-bbbb-cccc","modified":"2024-05-01T00:00:00Z",
            "aliases":["CVE-2024-1","17"],"summary":"","details":"### Impact\nIt  breaks.",
            "severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}],
            "database_specific":{"severity":"MODERATE","cwe_ids":["CWE-1"]},
            "affected":[
              {"package":{"ecosystem":"PyPI","name":"Foo_Bar"},
               "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1.2"}]}],
               "versions":["1.0","1.1"]},
              {"package":{"ecosystem":"PyPI","name":"baz"},"versions":["2.0"]},
              {"package":{"ecosystem":"npm","name":"elsewhere"},"versions":["2.0"]}]}"####,
    );
    assert_eq!(lines(&advisory), ["pypi baz {2.0} affected", "pypi foo-bar [*, 1.2) fixed"]);
    assert_eq!(advisory.aliases, [AdvisoryId("CVE-2024-1".to_owned())]);
    assert_eq!(advisory.summary, "It breaks.");
    assert_eq!(advisory.severity, Severity::Medium);
    assert_eq!(advisory.cvss.len(), 1);
}

#[test]
fn a_malicious_package_without_versions_is_malicious_in_all() {
    let advisory = read(
        None,
        r#"{"id":"MAL-2024-1","modified":"2024-05-01T00:00:00Z",
            "affected":[{"package":{"ecosystem":"npm","name":"evil"}}]}"#,
    );
    assert_eq!(lines(&advisory), ["npm evil [*, ..) affected"]);
    assert_eq!(advisory.kind, AdvisoryKind::Malicious);
}

#[test]
fn reads_debian_urgencies_and_leaves_alpine_to_alpine() {
    let advisory = read(
        Some(Vendor::Debian),
        r#"{"id":"CVE-2024-1","modified":"2024-05-01T00:00:00Z","aliases":["CVE-2024-2","GHSA-x-y-z"],
            "related":["DSA-1-1"],"affected":[
              {"package":{"ecosystem":"Debian:12","name":"curl"},
               "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}],
               "ecosystem_specific":{"urgency":"unimportant"}},
              {"package":{"ecosystem":"Debian:11","name":"curl"},
               "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}],
               "ecosystem_specific":{"urgency":"end-of-life"}},
              {"package":{"ecosystem":"Debian:13","name":"curl"},
               "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"8-1"}]}],
               "ecosystem_specific":{"urgency":"not yet assigned"}},
              {"package":{"ecosystem":"Alpine:v3.19","name":"curl"},
               "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"8-r1"}]}]}]}"#,
    );
    assert_eq!(
        lines(&advisory),
        [
            "debian:11 curl (source) [*, ..) end of life",
            "debian:12 curl (source) [*, ..) affected negligible",
            "debian:13 curl (source) [*, 8-1) fixed",
        ]
    );
    assert_eq!(advisory.aliases, [AdvisoryId("GHSA-x-y-z".to_owned())]);
    assert!(advisory.covers.is_empty());
}

#[test]
fn a_repair_in_version_0_says_never_vulnerable() {
    let advisory = read(
        Some(Vendor::Alpine),
        r#"{"id":"CVE-2024-1","modified":"2024-05-01T00:00:00Z","affected":[
              {"package":{"ecosystem":"Alpine:v3.19","name":"xen"},
               "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"0"}]}]}]}"#,
    );
    assert_eq!(lines(&advisory), ["alpine:3.19 xen (source) [*, ..) not affected"]);
}

#[test]
fn the_oldest_build_of_a_rebuilt_module_counts() {
    let advisory = read(
        Some(Vendor::Rocky),
        r#"{"id":"RLSA-2024:1","modified":"2024-05-01T00:00:00Z","related":["CVE-2024-1"],
            "summary":"Low: virt:rhel and virt-devel:rhel security update","affected":[
              {"package":{"ecosystem":"Rocky Linux:8","name":"netcf"},
               "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},
                 {"fixed":"0:0.2.8-12.module+el8.5.0+2608+7"}]}]},
              {"package":{"ecosystem":"Rocky Linux:8","name":"netcf"},
               "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},
                 {"fixed":"0:0.2.8-12.module+el8.3.0+2048+e"}]}]}]}"#,
    );
    let fixed = "rocky:8 netcf (source) [*, 0:0.2.8-12.module+el8.3.0+2048+e) fixed";
    let expect = [format!("{fixed} module virt-devel:rhel"), format!("{fixed} module virt:rhel")];
    assert_eq!(lines(&advisory), expect);
}

#[test]
fn joins_red_hat_products_and_knows_modules() {
    let advisory = read(
        Some(Vendor::RedHat),
        r#"{"id":"RHSA-2024:1","modified":"2024-05-01T00:00:00Z",
            "related":["CVE-2024-2","CVE-2024-1"],
            "summary":"Red Hat Security Advisory: nodejs:18 security update",
            "severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N"}],
            "references":[{"type":"ARTICLE",
              "url":"https://access.redhat.com/security/updates/classification/#important"}],
            "affected":[
              {"package":{"ecosystem":"Red Hat:enterprise_linux:8::appstream","name":"nodejs"},
               "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},
                 {"fixed":"1:18.1-1.module+el8.9.0+1+a"}]}]},
              {"package":{"ecosystem":"Red Hat:enterprise_linux:8::crb","name":"nodejs"},
               "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},
                 {"fixed":"1:18.1-1.module+el8.9.0+1+a"}]}]},
              {"package":{"ecosystem":"Red Hat:openshift:4.1","name":"hyperkube"},
               "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"0:4.1-1.el7"}]}]},
              {"package":{"ecosystem":"Red Hat:certificate_system:7.2","name":"pkisetup"},
               "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"0:7.2.0-7"}]}]},
              {"package":{"ecosystem":"Red Hat:enterprise_linux:8::crb","name":"nodejs-debuginfo"},
               "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1:18-1.el8"}]}]}
            ]}"#,
    );
    assert_eq!(
        lines(&advisory),
        [
            "rhel:7 hyperkube [*, 0:4.1-1.el7) fixed of cpe:/a:redhat:openshift:4.1",
            "rhel:8 nodejs [*, 1:18.1-1.module+el8.9.0+1+a) fixed module nodejs:18 of \
             cpe:/a:redhat:enterprise_linux:8::appstream cpe:/a:redhat:enterprise_linux:8::crb",
        ]
    );
    assert_eq!(advisory.severity, Severity::High);
    assert_eq!(advisory.summary, "nodejs:18 security update");
    assert_eq!(advisory.covers.len(), 2);
    assert!(advisory.cvss.is_empty(), "two vulnerabilities share no vector");
}

#[test]
fn takes_binary_packages_of_suse_once() {
    let advisory = read(
        Some(Vendor::Suse),
        r#"{"id":"SUSE-SU-2024:1-1","modified":"2024-05-01T00:00:00Z","related":["CVE-2024-1"],
            "affected":[
              {"package":{"ecosystem":"SUSE:Linux Enterprise Server 15 SP4","name":"audit"},
               "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2-1"}]}],
               "ecosystem_specific":{"binaries":[{"audit":"2-3","libaudit1":"2-1"}]}},
              {"package":{"ecosystem":"SUSE:Linux Enterprise Server 15 SP4-LTSS","name":"audit"},
               "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2-1"}]}],
               "ecosystem_specific":{"binaries":[{"libaudit1":"2-1","audit-debuginfo":"2-1"}]}},
              {"package":{"ecosystem":"SUSE:Manager Server 4.3","name":"audit"},
               "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2-1"}]}]}]}"#,
    );
    assert_eq!(
        lines(&advisory),
        ["sles:15.4 audit [*, 2-3) fixed", "sles:15.4 libaudit1 [*, 2-1) fixed"]
    );
}

#[test]
fn shows_ubuntu_pro_repairs_as_out_of_standard_reach() {
    let advisory = read(
        None,
        r#"{"id":"UBUNTU-CVE-2024-1","modified":"2024-05-01T00:00:00Z",
            "severity":[{"type":"Ubuntu","score":"medium"}],
            "affected":[
              {"package":{"ecosystem":"Ubuntu:18.04:LTS","name":"curl"},
               "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]},
              {"package":{"ecosystem":"Ubuntu:Pro:18.04:LTS","name":"curl"},
               "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"7+esm1"}]}]},
              {"package":{"ecosystem":"Ubuntu:22.04:LTS","name":"curl"},
               "ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"8"}]}]}]}"#,
    );
    assert_eq!(
        lines(&advisory),
        [
            "ubuntu:18.04 curl (source) [*, 7+esm1) affected",
            "ubuntu:22.04 curl (source) [*, 8) fixed"
        ]
    );
    assert_eq!(advisory.aliases, [AdvisoryId("CVE-2024-1".to_owned())]);
    assert_eq!(advisory.severity, Severity::Medium);
}

#[test]
fn bug_fixes_without_vulnerabilities_say_nothing() {
    let feed = OsvFeed::new("alma".to_owned(), None);
    let document = |related: &str| {
        format!(
            r#"{{"id":"ALBA-2024:1","modified":"2024-05-01T00:00:00Z","related":[{related}],
                "affected":[{{"package":{{"ecosystem":"AlmaLinux:8","name":"a"}},"ranges":
                [{{"type":"ECOSYSTEM","events":[{{"introduced":"0"}},{{"fixed":"1"}}]}}]}}]}}"#
        )
    };
    let records =
        |related: &str| feed.read("x", document(related).as_bytes()).expect("valid").records.len();
    assert_eq!(records(""), 0);
    assert_eq!(records(r#""CVE-2024-1""#), 1);
}

#[test]
fn reads_yaml_and_withdrawn_documents() {
    let advisory = read(
        None,
        "id: PYSEC-2024-1\nmodified: 2024-05-01T00:00:00Z\nwithdrawn: 2024-06-01T00:00:00Z\n\
         details: gone\naffected:\n- package: {name: Six, ecosystem: PyPI}\n  ranges:\n  - type: \
         ECOSYSTEM\n    events:\n    - introduced: \"0\"\n    - fixed: 1.10\n",
    );
    assert!(advisory.withdrawn);
    assert_eq!(lines(&advisory), ["pypi six [*, 1.10) fixed"]);
    assert_eq!(advisory.affected[0].fix_state, FixState::Fixed);
}

#[test]
fn refuses_what_is_no_document() {
    let feed = OsvFeed::new("x".to_owned(), None);
    for bytes in [&b"{"[..], b"", b"[]", b"{\"id\":1}", b"\xff\xfe", b"id: [", b"{\"id\":\"A-1\"}"]
    {
        assert!(feed.read("x", bytes).is_err(), "{bytes:?}");
    }
}
