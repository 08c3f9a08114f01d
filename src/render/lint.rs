//! What is wrong with an issued certificate, as text.

use std::fmt::Write as _;

use crate::pki::lint::LintFinding;

/// One paragraph for each finding, worst first.
pub fn lint(findings: &[LintFinding]) -> String {
    if findings.is_empty() {
        return "Nothing was found: it may be uploaded. Revocation was not checked.\n".to_owned();
    }
    let mut text = String::new();
    for finding in findings {
        let _ = writeln!(text, "{} {}", finding.severity, finding.code);
        let _ = writeln!(text, "  expected  {}", finding.expected);
        let _ = writeln!(text, "  found     {}", finding.found);
        if let Some(predicted) = finding.predicted {
            let _ = writeln!(text, "  the node would answer: {predicted}");
        }
        for remedy in &finding.remedies {
            let _ = writeln!(text, "  remedy    {remedy}");
        }
        let _ = writeln!(text, "  source    {}", finding.source);
    }
    text
}
