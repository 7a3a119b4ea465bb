//! Every other writer over the same reports, each under snapshot; hostile texts stay harmless.

#![allow(clippy::unwrap_used)] // of tests, all of it

mod fixture;

use lazaret_scan::report::{Filter, Format, Options, ReportError, Template, write};
use model::{
    Band, Confidence, FixState, Method, PackageKind, Report, SecretCategory, Severity,
    SignatureFormat,
};
use serde_json::Value;

fn text(format: Format, reports: &[Report], options: &Options) -> String {
    let mut out = Vec::new();
    write(format, reports, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn json(format: Format, report: Report) -> Value {
    serde_json::from_str(&text(format, &[report], &Options::default())).unwrap()
}

#[test]
fn json_reads_back_and_keeps_the_schema() {
    let report = fixture::report();
    let output = text(Format::Json, std::slice::from_ref(&report), &Options::default());
    assert_eq!(serde_json::from_str::<Report>(&output).unwrap(), report);
    let schema = include_str!("../../../docs/schema/report-v1.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let filter = Filter { only_fixed: true, ..Filter::default() };
    let filtered =
        text(Format::Json, &[fixture::report()], &Options { filter, ..Options::default() });
    let everything = text(Format::Json, &[fixture::content::everything()], &Options::default());
    for text in [output.as_str(), &filtered, &everything] {
        let value: Value = serde_json::from_str(text).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|e| format!("{e} at {}", e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    for pointer in ["/verdict/decision", "/findings/0/severity", "/source/kind"] {
        let mut value: Value = serde_json::from_str(&output).unwrap();
        *value.pointer_mut(pointer).unwrap() = "nonsense".into();
        assert!(!validator.is_valid(&value), "{pointer}");
    }
    let mut value: Value = serde_json::from_str(&output).unwrap();
    value["surprise"] = true.into();
    assert!(!validator.is_valid(&value), "unknown keys are told");
    insta::assert_snapshot!("json", output);
    insta::assert_snapshot!("json_schema", outline(&schema));
}

#[test]
fn the_schema_knows_every_word() {
    let schema: Value =
        serde_json::from_str(include_str!("../../../docs/schema/report-v1.json")).unwrap();
    let words = |name: &str| -> Vec<String> {
        let words = schema["$defs"][name]["enum"].as_array().unwrap();
        words.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let kinds = PackageKind::ALL.map(|kind| kind.as_str().to_owned());
    assert_eq!(words("package_kind"), kinds);
    assert_eq!(words("severity"), Severity::ALL.map(|severity| severity.as_str().to_owned()));
    assert_eq!(words("method"), Method::ALL.map(|method| method.as_str().to_owned()));
    let categories = SecretCategory::ALL.map(|category| category.as_str().to_owned());
    assert_eq!(words("secret_category"), categories);
    let formats = SignatureFormat::ALL.map(|format| format.as_str().to_owned());
    let known = schema["$defs"]["signature"]["properties"]["format"]["enum"].as_array().unwrap();
    assert_eq!(known.iter().map(|word| word.as_str().unwrap()).collect::<Vec<_>>(), formats);
    for band in words("band") {
        serde_json::from_value::<Band>(band.into()).unwrap();
    }
    for confidence in words("confidence") {
        serde_json::from_value::<Confidence>(confidence.into()).unwrap();
    }
    let states = words("fix_state");
    for state in &states {
        let read: FixState = serde_json::from_value(state.as_str().into()).unwrap();
        assert_eq!(read.as_str(), state.replace('_', " "));
    }
}

/// The schema in lines: each definition, its keys, what they are; `!` marks required ones.
fn outline(schema: &Value) -> String {
    let mut lines = Vec::new();
    let empty = serde_json::Map::new();
    let definitions = schema["$defs"].as_object().unwrap_or(&empty);
    let root = ("report", schema);
    for (name, definition) in std::iter::once(root)
        .chain(definitions.iter().map(|(name, definition)| (name.as_str(), definition)))
    {
        lines.push(format!("{name}: {}", shape(definition)));
        let required = definition["required"].as_array().cloned().unwrap_or_default();
        for (key, value) in definition["properties"].as_object().unwrap_or(&empty) {
            let mark = if required.contains(&Value::from(key.as_str())) { "!" } else { "" };
            lines.push(format!("  {key}{mark}: {}", shape(value)));
        }
    }
    lines.join("\n")
}

fn shape(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        return words.join("|");
    }
    if let Some(word) = schema["const"].as_str() {
        return word.to_owned();
    }
    if let Some(options) = schema["oneOf"].as_array().filter(|_| schema["type"].is_null()) {
        return options.iter().map(shape).collect::<Vec<_>>().join(" or ");
    }
    match schema["type"].as_str() {
        Some("array") => format!("[{}]", shape(&schema["items"])),
        Some(kind) => kind.to_owned(),
        None => "any".to_owned(),
    }
}

#[test]
fn several_reports_are_an_array() {
    let several = [fixture::clean(), fixture::end_of_life()];
    let value: Value =
        serde_json::from_str(&text(Format::Json, &several, &Options::default())).unwrap();
    assert_eq!(value.as_array().map(Vec::len), Some(2));
    let none: Value = serde_json::from_str(&text(Format::Json, &[], &Options::default())).unwrap();
    assert_eq!(none, Value::Array(Vec::new()));
    for format in [Format::CycloneDx, Format::Spdx] {
        let refused = write(format, &several, &Options::default(), &mut Vec::new());
        assert!(matches!(refused, Err(ReportError::OneImage { count: 2, .. })));
    }
}

#[test]
fn sarif_holds_together() {
    let log = json(Format::Sarif, fixture::report());
    assert_eq!(
        (&log["version"], &log["$schema"]),
        (&"2.1.0".into(), &"https://json.schemastore.org/sarif-2.1.0.json".into())
    );
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    let report = fixture::report();
    assert_eq!(results.len(), report.findings.len() + report.ignored.len());
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(uri.is_ascii() && !uri.contains([' ', ':', '<']) && !uri.starts_with('/'), "{uri}");
        assert!(
            run["originalUriBaseIds"]
                .get(place["artifactLocation"]["uriBaseId"].as_str().unwrap())
                .is_some()
        );
        assert_eq!(
            result["partialFingerprints"]["lazaretFindingId/v1"].as_str().unwrap().len(),
            16
        );
    }
    let suppressed = results.iter().filter(|r| r.get("suppressions").is_some()).count();
    assert_eq!(suppressed, report.ignored.len());
    let mut ids: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count, "a rule occurs once");
    for rule in rules {
        let score = rule["properties"]["security-severity"].as_str().unwrap();
        assert!((0.0..=10.0).contains(&score.parse::<f64>().unwrap()));
        assert!(!rule["help"]["markdown"].as_str().unwrap().contains("<img"));
    }
    let notes = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert_eq!(notes.len(), 2 + 3, "gaps and skips are told");
    insta::assert_snapshot!(
        "sarif",
        text(Format::Sarif, &[fixture::report()], &Options::default())
    );
}

#[test]
fn cyclonedx_holds_together() {
    let bom = json(Format::CycloneDx, fixture::report());
    let components = bom["components"].as_array().unwrap();
    let mut refs: Vec<&str> = components.iter().map(|c| c["bom-ref"].as_str().unwrap()).collect();
    refs.sort_unstable();
    let count = refs.len();
    refs.dedup();
    assert_eq!(refs.len(), count, "a reference occurs once");
    for vulnerability in bom["vulnerabilities"].as_array().unwrap() {
        for affect in vulnerability["affects"].as_array().unwrap() {
            assert!(refs.contains(&affect["ref"].as_str().unwrap()), "{affect}");
        }
    }
    for child in bom["dependencies"][0]["dependsOn"].as_array().unwrap() {
        assert!(refs.contains(&child.as_str().unwrap()));
    }
    assert!(bom["serialNumber"].as_str().unwrap().starts_with("urn:uuid:"));
    insta::assert_snapshot!(
        "cyclonedx",
        text(Format::CycloneDx, &[fixture::report()], &Options::default())
    );
}

#[test]
fn serial_numbers_follow_the_content_not_the_time() {
    let number = |format, key: &str, report: Report| json(format, report)[key].clone();
    for (format, key) in [(Format::CycloneDx, "serialNumber"), (Format::Spdx, "documentNamespace")]
    {
        let mut later = fixture::report();
        later.source.scanned_at = "2027-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(number(format, key, fixture::report()), number(format, key, later));
        assert_ne!(number(format, key, fixture::report()), number(format, key, fixture::clean()));
    }
}

#[test]
fn spdx_holds_together() {
    let document = json(Format::Spdx, fixture::report());
    let packages = document["packages"].as_array().unwrap();
    let ids: Vec<&str> = packages.iter().map(|p| p["SPDXID"].as_str().unwrap()).collect();
    for id in &ids {
        let name = id.strip_prefix("SPDXRef-").unwrap();
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.'), "{id}");
        assert_eq!(ids.iter().filter(|other| other == &id).count(), 1);
    }
    for relationship in document["relationships"].as_array().unwrap() {
        assert!(ids.contains(&relationship["relatedSpdxElement"].as_str().unwrap()));
    }
    let extracted = document["hasExtractedLicensingInfos"].as_array().unwrap();
    for package in packages {
        let declared = package["licenseDeclared"].as_str().unwrap();
        for term in declared.split(" AND ").filter(|term| term.starts_with("LicenseRef-")) {
            assert!(extracted.iter().any(|info| info["licenseId"] == term), "{term}");
        }
    }
    insta::assert_snapshot!("spdx", text(Format::Spdx, &[fixture::report()], &Options::default()));
}

#[test]
fn html_escapes_and_fetches_nothing() {
    let page = text(Format::Html, &[fixture::report()], &Options::default());
    for forbidden in [
        "<img",
        "<b>\"",
        "<script>alert",
        "src=\"",
        "@import",
        "url(",
        "javascript:",
        " onerror=\"",
    ] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("{{ 7 * 7 }}"), "foreign text is no template");
    assert_eq!(page.matches("<script>").count(), 1);
    insta::assert_snapshot!("html", page);
}

#[test]
fn html_of_several_images_has_unique_ids() {
    let reports = [fixture::report(), fixture::report(), fixture::end_of_life()];
    let page = text(Format::Html, &reports, &Options::default());
    let mut ids: Vec<&str> =
        page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    for link in page.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(ids.contains(&link), "{link}");
    }
    assert!(page.contains("that does not mean clean"));
}

#[test]
fn junit_fails_exactly_what_the_policy_denies() {
    let xml = text(Format::Junit, &[fixture::report()], &Options::default());
    let report = fixture::report();
    let denied: usize = report.verdict.reasons[..2].iter().map(|r| r.findings.len()).sum();
    assert_eq!(xml.matches("<failure").count(), denied + 1, "and the verdict itself");
    let allowed = text(Format::Junit, &[fixture::clean()], &Options::default());
    assert!(!allowed.contains("<failure") && allowed.contains("failures=\"0\""));
    insta::assert_snapshot!("junit", xml);
}

#[test]
fn templates_render_and_name_the_line_that_fails() {
    let render = |name: &str, text: &str| {
        let template = Some(Template { name: name.into(), text: text.into() });
        let mut out = Vec::new();
        let options = Options { template, ..Options::default() };
        write(Format::Template, &[fixture::report()], &options, &mut out)
            .map(|()| String::from_utf8(out).unwrap())
    };
    let template = "{% for f in report.findings[:3] %}\n{{ f.severity }} {{ f.vulnerability.id }} {{ f.vulnerability.fixed_version or '-' }}\n{% endfor %}\n{{ reports | length }}\n";
    insta::assert_snapshot!(render("short.txt", template).unwrap());
    let page = render("page.html", "{% for f in report.findings %}{{ f.vulnerability.summary or '' }}{% endfor %}<{{ report.image.layers[5].created_by }}>").unwrap();
    assert!(!page.contains("<script>"), "{page}");
    let failing = [
        ("one\n{{ report.nothing }}", 2),
        ("one\ntwo\n{% for %}", 3),
        ("{{ report.findings | unheard }}", 1),
    ];
    for (text, expect) in failing {
        match render("bad.txt", text) {
            Err(ReportError::Template { name, line, detail }) => {
                assert_eq!((name.as_str(), line), ("bad.txt", expect), "{detail}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    let none = write(Format::Template, &[], &Options::default(), &mut Vec::new());
    assert!(matches!(none, Err(ReportError::NoTemplate)));
}

#[test]
fn purls_one_a_line() {
    insta::assert_snapshot!(text(Format::Purls, &[fixture::report()], &Options::default()));
}

#[test]
fn a_broken_pipe_is_an_error_not_a_panic() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let template = Some(Template { name: "t".into(), text: "x".into() });
    let options = Options { template, ..Options::default() };
    for format in Format::ALL {
        let result = write(format, &[fixture::report()], &options, &mut Closed);
        match result {
            Err(ReportError::Write(error)) => {
                assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe, "{format}");
            }
            other => panic!("{format}: {other:?}"),
        }
    }
}

#[test]
fn formats_are_named() {
    for format in Format::ALL {
        assert_eq!(format.as_str().parse(), Ok(format));
    }
    assert!("pdf".parse::<Format>().unwrap_err().contains("table, json, sarif"));
}
