//! `lazaret policy`: show, check, explain, test and rehearse policies; read the decision log.

mod check;
mod decisions;
mod explain;
mod facts;
mod fields;
mod simulate;
mod test;

use clap::{Args, Subcommand, ValueEnum};

use super::{Context, Outcome};

const EXAMPLES: &str = "\
Examples:
  lazaret policy show > policy.yaml             the built-in policy, to start one's own from
  lazaret policy check policy.yaml rules.yaml   are they well formed?
  lazaret policy test policy.test.yaml          do its cases come out as written?
  lazaret policy explain 7 --policy policy.yaml why does report 7 get its verdict?
  lazaret policy simulate policy.yaml           what would change if this policy decided?
  lazaret policy fields vuln                    what may conditions ask?
  lazaret policy decisions --verify             what was decided, and is the log whole?

Exit status: 0 well formed, as expected, nothing changes; 1 something is not; 2 the job could not
be done.";

/// Show, check, explain, test and rehearse policies
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Policy {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print the built-in policy
    Show,
    /// Tell whether policies, rules files in Falco's format and files of cases are well formed
    Check(check::Check),
    /// Tell why a report or workload gets its verdict, rule by rule
    Explain(explain::Explain),
    /// Run the cases beside a policy
    Test(test::Test),
    /// Make stored reports and recorded decisions again under a policy, and tell what would change
    Simulate(simulate::Simulate),
    /// List the fields that conditions may ask about
    Fields(fields::Fields),
    /// List the decisions of the gates, and check that the log is whole
    Decisions(decisions::Decisions),
}

/// The shape of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

impl Policy {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Outcome> {
        match self.verb {
            Verb::Show => {
                print!("{}", policy::Policy::built_in_text());
                Ok(Outcome::Allowed)
            }
            Verb::Check(verb) => verb.run(context),
            Verb::Explain(verb) => verb.run(context),
            Verb::Test(verb) => verb.run(context),
            Verb::Simulate(verb) => verb.run(context),
            Verb::Fields(verb) => verb.run(),
            Verb::Decisions(verb) => verb.run(context),
        }
    }
}
