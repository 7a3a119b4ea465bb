//! The programs of the control plane and of nodes, when a manifest starts them: static pods, and
//! the kubelet's and kube-proxy's configuration files.
//!
//! Flags are read as the programs read them: `--name=value` and `--name value`, the last of equal
//! ones holds, a flag alone is true. etcd also takes `ETCD_…` variables.

mod settings;
mod table;

use crate::template::kubernetes::fields::Lines;
use crate::template::kubernetes::object::Object;
use crate::template::kubernetes::pod::Container;
use crate::template::kubernetes::report::Report;
use settings::Settings;
use table::SETTINGS;

/// What must hold for a flag. The last `bool`, where there is one: whether its absence will do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Test {
    /// All are set.
    Present(&'static [&'static str]),
    /// It is not set.
    Absent(&'static str),
    /// It is this value.
    Is(&'static str, &'static str, bool),
    /// It is not this value.
    IsNot(&'static str, &'static str),
    /// It is 0, or not set.
    ZeroOrAbsent(&'static str),
    /// The list has this word.
    Has(&'static str, &'static str),
    /// The list does not have this word.
    Lacks(&'static str, &'static str, bool),
    /// It is a number not below this.
    AtLeast(&'static str, i64),
    /// It is a time of more than nothing and at most five minutes.
    ShortTimeout(&'static str),
    /// Every word of the list is a strong cipher suite.
    StrongCiphers(&'static str),
    /// It is an address of the node alone.
    Loopback(&'static str, bool),
}

/// Looks at a container that runs one of the programs.
pub(super) fn check(object: &Object<'_>, container: &Container<'_>, report: &mut Report<'_>) {
    let Some(settings) = Settings::of_container(container) else { return };
    for (rule, lines, message) in broken(&settings) {
        report.container(rule, (object, container), lines, message);
    }
}

/// Looks at a configuration file of one of the programs.
pub(super) fn check_file(object: &Object<'_>, report: &mut Report<'_>) {
    let Some(settings) = Settings::of_file(object) else { return };
    for (rule, lines, message) in broken(&settings) {
        report.object(rule, object, lines, message);
    }
}

fn broken(settings: &Settings<'_>) -> Vec<(&'static str, Lines, String)> {
    let of_program = SETTINGS.iter().filter(|setting| setting.program == settings.program);
    let broken = of_program.filter_map(|setting| {
        let (flag, message) = settings.violation(&setting.test)?;
        let is_elsewhere =
            settings.value(flag).is_none() && settings.value(setting.unless).is_some();
        let lines = settings.lines(flag);
        (!is_elsewhere).then_some((setting.rule, lines, message))
    });
    broken.collect()
}
