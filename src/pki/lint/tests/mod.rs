mod authorities;
mod leaf;
mod names;
mod uploads;

use super::{Demands, IssuedCheck, LintFinding, check_issued};
use crate::model::{Certificate, Product, Purpose, Release, Severity, SigningRequest};
use crate::pki::Parsed;
use crate::pki::testing::{Issued, Recipe, moment};

/// An authority with one intermediate, a request and the certificate for it; a test changes what it is about.
struct Case {
    root: Issued,
    issuing: Issued,
    leaf: Parsed,
    chain: Vec<Parsed>,
    request: Option<SigningRequest>,
    stored: Option<Vec<Certificate>>,
    demands: Option<Demands>,
    purpose: Purpose,
    product: Product,
    release: Option<Release>,
    now: &'static str,
}

impl Case {
    /// `asked` becomes the request, `issued` the certificate; both for `tomcat-ECDSA`, so that keys are cheap.
    fn new(asked: &Recipe, issued: Recipe) -> Self {
        let root = Recipe::authority("Root").self_signed();
        let issuing = root.sign(Recipe::authority("Issuing"));
        let leaf = issuing.sign(issued).parsed;
        Self {
            chain: vec![root.parsed.clone(), issuing.parsed.clone()],
            leaf,
            root,
            issuing,
            request: Some(asked.request()),
            stored: None,
            demands: None,
            purpose: "tomcat-ECDSA".into(),
            product: Product::Cucm,
            release: None,
            now: "2026-03-01T00:00:00Z",
        }
    }

    /// A certificate that differs from its request by `change`.
    fn changed(change: impl FnOnce(&mut Recipe)) -> Self {
        let asked = recipe();
        let mut issued = asked.clone();
        change(&mut issued);
        Self::new(&asked, issued)
    }

    fn findings(&self) -> Vec<LintFinding> {
        let stored: Option<Vec<&Certificate>> = self.stored.as_ref().map(|s| s.iter().collect());
        check_issued(&IssuedCheck {
            leaf: &self.leaf,
            chain: &self.chain,
            request: self.request.as_ref(),
            stored: stored.as_deref(),
            demands: self.demands.as_ref(),
            purpose: Some(&self.purpose),
            product: self.product,
            release: self.release.as_ref(),
            now: moment(self.now),
        })
    }

    fn codes(&self) -> Vec<(&'static str, Severity)> {
        self.findings()
            .iter()
            .map(|finding| (finding.code, finding.severity))
            .collect()
    }

    /// The one finding that there must be.
    fn only(&self) -> LintFinding {
        let findings = self.findings();
        let [finding] = findings.as_slice() else {
            panic!("{findings:#?}")
        };
        assert!(
            !finding.found.is_empty() && !finding.expected.is_empty(),
            "{finding:?}"
        );
        assert!(
            !finding.remedies.is_empty() && !finding.source.is_empty(),
            "{finding:?}"
        );
        finding.clone()
    }
}

fn recipe() -> Recipe {
    Recipe {
        names: vec!["dns:cucm.example.com".into(), "dns:example.com".into()],
        ..Recipe::leaf("cucm.example.com")
    }
}

#[test]
fn a_certificate_as_it_was_asked_for_passes() {
    let mut case = Case::changed(|_| {});
    assert_eq!(case.findings(), []);
    case.stored = Some(case.chain.iter().map(|c| c.facts.clone()).collect());
    case.demands = Some(Demands {
        chain: case.chain.iter().map(|c| c.facts.sha256.clone()).collect(),
        key_usage: ["digitalSignature".to_owned()].into(),
        extended_usage: ["clientAuth".to_owned()].into(),
        at_least: jiff::SignedDuration::from_hours(24 * 300),
    });
    assert_eq!(case.findings(), []);
    case.product = Product::ExpresswayE;
    assert_eq!(case.findings(), []);
}

#[test]
fn findings_come_worst_first() {
    let case = Case::changed(|issued| {
        issued.names.push("dns:www.example.com".into());
        issued.subject.push(("O", "Added".into()));
        issued.usage.get_or_insert_default().push("nonRepudiation");
    });
    let expected = [
        ("E5", Severity::Blocker),
        ("L-subject", Severity::Warning),
        ("L-extra-usage", Severity::Notice),
    ];
    assert_eq!(case.codes(), expected);
}
