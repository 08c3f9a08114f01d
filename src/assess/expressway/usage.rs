//! Where a certificate without clientAuth does harm, by release. Data, because the vendor and the authorities move it.
// claim: EXPRESSWAY-CLIENT-AUTH

use crate::model::{Certificate, Finding, Product, Purpose, Release, Severity};

use super::super::Context;
use super::{about_server, peers};

type Level = (u32, u32, u32);

/// One row of the table in expressway §8.
struct Rule {
    /// From this release on.
    from: Level,
    /// Before this release.
    before: Level,
    product: Product,
    purpose: &'static str,
    severity: Severity,
    /// What happens without the usage.
    effect: &'static str,
    /// Where it is said, and when.
    source: &'static str,
}

const LAST: Level = (u32::MAX, 0, 0);
const FEBRUARY: &str = "TAC 225482, 13 February 2026";
const APRIL: &str = "TAC 225693, 15 April 2026";

const RULES: &[Rule] = &[
    Rule {
        from: (0, 0, 0),
        before: (15, 4, 0),
        product: Product::ExpresswayC,
        purpose: "server",
        severity: Severity::Critical,
        effect: "the tunnels and zones that verify it fail, and a new one without it is refused",
        source: FEBRUARY,
    },
    Rule {
        from: (0, 0, 0),
        before: (15, 4, 0),
        product: Product::ExpresswayE,
        purpose: "server",
        severity: Severity::Critical,
        effect: "Expressway-C looks for it in SIP SERVICE, so registrations over remote access fail, and a new one without it is refused",
        source: FEBRUARY,
    },
    Rule {
        from: (15, 4, 0),
        before: (15, 5, 0),
        product: Product::ExpresswayC,
        purpose: "server",
        severity: Severity::Critical,
        effect: "the tunnels fail, and a new one without it is refused on Expressway-C",
        source: FEBRUARY,
    },
    Rule {
        from: (15, 4, 0),
        before: (15, 5, 0),
        product: Product::ExpresswayE,
        purpose: "server",
        severity: Severity::Notice,
        effect: "neighbor zones with TLS verify On fail; a new one without it is taken only after EnableServerEkuUpload is on",
        source: FEBRUARY,
    },
    Rule {
        from: (15, 5, 0),
        before: LAST,
        product: Product::ExpresswayC,
        purpose: "client",
        severity: Severity::Critical,
        effect: "the tunnels stay down whatever the switch for checking says, and with them remote access",
        source: APRIL,
    },
];

/// A certificate that must allow a client's use does not.
pub(super) fn client_auth(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, node, _) in peers(context.state) {
        let Some(level) = node.release.present().map(Release::level) else {
            continue; // `node::reachable` says so.
        };
        let rules = RULES.iter().filter(|rule| {
            rule.product == context.state.product && rule.from <= level && level < rule.before
        });
        for rule in rules {
            let purpose = Purpose::from(rule.purpose);
            let lacking = |certificate: &&Certificate| {
                let usages = certificate.extended_usage.as_ref();
                usages.is_some_and(|usages| !usages.contains("clientAuth"))
            };
            let certificate = context.state.identity(name, &purpose).filter(lacking);
            findings.extend(certificate.map(|certificate| Finding {
                purpose: Some(purpose.clone()),
                ..about_server(
                    context,
                    rule.severity,
                    "expressway-client-auth",
                    name,
                    format!("clientAuth in the {purpose} certificate ({})", rule.source),
                    format!("{} is without: {}", certificate.title(), rule.effect),
                )
            }));
        }
    }
    findings
}

/// What is known of a public authority, by the common name of its root.
struct Sunset {
    root: &'static str,
    /// Since when it issues for servers only; `None` while it still issues for both.
    ended: Option<&'static str>,
    source: &'static str,
}

/// Any other root is a private authority, or one of which nothing is known. Source: expressway §8, as of June 2026.
const SUNSETS: &[Sunset] = &[
    Sunset {
        root: "ISRG Root X1",
        ended: Some("11 February 2026, its classic profile"),
        source: NOTICE,
    },
    Sunset {
        root: "ISRG Root X2",
        ended: Some("11 February 2026, its classic profile"),
        source: NOTICE,
    },
    Sunset {
        root: "IdenTrust Public Sector Root CA 1",
        ended: None,
        source: NOTICE,
    },
    Sunset {
        root: "DigiCert Assured ID Root G2",
        ended: None,
        source: NOTICE,
    },
];

const NOTICE: &str = "field notice 74362, 1 June 2026";

/// Whether the authority that is to sign can still give what the release demands, told before a request is made.
pub(super) fn can_be_given(context: &Context<'_>) -> Vec<Finding> {
    let levels = context.state.nodes.values();
    let levels = levels.filter_map(|node| node.release.present().map(Release::level));
    let Some(level) = levels.min() else {
        return Vec::new(); // `node::reachable` says so.
    };
    let demands = |rule: &&Rule| {
        rule.product == context.state.product
            && rule.purpose == "server"
            && rule.severity == Severity::Critical
            && (rule.from..rule.before).contains(&level)
    };
    let Some(rule) = RULES.iter().find(demands) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for wanted in context
        .wanted()
        .filter(|it| it.purpose.as_str() == rule.purpose)
    {
        let Some(issuer) = context.desired.issuers.get(&wanted.issuer) else {
            continue;
        };
        let chain = || issuer.chain.iter().map(|authority| &authority.certificate);
        let barred = chain().find(|authority| {
            let usages = authority.extended_usage.as_ref();
            usages.is_some_and(|usages| !usages.contains("clientAuth"))
        });
        let known = chain().next().and_then(|root| {
            let title = root.title();
            SUNSETS
                .iter()
                .find(|it| it.root.eq_ignore_ascii_case(title))
        });
        let (severity, found) = match (barred, known) {
            (Some(authority), _) => (
                Severity::Critical,
                format!(
                    "{} may not sign for clientAuth, by its own usages",
                    authority.title()
                ),
            ),
            (
                None,
                Some(Sunset {
                    root,
                    ended: Some(since),
                    source,
                }),
            ) => (
                Severity::Critical,
                format!("{root} signs for serverAuth only since {since} ({source})"),
            ),
            (
                None,
                Some(Sunset {
                    root,
                    ended: None,
                    source,
                }),
            ) => (
                Severity::Notice,
                format!(
                    "{root} still signs for both; public authorities end this by March 2027, subject to change ({source})"
                ),
            ),
            (None, None) => continue,
        };
        findings.push(Finding {
            purpose: Some(wanted.purpose.clone()),
            ..context.finding(
                severity,
                "expressway-client-auth-issuer",
                None,
                format!(
                    "issuer {} can sign with clientAuth, without which {} ({})",
                    wanted.issuer, rule.effect, rule.source
                ),
                found,
            )
        });
    }
    findings
}
