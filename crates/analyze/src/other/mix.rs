//! `mix.lock` of Elixir's Mix, and `rebar.lock` of Erlang's Rebar: Erlang and Elixir terms.
//!
//! Mix: `"name": {:hex, :package, "1.0.0", "checksum", …}`. Rebar:
//! `{<<"name">>,{pkg,<<"package">>,<<"1.0.0">>},0}`. The package may have another name than the
//! application it is. Dependencies from repositories have no version there.

use memchr::memmem;

use model::{FileEntry, PackageKind};

use crate::limits::MAX_TREE_TEXT_BYTES;
use crate::pins::Pins;
use crate::text::TextAnalyzer;
use crate::{Analysis, AnalyzeError, Pattern};

/// Locked packages of Mix and Rebar.
pub(super) const MIX_LOCK: TextAnalyzer = TextAnalyzer {
    name: "hex-lock",
    version: 1,
    patterns: &[Pattern::Name("mix.lock"), Pattern::Name("rebar.lock")],
    max_bytes: MAX_TREE_TEXT_BYTES,
    accepts: TextAnalyzer::ANY,
    read,
};

fn read(entry: &FileEntry, text: &str, found: &mut Analysis) -> Result<(), AnalyzeError> {
    let mut pins = Pins::new(PackageKind::Hex, found);
    let is_mix = entry.name() == "mix.lock";
    let opening = if is_mix { "{:hex," } else { "{pkg," };
    for at in memmem::find_iter(text.as_bytes(), opening) {
        let rest = text.get(at + opening.len()..).unwrap_or_default();
        let named = if is_mix { mix_term(rest) } else { rebar_term(rest) };
        if let Some((name, version)) = named {
            pins.add(&name.to_lowercase(), version, false);
        }
    }
    let is_term = text.trim_start().starts_with(['%', '{', '[', '#']);
    if is_term || text.trim().is_empty() {
        Ok(())
    } else {
        Err(AnalyzeError::Malformed(format!("not a {}: no term begins it", entry.name())))
    }
}

/// `:name, "1.0.0"`; a name that is no plain atom is quoted.
fn mix_term(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.trim_start().strip_prefix(':')?.split_once(',')?;
    let (version, _) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
    Some((name.trim().trim_matches('"'), version))
}

/// `<<"name">>,<<"1.0.0">>`.
fn rebar_term(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.trim_start().strip_prefix("<<\"")?.split_once("\">>")?;
    let rest = rest.trim_start().strip_prefix(',')?.trim_start();
    let (version, _) = rest.strip_prefix("<<\"")?.split_once("\">>")?;
    Some((name, version))
}

#[cfg(test)]
mod tests {
    use crate::testing::{check, try_analyze};

    #[test]
    fn mix() {
        let lock = br#"%{
  "bunt": {:hex, :bunt, "0.2.0", "951c", [:mix], [], "hexpm", "7af5"},
  "decimal": {:hex, :"Decimal_X", "2.0.0-rc.1", "0", [:mix], [{:dep, ">= 1.0.0", [hex: :dep]}], "hexpm", "0"},
  "repo": {:git, "https://host/repo.git", "0123", [tag: "v1"]},
  "cut": {:hex, :cut
}
"#;
        check("app/mix.lock", lock, &["bunt 0.2.0", "decimal_x 2.0.0-rc.1"]);
    }

    #[test]
    fn rebar() {
        let lock = br#"{"1.2.0",
[{<<"cowboy">>,{pkg,<<"cowboy">>,<<"2.9.0">>},0},
 {<<"app">>,{pkg, <<"package">>, <<"1.0.0">>},1},
 {<<"repo">>,{git,"https://host/repo",{ref,"0123"}},0}]}.
[{pkg_hash,[{<<"cowboy">>, <<"865D">>}]}].
"#;
        check("rebar.lock", lock, &["cowboy 2.9.0", "package 1.0.0"]);
    }

    #[test]
    fn hostile() {
        check("mix.lock", b"", &[]);
        check("mix.lock", b"\xef\xbb\xbf%{\"a\": {:hex, :a, \"1\xff\"}}\r\n", &["a 1\u{fffd}"]);
        check("mix.lock", &b"%{:hex,".repeat(1 << 20), &[]);
        assert_eq!(try_analyze("mix.lock", b"<html>").1.len(), 1);
    }
}
