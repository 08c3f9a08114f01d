//! What files mean, as text.

use std::fmt::Write as _;

use super::words::{clean, count, moment, wrapped};
use crate::diagnose::{Checked, Counts, Diagnosis, Listed, Report, Seen};

/// Each file, each certificate, each thing that is wrong with its remedies; worst first.
pub fn diagnosis(report: &Report) -> String {
    let mut text = String::new();
    for input in &report.inputs {
        let _ = writeln!(text, "{}: {}", clean(&input.name), clean(&input.is));
        for note in &input.notes {
            text.push_str(&wrapped("  note      ", note));
        }
    }
    if let Some(counts) = report.log {
        text.push_str(&read(counts));
    }
    certificates(&mut text, &report.certificates);
    if report.diagnoses.is_empty() {
        text.push_str(if report.all_known() {
            "\nNothing wrong was found. Revocation was not checked.\n"
        } else {
            "\nNothing can be said of what could not be read.\n"
        });
        return text;
    }
    for each in &report.diagnoses {
        one(&mut text, each);
    }
    text.push_str("\n`reissue explain CODE` tells more of a code.\n");
    text
}

fn read(counts: Counts) -> String {
    let mut text = format!(
        "  read      {} lines, {} bytes\n",
        counts.lines, counts.bytes
    );
    if counts.cut_lines > 0 {
        let _ = writeln!(
            text,
            "  note      {} lines are longer than {} bytes; their ends were not read",
            counts.cut_lines,
            crate::diagnose::LINE_LIMIT
        );
    }
    text
}

fn certificates(text: &mut String, listed: &[Listed]) {
    let mut chain = 0;
    for each in listed {
        if each.chain != chain {
            chain = each.chain;
            let _ = writeln!(text, "\nchain {chain}");
        }
        let facts = &each.certificate;
        let place = match each.place {
            crate::diagnose::Place::Leaf => "leaf",
            crate::diagnose::Place::Intermediate => "intermediate",
            crate::diagnose::Place::Root => "root",
        };
        let _ = writeln!(text, "  {place:<13} {}", clean(facts.title()));
        let mut line = |label: &str, value: &str| {
            text.push_str(&wrapped(&format!("    {label:<11} "), value));
        };
        line("issuer", &facts.issuer);
        line(
            "valid",
            &format!(
                "{} to {}",
                moment(facts.not_before),
                moment(facts.not_after)
            ),
        );
        let key = format!(
            "{} {} bits, {}",
            facts.key.algorithm, facts.key.bits, facts.signature
        );
        line("key", &key);
        let names: Vec<String> = facts.names.iter().map(ToString::to_string).collect();
        if !names.is_empty() {
            line("names", &names.join(", "));
        }
        for (label, usages) in [
            ("usage", &facts.key_usage),
            ("extended", &facts.extended_usage),
        ] {
            if let Some(usages) = usages {
                line(
                    label,
                    &usages.iter().cloned().collect::<Vec<_>>().join(", "),
                );
            }
        }
        line("sha256", facts.sha256.as_str());
        line("in", &each.files.join(", "));
    }
}

fn one(text: &mut String, each: &Diagnosis) {
    let _ = writeln!(text, "\n{} {}", each.severity, each.code);
    text.push_str(&wrapped("  about     ", &each.subject));
    text.push_str(&wrapped("  found     ", &each.found));
    if let Some(seen) = &each.seen {
        self::seen(text, seen);
    }
    text.push_str(&wrapped("  cause     ", &each.cause));
    for remedy in &each.remedies {
        text.push_str(&wrapped("  remedy    ", remedy));
    }
    match &each.observed {
        Some(Checked::Confirmed(why)) => text.push_str(&wrapped("  observed  confirmed: ", why)),
        Some(Checked::Contradicted(why)) => {
            text.push_str(&wrapped("  observed  contradicted: ", why));
        }
        Some(Checked::NotChecked(why)) => text.push_str(&wrapped("  observed  not checked: ", why)),
        None => {}
    }
    text.push_str(&wrapped("  source    ", each.source));
}

fn seen(text: &mut String, seen: &Seen) {
    let mut line = count(usize::try_from(seen.count).unwrap_or(usize::MAX), "time");
    if let (Some(first), Some(last)) = (seen.first, seen.last) {
        if first == last {
            let _ = write!(line, ", at {first}");
        } else {
            let _ = write!(line, ", from {first} to {last}");
        }
    }
    if !seen.by.is_empty() {
        let _ = write!(line, ", in the log of {}", seen.by.join(", "));
    }
    text.push_str(&wrapped("  seen      ", &line));
    if !seen.ports.is_empty() {
        let ports: Vec<String> = seen
            .ports
            .iter()
            .map(|vote| format!("{} ({} of {})", vote.port, vote.failures, seen.count))
            .collect();
        let ports = format!(
            "{}; by the latest request to that server before each failure",
            ports.join(", ")
        );
        text.push_str(&wrapped("  port      ", &ports));
    }
    text.push_str(&wrapped("  message   ", &seen.message));
}
