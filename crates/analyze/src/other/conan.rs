//! `conan.lock` of Conan: version 1 a graph of nodes, version 2 (Conan 2) lists of references.
//! A reference is `name/version@user/channel#revision%time`.

use model::{FileEntry, PackageKind};

use crate::limits::MAX_TREE_TEXT_BYTES;
use crate::pins::Pins;
use crate::text::{TextAnalyzer, json};
use crate::value::{Entries, List, Loose, Text, record};
use crate::{Analysis, AnalyzeError, Pattern};

/// Locked packages of Conan.
pub(super) const CONAN_LOCK: TextAnalyzer = TextAnalyzer {
    name: "conan-lock",
    version: 1,
    patterns: &[Pattern::Name("conan.lock")],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts: TextAnalyzer::ANY,
    read,
};

record! {
    Lock {
        graph = "graph_lock": Graph<'a>,
        requires = "requires": List<Text<'a>>,
        build_requires = "build_requires": List<Text<'a>>,
        python_requires = "python_requires": List<Text<'a>>,
    }
}

record! {
    Graph {
        nodes = "nodes": Entries<'a, Loose<Node<'a>>>,
    }
}

record! {
    Node {
        reference = "ref": Text<'a>,
        path = "path": Text<'a>,
        context = "context": Text<'a>,
    }
}

fn read(_: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let lock: Lock<'_> = json(text)?;
    let mut pins = Pins::new(PackageKind::Conan, found);
    // The node with a path is the project itself.
    let nodes = lock.graph.nodes.0.iter().map(|(_, node)| &node.0);
    for node in nodes.filter(|node| node.path.is_empty()) {
        add(&node.reference, &*node.context == "build", &mut pins);
    }
    lock.requires.0.iter().for_each(|reference| add(reference, false, &mut pins));
    // Tools of the build are not part of what is built.
    let tools = lock.build_requires.0.iter().chain(&lock.python_requires.0);
    tools.for_each(|reference| add(reference, true, &mut pins));
    Ok(())
}

fn add(reference: &str, dev: bool, pins: &mut Pins<'_>) {
    let bare = reference.split(['#', '@', '%']).next().unwrap_or(reference);
    if let Some((name, version)) = bare.split_once('/') {
        pins.add(name, version, dev);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{analyze, packages, try_analyze};

    #[test]
    fn both_versions() {
        let one = br#"{"graph_lock":{"nodes":{
            "0":{"ref":"app/0.1","path":"conanfile.txt","requires":["1"]},
            "1":{"ref":"zlib/1.2.13#0","context":"host"},
            "2":{"ref":"cmake/3.25.0@user/stable","context":"build"},
            "3":{"options":""}}},"version":"0.4"}"#;
        let two = br#"{"version":"0.5","requires":["zlib/1.2.13#0%1683.5"],
            "build_requires":["cmake/3.25.0@user/stable#0%1"],"python_requires":[]}"#;
        for lock in [&one[..], two] {
            let found = analyze("app/conan.lock", lock);
            assert_eq!(packages(&found), ["cmake 3.25.0", "zlib 1.2.13"]);
            let dev: Vec<_> = found.packages.iter().filter(|p| p.dev).map(|p| &*p.name).collect();
            assert_eq!(dev, ["cmake"]);
        }
        for bad in ["", "[]", "{\"requires\":{\"a\":1}}", "{\"graph_lock\":{\"nodes\":[1]}}"] {
            assert_eq!(try_analyze("conan.lock", bad.as_bytes()).1.len(), 1, "{bad}");
        }
    }
}
