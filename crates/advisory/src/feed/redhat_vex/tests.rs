//! VEX documents in both shapes that Red Hat has published modules in.

use super::*;

const TREE: &str = r#""product_tree":{"branches":[{"category":"vendor","branches":[
  {"product":{"product_id":"rhel8","product_identification_helper":
    {"cpe":"cpe:/o:redhat:enterprise_linux:8"}}},
  {"product":{"product_id":"rhel7","product_identification_helper":
    {"cpe":"cpe:/o:redhat:enterprise_linux:7"}}},
  {"product":{"product_id":"AppStream","product_identification_helper":
    {"cpe":"cpe:/a:redhat:enterprise_linux:9::appstream"}}},
  {"product":{"product_id":"curl.src","product_identification_helper":
    {"purl":"pkg:rpm/redhat/curl?arch=src"}}},
  {"product":{"product_id":"curl","product_identification_helper":
    {"purl":"pkg:rpm/redhat/curl"}}},
  {"product":{"product_id":"nodejs","product_identification_helper":
    {"purl":"pkg:rpm/redhat/nodejs?arch=src&rpmmod=nodejs:18"}}},
  {"product":{"product_id":"image","product_identification_helper":
    {"purl":"pkg:oci/ubi?repository_url=x"}}},
  {"product":{"product_id":"curl-8-1.el9.x86_64","product_identification_helper":
    {"purl":"pkg:rpm/redhat/curl@8-1.el9?arch=x86_64&epoch=1"}}},
  {"product":{"product_id":"curl-8-1.el9.aarch64","product_identification_helper":
    {"purl":"pkg:rpm/redhat/curl@8-1.el9?arch=aarch64&epoch=1"}}},
  {"product":{"product_id":"curl-debuginfo","product_identification_helper":
    {"purl":"pkg:rpm/redhat/curl-debuginfo@8-1.el9?arch=x86_64"}}},
  {"product":{"product_id":"npm","product_identification_helper":
    {"purl":"pkg:rpm/redhat/npm@10-1.module%2Bel9?arch=x86_64"}}},
  {"product":{"product_id":"nodejs:18:1:a","product_identification_helper":
    {"purl":"pkg:rpmmod/redhat/nodejs@18%3A1%3Aa"}}}
]}],"relationships":["#;

fn relationship(component: &str, product: &str) -> String {
    format!(
        r#"{{"category":"default_component_of","full_product_name":{{"name":"x",
            "product_id":"{product}:{component}"}},"product_reference":"{component}",
            "relates_to_product_reference":"{product}"}}"#
    )
}

fn document(vulnerability: &str) -> String {
    let pairs = [
        ("curl.src", "rhel8"),
        ("curl", "rhel8"),
        ("curl", "rhel7"),
        ("nodejs", "rhel8"),
        ("image", "rhel8"),
        ("curl-8-1.el9.x86_64", "AppStream"),
        ("curl-8-1.el9.aarch64", "AppStream"),
        ("curl-debuginfo", "AppStream"),
        ("nodejs:18:1:a", "AppStream"),
        ("npm", "AppStream:nodejs:18:1:a"),
    ];
    let relationships = pairs.map(|(component, product)| relationship(component, product));
    format!(
        r#"{{"document":{{"category":"csaf_vex","title":"curl: a bug",
            "aggregate_severity":{{"text":"Important"}},
            "publisher":{{"namespace":"https://www.redhat.com"}},
            "tracking":{{"id":"CVE-2024-1","initial_release_date":"2024-03-05T00:00:00+00:00",
              "current_release_date":"2025-08-13T15:14:45+00:00"}}}},
            {TREE}{}]}},"vulnerabilities":[{{"cve":"CVE-2024-1",{vulnerability}}}]}}"#,
        relationships.join(",")
    )
}

