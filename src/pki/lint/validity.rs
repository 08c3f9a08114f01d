//! Dates.

use jiff::{SignedDuration, Timestamp};

use super::{IssuedCheck, LintFinding};
use crate::model::{Product, Severity};

/// Below this a new certificate is remarked on even if nothing demands more.
const SHORT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// 2050-01-01T00:00:00Z.
const LATE: i64 = 2_524_608_000;

pub(super) fn check(check: &IssuedCheck<'_>) -> Vec<LintFinding> {
    [dates(check), late(check)].into_iter().flatten().collect()
}

fn dates(check: &IssuedCheck<'_>) -> Option<LintFinding> {
    let facts = &check.leaf.facts;
    let span = format!(
        "valid from {} to {}, both included",
        facts.not_before, facts.not_after
    );
    if !facts.valid_at(check.now) {
        let finding = LintFinding::new(
            "E12",
            Severity::Blocker,
            "cucm-upload-errors E12 (Cisco 217138)",
        )
        .found(span)
        .expected(format!("valid at {:.0}, the node's time", check.now));
        return Some(if check.now < facts.not_before {
            finding
                .remedy("Wait until it is valid.")
                .remedy("Or mend the node's clock, if it is that which is wrong.")
        } else {
            finding.remedy("Have the pending request signed for a current period.")
        });
    }
    let left = facts.not_after.duration_since(check.now);
    let (least, severity, source) = match check.demands.map(|demands| demands.at_least) {
        Some(least) => (least, Severity::Blocker, "demanded by the plan"),
        None => (
            SHORT,
            Severity::Warning,
            "this product's own limit: 30 days",
        ),
    };
    (left < least).then(|| {
        LintFinding::new("L-expiring", severity, source)
            .found(format!("{span}: {} days left", left.as_hours() / 24))
            .expected(format!("at least {} days left", least.as_hours() / 24))
            .remedy("Have the request signed for a longer period.")
            .remedy("Or lower `renew_before` in the estate file, if the authority issues no longer ones.")
    })
}

fn late(check: &IssuedCheck<'_>) -> Option<LintFinding> {
    let expressway = matches!(check.product, Product::ExpresswayC | Product::ExpresswayE);
    let facts = &check.leaf.facts;
    (expressway && facts.not_after >= Timestamp::constant(LATE, 0)).then(|| {
        LintFinding::new(
            "L-late",
            Severity::Warning,
            "Expressway certificate guide X15.4",
        )
        .found(format!("valid until {}", facts.not_after))
        .expected("an end before 2050")
        .remedy("Have it signed for a shorter period: later dates may misbehave on Expressway.")
    })
}
