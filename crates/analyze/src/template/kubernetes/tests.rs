//! Manifests as they come: places, lists, charts, excuses, broken and hostile texts.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::documents::documents;
use super::fields::Fields;
use crate::template::{Catalogue, Found, NoTree, Template, TemplateKind, TemplateScanner};

fn scan(files: &[(&str, &str)]) -> Found {
    static SCANNER: LazyLock<TemplateScanner> =
        LazyLock::new(|| TemplateScanner::new(Catalogue::built_in().unwrap()));
    let templates: Vec<Template<'_>> = files
        .iter()
        .map(|(name, text)| Template { name, kind: TemplateKind::Kubernetes, text })
        .collect();
    SCANNER.scan(&templates, &NoTree)
}

/// `rule first-last subject` of the flaws of these rules that nothing excuses.
fn told(found: &Found, rules: &[&str]) -> Vec<String> {
    let flaws = found.flaws.iter().filter(|flaw| flaw.ignored.is_none());
    let wanted = flaws.filter(|flaw| rules.contains(&flaw.rule.trim_start_matches("kubernetes-")));
    wanted
        .map(|flaw| {
            let (first, last) = (flaw.place.first_line, flaw.place.last_line);
            format!(
                "{} {first}-{last} {}",
                flaw.rule.trim_start_matches("kubernetes-"),
                flaw.subject
            )
        })
        .collect()
}

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      hostPID: true
      containers:
        - name: app
          image: example.org/app
          securityContext:
            privileged: true
            capabilities:
              add:
                - CHOWN
                - SYS_ADMIN
";

#[test]
fn flaws_stand_at_the_field_that_is_wrong() {
    let found = scan(&[("web.yaml", WEB)]);
    let rules =
        ["privileged", "host-pid", "capability-sys-admin", "image-tag", "liveness-probe-missing"];
    assert_eq!(
        told(&found, &rules),
        [
            "host-pid 8-8 Deployment/web",
            "liveness-probe-missing 10-10 Deployment/web container app",
            "image-tag 11-11 Deployment/web",
            "privileged 13-13 Deployment/web container app",
            "capability-sys-admin 17-17 Deployment/web container app",
        ]
    );
    let images: Vec<_> =
        found.images.iter().map(|image| (image.image.as_str(), image.place.first_line)).collect();
    assert_eq!(images, [("example.org/app", 11)]);
}

#[test]
fn every_shape_of_a_manifest_says_the_same() {
    let indented: String = WEB.lines().map(|line| format!("    {line}\n")).collect();
    let list = format!("apiVersion: v1\nkind: List\nitems:\n  -\n{indented}");
    let typed = list.replace("kind: List", "kind: DeploymentList");
    let nested = format!(
        "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: v1\n    kind: List\n    items:\n      -\n{}",
        indented.lines().map(|line| format!("    {line}\n")).collect::<String>()
    );
    let json = r#"{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"web"},"spec":{"template":{"spec":{"hostPID":true,"containers":[{"name":"app","image":"example.org/app","securityContext":{"privileged":true}}]}}}}"#;
    let second = format!(
        "# nothing\n---\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\n...\n---\n{WEB}"
    );
    let crlf = WEB.replace('\n', "\r\n");
    let anchored = WEB
        .replace("privileged: true", "privileged: &yes on")
        .replace("hostPID: true", "hostPID: yes");
    for text in [WEB, &list, &typed, &nested, json, &second, &crlf, &anchored] {
        let found = scan(&[("a.yaml", text)]);
        assert!(found.skipped.is_empty(), "{text}: {:?}", found.skipped);
        let rules: Vec<_> = told(&found, &["privileged", "host-pid"]);
        assert_eq!(rules.len(), 2, "{text}: {rules:?}");
        assert!(rules.iter().all(|rule| rule.contains("Deployment/web")), "{rules:?}");
    }
}

