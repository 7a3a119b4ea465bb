//! Laws of the language: what is printed reads back the same; what is shared, joined, sorted and
//! compiled has the truth of what is written.

use std::ops::Range;

use proptest::prelude::*;

use super::ast::{Check, Expr, Operand, Right, Word};
use super::operator::{Function, Modifier, Operator};
use super::parse::parse;
use super::tests::table;
use super::*;

const NOWHERE: Range<usize> = 0..0;

fn word() -> impl Strategy<Value = Word> {
    let make = |text: String, quoted: bool| Word { text, quoted, span: NOWHERE };
    prop_oneof![
        "[a-zA-Z0-9./*:<>!&|{}\\[\\]-]{1,8}".prop_map(move |text| make(text, false)),
        any::<String>().prop_map(move |text| make(text, true)),
        "[\\\\\"'nrtb/x ()=,]{0,6}".prop_map(move |text| make(text, true)),
    ]
}

fn name(pattern: &'static str) -> impl Strategy<Value = Word> {
    pattern.prop_map(|text| Word { text, quoted: false, span: NOWHERE })
}

fn operand() -> impl Strategy<Value = Operand> {
    let field = (name("[a-z]{1,4}[0-9_]?(\\.[a-z]{1,4}){1,3}"), prop::option::of(word()))
        .prop_map(|(name, argument)| Operand::Field { name, argument });
    field.prop_recursive(3, 8, 3, |inner| {
        let functions = [Function::Lower, Function::Length, Function::Concat, Function::Value];
        let text = word().prop_map(Operand::Text);
        let rest = prop::collection::vec(prop_oneof![inner.clone(), text], 0..3);
        (prop::sample::select(functions.to_vec()), inner, rest).prop_map(
            |(function, first, rest)| {
                let arguments = std::iter::once(first).chain(rest).collect();
                Operand::Call { function, arguments, span: NOWHERE }
            },
        )
    })
}

fn check() -> impl Strategy<Value = Expr> {
    let single = prop::sample::select(vec![
        Operator::Equal,
        Operator::NotEqual,
        Operator::Less,
        Operator::GreaterOrEqual,
        Operator::Contains,
        Operator::StartsWithBytes,
        Operator::GlobFolded,
        Operator::Regex,
    ]);
    let listed =
        prop::sample::select(vec![Operator::In, Operator::Intersects, Operator::PathMatch]);
    let modified = prop::sample::select(vec![Operator::Equal, Operator::EndsWith]);
    let modifier = prop::sample::select(vec![Modifier::One, Modifier::Any, Modifier::All]);
    let words = || prop::collection::vec(word(), 0..4);
    let called = operand().prop_filter("only calls", |o| matches!(o, Operand::Call { .. }));
    let make = |left, operator, modifier, right| {
        Expr::Check(Box::new(Check { left, operator, operator_at: NOWHERE, modifier, right }))
    };
    prop_oneof![
        operand().prop_map(move |left| make(left, Operator::Exists, None, Right::Nothing)),
        (operand(), single.clone(), word()).prop_map(move |(left, op, word)| make(
            left,
            op,
            None,
            Right::Value(word)
        )),
        (operand(), listed, words()).prop_map(move |(left, op, words)| make(
            left,
            op,
            None,
            Right::List(words)
        )),
        (operand(), modified, modifier, words()).prop_map(move |(left, op, m, words)| make(
            left,
            op,
            Some(m),
            Right::List(words)
        )),
        (operand(), single, called).prop_map(move |(left, op, right)| make(
            left,
            op,
            None,
            Right::Operand(right)
        )),
    ]
}

fn expr() -> impl Strategy<Value = Expr> {
    let macros = name("[a-z]{1,6}_[0-9]").prop_map(Expr::Macro);
    prop_oneof![check(), macros].prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::Or),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Expr::And),
            inner.prop_map(|inner| match inner {
                // Twice not is read as nothing.
                Expr::Not(inner) => *inner,
                inner => Expr::Not(Box::new(inner)),
            }),
        ]
    })
}

