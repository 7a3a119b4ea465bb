//! A plain list of package URLs, one a line; `#` at the start of a line is a remark.

use model::SkipReason;

use super::collect::Collector;
use super::component::Component;

/// Whether the first line that says something is a package URL.
pub(super) fn is_purl_list(text: &str) -> bool {
    lines(text).next().is_some_and(|(_, line)| {
        line.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("pkg:"))
    })
}

pub(super) fn read(text: &str, collector: &mut Collector) {
    for (number, line) in lines(text) {
        if line.contains(char::is_whitespace) {
            let detail = format!("line {number}: a package URL has no blanks in it");
            collector.skip(line, SkipReason::Malformed, detail);
            continue;
        }
        let component = Component {
            kind: "library".into(),
            name: line.to_owned(),
            purl: Some(line.to_owned()),
            ..Component::default()
        };
        collector.take(component);
    }
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}