#[test]
fn aliases_and_merged_maps_are_put_in() {
    let text = "\
apiVersion: v1
kind: Pod
metadata: {name: a}
x-defaults: &defaults
  securityContext: &weak {privileged: true}
spec:
  containers:
    - <<: *defaults
      name: one
      image: a:1
    - name: two
      image: a:1
      securityContext: *weak
    - <<: [*defaults]
      name: three
      image: a:1
      securityContext: {privileged: false}
";
    let found = scan(&[("a.yaml", text)]);
    assert_eq!(
        told(&found, &["privileged"]),
        ["privileged 5-5 Pod/a container one", "privileged 5-5 Pod/a container two",]
    );
}

#[test]
fn a_chart_names_its_files_and_an_unrendered_one_is_skipped() {
    let rendered = format!("---\n# Source: web/templates/deployment.yaml\n{WEB}---\n{WEB}");
    let found = scan(&[("out.yaml", &rendered)]);
    let messages: Vec<_> = found
        .flaws
        .iter()
        .filter(|f| f.rule == "kubernetes-host-pid")
        .map(|f| f.message.as_str())
        .collect();
    assert_eq!(messages, ["hostPID: true (from web/templates/deployment.yaml)", "hostPID: true"]);

    for text in [
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}\n",
        "{{- if .Values.on }}\napiVersion: v1\nkind: Pod\n{{- end }}\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: \"{{ .Release.Name }}-a\"}\nspec: {containers: []}\n",
        "apiVersion: v1\nkind: Pod\nmetadata:\n{{ include \"labels\" . | indent 4 }}\n",
    ] {
        let found = scan(&[("a.yaml", text)]);
        assert!(found.flaws.is_empty(), "{text}: {:?}", found.flaws);
        let detail = &found.skipped.first().unwrap_or_else(|| panic!("{text}")).detail;
        assert!(detail.contains("not rendered") && detail.starts_with("line "), "{text}: {detail}");
    }
    // Templates of other tools, and texts that programs read, are not a chart's.
    for text in [
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: \"{{ .Values.x }}\"}\n",
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: a}\nspec: {arguments: \"{{inputs.parameters.x}}\"}\n",
    ] {
        assert!(scan(&[("a.yaml", text)]).skipped.is_empty(), "{text}");
    }
}

#[test]
fn a_broken_document_does_not_hide_the_others() {
    for (broken, line, detail) in [
        ("apiVersion: v1\nkind: Pod\nkind: Pod\n", 3, "`kind` is there twice, first on line 2"),
        ("apiVersion: v1\nspec:\n\tkind: Pod\n", 3, "tab"),
        ("apiVersion: v1\nspec: {a: [1, 2}\n", 2, ""),
        ("apiVersion: v1\n? [a]\n: b\n", 2, "a key must be a text"),
        ("apiVersion: v1\na: *nothing\n", 2, "anchor"),
        ("apiVersion: v1\na: {<<: 3}\n", 2, "needs a map"),
    ] {
        let text = format!("{broken}---\n{WEB}");
        let found = scan(&[("a.yaml", &text)]);
        let skip = found.skipped.first().unwrap_or_else(|| panic!("{broken}"));
        assert!(skip.detail.starts_with(&format!("line {line}: ")), "{broken}: {}", skip.detail);
        assert!(skip.detail.contains(detail), "{broken}: {}", skip.detail);
        assert_eq!(told(&found, &["privileged"]).len(), 1, "{broken}");
    }
}

#[test]
fn hostile_texts_are_refused_or_bounded() {
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{}", level - 1);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", [below.as_str(); 10].join(",")));
    }
    let mut chain = "a0: &a0 [x]\n".to_owned();
    for level in 1..200 {
        chain.push_str(&format!("a{level}: &a{level} [[*a{}]]\n", level - 1));
    }
    let deep = "[".repeat(100_000);
    let blocks: String = (0..500).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    let keys: String = (0..150_000).map(|key| format!("k{key}: 1\n")).collect();
    let many = "a: 1\n---\n".repeat(20_000);
    for text in [&bomb, &chain, &deep, &blocks, &many] {
        assert!(documents(text).iter().any(Result::is_err), "{:.40}", text);
        assert!(!scan(&[("a.yaml", text)]).skipped.is_empty(), "{:.40}", text);
    }
    assert!(documents(&keys).iter().any(Result::is_err));
    let braces = format!("apiVersion: v1\nkind: ConfigMap\na: \"{}\"\n", "{{ ".repeat(1_000_000));
    assert!(!super::unrendered::is_template(&braces));
    for text in [
        "&a [*a]",
        "*a",
        "",
        "\u{feff}",
        "--- >",
        "%YAML 9.9\n---\n",
        "? ? ? a",
        "!!binary x: y",
        "- - - -",
    ] {
        let _ = scan(&[("a.yaml", text)]);
    }
}