/// A check over few fields and few words, so that much is shared and much holds.
fn small_check() -> impl Strategy<Value = String> {
    const FIELDS: &[&str] = &[
        "proc.name",
        "proc.pname",
        "proc.aname",
        "proc.aname[1]",
        "pod.images",
        "fd.name",
        "evt.type",
        "evt.type",
        "evt.dir",
    ];
    const OPERATORS: &[&str] =
        &["=", "!=", "contains", "icontains", "startswith", "endswith", "glob", "iglob", "regex"];
    const LISTED: &[&str] = &[
        "in",
        "intersects",
        "pmatch",
        "= anyof",
        "!= anyof",
        "!= allof",
        "startswith oneof",
        "contains allof",
        "endswith anyof",
        "glob oneof",
    ];
    let field = || prop::sample::select(FIELDS);
    let text = || "[ab/<*]{1,2}";
    prop_oneof![
        4 => (field(), prop::sample::select(OPERATORS), text())
            .prop_filter("a pattern", |(_, operator, text)| *operator != "regex" || !text.starts_with('*'))
            .prop_map(|(field, operator, text)| format!("{field} {operator} {text}")),
        3 => (field(), prop::sample::select(LISTED), prop::collection::vec(text(), 0..3))
            .prop_map(|(field, operator, texts)| format!("{field} {operator} ({})", texts.join(", "))),
        1 => field().prop_map(|field| format!("{field} exists")),
        1 => (field(), field()).prop_map(|(left, right)| format!("{left} = val({right})")),
        1 => (field(), field()).prop_map(|(left, right)| format!("{left} != val({right})")),
        1 => ("(=|!=|<|<=|>|>=)", 0..3_i64).prop_map(|(op, n)| format!("proc.pid {op} {n}")),
    ]
}

fn small_condition() -> impl Strategy<Value = String> {
    small_check().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..5)
                .prop_map(|parts| format!("({})", parts.join(" or "))),
            prop::collection::vec(inner.clone(), 2..5)
                .prop_map(|parts| format!("({})", parts.join(" and "))),
            inner.prop_map(|inner| format!("not ({inner})")),
        ]
    })
}

fn small_facts() -> impl Strategy<Value = FactMap> {
    let text = || prop::option::of("[ab/]{0,3}");
    let texts = || prop::option::of(prop::collection::vec("[ab/]{0,2}", 0..3));
    let one = (text(), text(), text(), text(), text());
    (one, texts(), texts(), prop::option::of(0..3_i64)).prop_map(|(one, names, images, pid)| {
        let mut facts = FactMap::new();
        let texts = [
            ("proc.name", one.0),
            ("proc.pname", one.1),
            ("proc.aname[1]", one.2),
            ("fd.name", one.3),
            ("evt.type", one.4),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                facts.insert(name, text);
            }
        }
        for (name, texts) in [("proc.aname", names), ("pod.images", images)] {
            if let Some(texts) = texts {
                facts.insert(name, texts);
            }
        }
        if let Some(pid) = pid {
            facts.insert("proc.pid", pid);
        }
        facts
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_printed_reads_back(expr in expr()) {
        let printed = expr.to_string();
        let read = parse(&printed);
        prop_assert!(read.is_ok(), "{}: {:?}", printed, read);
        prop_assert_eq!(read.unwrap(), expr, "{}", printed);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        if let Ok(expr) = parse(&text) {
            prop_assert_eq!(parse(&expr.to_string()), Ok(expr));
        }
    }

    #[test]
    fn compiled_has_the_truth_of_written(
        texts in prop::collection::vec(small_condition(), 1..6),
        facts in prop::collection::vec(small_facts(), 1..6),
    ) {
        let table = table();
        let conditions: Vec<Condition> = texts
            .iter()
            .map(|text| Condition::compile("law", text, &table, &Definitions::new()).unwrap())
            .collect();
        let set = RuleSet::new(&table, &conditions);
        for facts in &facts {
            let mut holding = Vec::new();
            for (place, condition) in conditions.iter().enumerate() {
                let (written, _) = tree::why(condition.tree(), facts);
                prop_assert_eq!(condition.holds(facts), written, "{}", condition.text());
                holding.extend(written.then_some(place));
            }
            prop_assert_eq!(set.matching(facts), holding, "{:?}", texts);
        }
    }
}