fn read(vulnerability: &str) -> Record {
    let mut reading = VexFeed.read("x", document(vulnerability).as_bytes()).expect("valid");
    assert_eq!(reading.records.len(), 1);
    assert!(reading.dated.is_some());
    reading.records.remove(0)
}

#[test]
fn reads_repaired_builds_and_open_components() {
    let record = read(
        r#""product_status":{
            "fixed":["AppStream:curl-8-1.el9.x86_64","AppStream:curl-8-1.el9.aarch64",
              "AppStream:curl-debuginfo","AppStream:nodejs:18:1:a:npm"],
            "known_affected":["rhel8:curl.src","rhel8:curl","rhel7:curl","rhel8:image","nobody"],
            "known_not_affected":["AppStream:curl-8-1.el9.x86_64"],
            "under_investigation":["rhel8:nodejs"]},
          "remediations":[
            {"category":"vendor_fix","details":"Update","product_ids":["AppStream:npm"]},
            {"category":"no_fix_planned","details":"Out of support scope","product_ids":["rhel7:curl"]},
            {"category":"no_fix_planned","details":"Will not fix","product_ids":["rhel8:curl"]},
            {"category":"none_available","details":"Fix deferred","product_ids":["rhel8:curl.src"]}],
          "threats":[{"category":"impact","details":"Low","product_ids":["rhel7:curl"]},
            {"category":"impact","details":"Important","product_ids":["rhel8:curl"]}],
          "scores":[{"cvss_v3":{"vectorString":"CVSS:3.1/AV:N"},"products":["x"]},
            {"cvss_v3":{"vectorString":"CVSS:3.1/AV:N"},"products":["y"]}]"#,
    );
    let Record::Advisory(advisory) = record else { panic!("{record:?}") };
    let line = |a: &Affected| {
        let end = match &a.ranges[0].end {
            RangeEnd::Fixed(version) => version.as_str(),
            _ => "open",
        };
        let of = if a.name_of == NameOf::Source { "source" } else { "binary" };
        let module = a.module.as_deref().unwrap_or("-");
        let severity = a.severity.unwrap_or_default();
        let state = a.fix_state;
        let (place, name, cpes) = (&a.ecosystem, &a.package, &a.cpes);
        format!("{place} {name} {of} {module} {end} {state} {severity} {cpes:?}")
    };
    let lines: Vec<String> = advisory.affected.iter().map(line).collect();
    let appstream = r#"["cpe:/a:redhat:enterprise_linux:9::appstream"]"#;
    assert_eq!(
        lines,
        [
            "rhel:7 curl binary - open end of life low []".to_owned(),
            "rhel:8 curl binary - open will not fix unknown []".to_owned(),
            "rhel:8 curl source - open deferred unknown []".to_owned(),
            "rhel:8 nodejs source nodejs:18 open under investigation unknown []".to_owned(),
            format!("rhel:9 curl binary - 1:8-1.el9 fixed unknown {appstream}"),
            format!("rhel:9 npm binary nodejs:18 0:10-1.module+el9 fixed unknown {appstream}"),
        ]
    );
    assert_eq!(advisory.severity, Severity::High);
    assert_eq!(advisory.cvss, ["CVSS:3.1/AV:N"]);
    assert_eq!(advisory.summary, "curl: a bug");
}

#[test]
fn a_rating_alone_is_kept_for_its_cve() {
    let record = read(r#""product_status":{"known_affected":["rhel8:image"]}"#);
    let Record::Cvss(rating) = record else { panic!("{record:?}") };
    assert_eq!((rating.cve.as_str(), rating.severity), ("CVE-2024-1", Some(Severity::High)));
}

#[test]
fn other_publishers_are_refused() {
    let other = document(r#""scores":[]"#).replace("https://www.redhat.com", "https://suse.com");
    let error = VexFeed.read("x", other.as_bytes()).expect_err("another publisher");
    assert!(error.0.starts_with("it is a CSAF document of https://suse.com"), "{}", error.0);
}