#[test]
fn selectors_are_asked_within_a_budget() {
    let mut text = String::new();
    for at in 0..1_500 {
        text.push_str(&format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: s{at}, namespace: a}}\nspec: {{selector: {{app: none}}}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p{at}, namespace: a, labels: {{app: a}}}}\nspec: {{hostNetwork: true, containers: [{{name: c, image: b}}]}}\n"
        ));
    }
    let found = scan(&[("a.yaml", &text)]);
    let details: Vec<_> = found.skipped.iter().map(|skip| skip.detail.as_str()).collect();
    assert!(details.iter().any(|detail| detail.contains("selectors need more")), "{details:?}");
}

#[test]
fn annotations_of_every_tool_excuse() {
    for annotation in [
        "lazaret/ignore: kubernetes-host-pid",
        "lazaret/ignore: \"kubernetes-privileged, kubernetes-host-pid\"",
        "ignore-check.kube-linter.io/host-pid: needs it",
        "checkov.io/skip1: CKV_K8S_17=needs it",
        "polaris.fairwinds.com/hostPIDSet-exempt: \"true\"",
        "polaris.fairwinds.com/exempt: \"true\"",
        "lazaret/ignore: KSV-0010",
    ] {
        let text = WEB
            .replace("  name: web\n", &format!("  name: web\n  annotations:\n    {annotation}\n"));
        let found = scan(&[("a.yaml", &text)]);
        let flaw = found.flaws.iter().find(|flaw| flaw.rule == "kubernetes-host-pid").unwrap();
        let excuse = flaw.ignored.as_ref().unwrap_or_else(|| panic!("{annotation}"));
        assert_eq!(excuse.line, 6, "{annotation}");
    }
    for annotation in [
        "lazaret/ignore: kubernetes-privileged",
        "checkov.io/skip1: CKV_K8S_16=needs it",
        "polaris.fairwinds.com/hostPIDSet-exempt: \"false\"",
        "example.org/ignore: kubernetes-host-pid",
    ] {
        let text = WEB
            .replace("  name: web\n", &format!("  name: web\n  annotations:\n    {annotation}\n"));
        assert_eq!(told(&scan(&[("a.yaml", &text)]), &["host-pid"]).len(), 1, "{annotation}");
    }
    let text = format!("# trivy:ignore:KSV-0010\n{WEB}");
    assert!(told(&scan(&[("a.yaml", &text)]), &["host-pid"]).is_empty());
}

#[test]
fn objects_speak_of_each_other_across_files() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: a}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n";
    let pod = |label: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: a, labels: {{app: {label}}}}}\nspec: {{containers: [{{name: c, image: \"b:1\"}}]}}\n"
        )
    };
    let dangling = |label: &str| {
        let pod = pod(label);
        told(&scan(&[("s.yaml", service), ("p.yaml", &pod)]), &["dangling-service"]).len()
    };
    assert_eq!((dangling("web"), dangling("other")), (0, 1));
}

#[test]
fn scalars_are_read_as_the_api_machinery_reads_them() {
    let text = "a: 0644\nb: '0644'\nc: yes\nd: 'yes'\non: x\nf: !!str yes\ng: ~\nh: 0o17\n";
    let root = documents(text).remove(0).unwrap().root;
    assert_eq!(root.whole(&["a"]), Some(0o644));
    assert_eq!(root.truth(&["c"]), Some(true));
    assert_eq!((root.truth(&["d"]), root.truth(&["f"])), (None, None));
    assert_eq!(root.text(&["true"]), "x");
    assert!(root.field("g").is_none());
    assert_eq!(root.whole(&["h"]), Some(0o17));
}

#[test]
fn every_concept_of_the_peers_has_a_rule() {
    let Some(shared) = shared("research/template-rules.tsv") else { return };
    let catalogue = Catalogue::built_in().unwrap();
    let aliases: BTreeMap<&str, &str> = catalogue
        .of(TemplateKind::Kubernetes)
        .flat_map(|rule| rule.aliases.iter().map(|alias| (alias.as_str(), rule.id.as_str())))
        .collect();
    let mut missing = Vec::new();
    for line in shared.lines().filter(|line| line.starts_with("k8s\t")) {
        let columns: Vec<&str> = line.split('\t').collect();
        for column in [4, 5, 8, 9, 10, 11, 12] {
            let names = columns.get(column).into_iter().flat_map(|text| text.split(','));
            let names = names.map(str::trim).filter(|name| {
                !name.is_empty()
                    && !name.contains([' ', '(', '*', '.'])
                    && !matches!(*name, "all" | "partly")
            });
            missing.extend(
                names
                    .filter(|name| !aliases.contains_key(name))
                    .map(|name| format!("{}: {name}", columns[1])),
            );
        }
    }
    assert!(missing.is_empty(), "{} names of peers:\n{}", missing.len(), missing.join("\n"));
}

/// A text of the shared folder; `None`, said aloud, where it is not there.
fn shared(path: &str) -> Option<String> {
    let root = std::env::var("LAZARET_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_owned());
    let text = std::fs::read_to_string(format!("{root}/{path}"));
    if text.is_err() {
        println!("skipped: shared/{path} not there");
    }
    text.ok()
}

/// Pieces of manifests, from which texts are made that are nearly right.
const PIECES: [&str; 36] = [
    "apiVersion: v1\n",
    "kind: Pod\n",
    "kind: List\nitems:\n",
    "metadata: {name: a}\n",
    "spec:\n",
    "  containers:\n",
    "  - name: a\n",
    "    image: b\n",
    "    securityContext: {privileged: true}\n",
    "---\n",
    "...\n",
    "- ",
    "  ",
    "\t",
    "\n",
    ": ",
    "{",
    "}",
    "[",
    "]",
    ", ",
    "&a ",
    "*a",
    "<<: *a\n",
    "? ",
    "| \n",
    "> \n",
    "'",
    "\"",
    "#",
    "# Source: a\n",
    "!!str ",
    "{{ .Values.a }}",
    "\u{feff}",
    "%",
    "é",
];

proptest::proptest! {
    #[test]
    fn any_text_keeps_the_laws(picked in proptest::collection::vec(0..PIECES.len(), 0..60), at in 0..6usize) {
        let head: String = PIECES.iter().take(at).copied().collect();
        let text = head + &picked.iter().filter_map(|at| PIECES.get(*at)).copied().collect::<String>();
        let found = scan(&[("a.yaml", &text)]);
        let lines = u32::try_from(text.lines().count()).unwrap() + 1;
        for flaw in &found.flaws {
            let (first, last) = (flaw.place.first_line, flaw.place.last_line);
            proptest::prop_assert!(first >= 1 && first <= last && last <= lines, "{flaw:?}");
        }
    }
}

#[test]
fn every_recommendation_that_a_manifest_can_answer_has_a_rule() {
    let Some(table) = shared("research/cis-kubernetes.tsv") else { return };
    let catalogue = Catalogue::built_in().unwrap();
    let controls: Vec<&str> = catalogue
        .of(TemplateKind::Kubernetes)
        .flat_map(|rule| &rule.controls)
        .filter_map(|control| control.strip_prefix("CIS "))
        .collect();
    // Modes of files, what people use, and the network plugin are not in a manifest.
    let of_the_host = |id: &str| {
        ["1.1.", "4.1.", "3.1."].iter().any(|start| id.starts_with(start)) || id == "5.3.1"
    };
    let ids = table.lines().skip(1).filter_map(|line| line.split('\t').next());
    let missing: Vec<&str> = ids.filter(|id| !of_the_host(id) && !controls.contains(id)).collect();
    assert_eq!(missing, [""; 0]);
}
