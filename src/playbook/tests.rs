use super::*;
use crate::model::{Appliance, ControlPath, Gate, NodeSelection, Port, Proof, Release};

const TOMCAT: &str = include_str!("../../playbooks/cucm/tomcat.yaml");

fn read(text: &str) -> Result<Procedure, Problems> {
    read_procedure(&Document::new("tomcat.yaml", text), &claims().unwrap())
}

/// The tomcat playbook with the first such passage changed.
fn changed(from: &str, to: &str) -> String {
    assert!(TOMCAT.contains(from), "{from}");
    TOMCAT.replacen(from, to, 1)
}

fn tomcat() -> Procedure {
    let library = Library::embedded().unwrap();
    library
        .procedure(Appliance::Cucm, &"tomcat".into())
        .unwrap()
        .clone()
}

/// The restart sets that hold for a release: `variant: Service nodes interface, …`.
fn sets(release: &str) -> Vec<String> {
    let release = Release::parse(release).unwrap();
    tomcat()
        .restarts
        .iter()
        .filter(|set| set.releases.contains(&release))
        .map(|set| {
            let services: Vec<&str> = set
                .services
                .iter()
                .map(|rule| rule.service.as_str().trim_start_matches("Cisco "))
                .collect();
            format!("{}: {}", set.variant, services.join(", "))
        })
        .collect()
}

#[test]
fn the_embedded_library_is_sound() {
    let library = Library::embedded().unwrap();
    assert_eq!(library.procedures().len(), 1);
    assert!(library.claims().len() > 100);
    assert!(library.procedure(Appliance::Cucm, &"CAPF".into()).is_none());
}

#[test]
fn tomcat_restarts_what_the_documents_ask_for() {
    let since_14 = [
        "default: Tomcat, UDS Tomcat, AXL Tomcat, DRF Master, DRF Local, Tftp",
        "minimal: Tomcat, UDS Tomcat, AXL Tomcat, Tftp",
        "security-guide: Tomcat, UDS Tomcat, AXL Tomcat, DRF Master, DRF Local, Tftp, Intercluster Lookup Service, Location Bandwidth Manager, Extension Mobility",
        "single-sign-on: Tomcat, UDS Tomcat, AXL Tomcat, SSOSP Tomcat, DRF Master, DRF Local, Tftp",
    ];
    assert_eq!(sets("14.0.1.10000-20"), since_14);
    assert_eq!(sets("15.0.1.13900-1"), since_14);
    assert_eq!(
        sets("12.5.1.13900-152"),
        [
            "default: Tomcat, Tftp",
            "sip-oauth: Tomcat, Tftp, CallManager"
        ]
    );
    assert!(
        sets("16.0.1.10000-1").is_empty(),
        "a release that no document speaks of"
    );
    assert!(sets("11.5.1.10000-6").is_empty());
}

#[test]
fn tomcat_says_where_and_how() {
    let tomcat = tomcat();
    let default = &tomcat.restarts[0];
    let row = |name: &str| {
        let rule = default
            .services
            .iter()
            .find(|rule| rule.service.as_str() == name)
            .unwrap();
        (rule.nodes, rule.by)
    };
    assert_eq!(
        row("Cisco Tomcat"),
        (NodeSelection::All, ControlPath::Shell)
    );
    assert_eq!(
        row("Cisco UDS Tomcat"),
        (NodeSelection::CallProcessing, ControlPath::Shell)
    );
    assert_eq!(
        row("Cisco DRF Master"),
        (NodeSelection::Publisher, ControlPath::ControlCenter)
    );
    assert_eq!(
        row("Cisco DRF Local"),
        (NodeSelection::All, ControlPath::ControlCenter)
    );
    let gates: Vec<Gate> = tomcat.preconditions.iter().map(|rule| rule.gate).collect();
    assert_eq!(
        gates,
        [
            Gate::SsoDisabled,
            Gate::BackupIdle,
            Gate::ReplicationGood,
            Gate::PlatformServicesUp
        ]
    );
    let proof: Vec<(Port, bool)> = tomcat
        .proof
        .iter()
        .filter_map(|rule| match rule.by {
            Proof::Port { port, always, .. } => Some((port, always)),
            Proof::Service(_) => None,
        })
        .collect();
    assert_eq!(
        proof,
        [(Port::Rest, true), (Port::Soap, true), (Port::Tftp, false)]
    );
    let asks = |release: &str, usage: &str| {
        let release = Release::parse(release).unwrap();
        let rule = tomcat
            .usages
            .iter()
            .find(|rule| rule.releases.contains(&release))
            .unwrap();
        rule.key_usage.iter().any(|asked| asked == usage)
    };
    assert!(
        asks("12.5.1.10000-22", "keyEncipherment") && !asks("14.0.1.13900-155", "keyEncipherment")
    );
}

#[test]
fn every_outage_names_what_it_rests_on() {
    for rule in tomcat().restarts.iter().flat_map(|set| &set.services) {
        let rests_on = |part: &str| {
            rule.claims
                .iter()
                .any(|claim| claim.as_str().contains(part))
        };
        let told = rests_on("OUTAGE") || rests_on("RESTART-PHONES");
        assert_eq!(!rule.outage.is_empty(), told, "{}", rule.service);
    }
}

/// A passage, what stands there instead, and what is said about the line where that stands.
#[rustfmt::skip]
const MISTAKES: &[(&str, &str, &str)] = &[
    ("format: 1", "format: 7", "this release reads format 1, not 7"),
    ("product: cucm", "product: cucn", "`cucn` is not a product; did you mean `cucm`?"),
    ("purpose: tomcat", "purpose: Tomcat", "`Tomcat` is not a purpose of cucm that an authority signs; did you mean `tomcat`?"),
    ("purpose: tomcat", "purpose: tomcat\npurposes: x", "no field `purposes`; did you mean `purpose`?"),
    ("  T217138: ", "  t217138: ", "`t217138` cannot be the tag of a source"),
    ("source: SG14; IMP125}", "source: SG14; IMP12}", "`IMP12` is not a source of this file; did you mean `IMP125`?"),
    ("source: SG14; IMP125}", "source: ''}", "`` is not a source of this file"),
    ("source: SG14; IMP125}", "source: SG14;}", "`` is not a source of this file"),
    ("store: tomcat-trust", "store: tomcat", "`tomcat` is not a trust store"),
    ("hash: sha256", "hash: sha1", "`sha1` is not a hash"),
    ("releases: \"12.5\"", "releases: 12.5 and later", "`12.5 and later` is not a range of releases; write it like 14, 12.5, 14SU2, 14SU1.., ..12.5 or 12.5..14"),
    ("releases: 14..15\n    variant", "releases: 15..14\n    variant", "`15..14` ends before it begins"),
    ("[digitalSignature, keyEncipherment", "[digitalSignature, keyEnciphermant", "`keyEnciphermant` is not a key usage; did you mean `keyEncipherment`?"),
    ("[serverAuth, clientAuth]", "[serverAuth, clientauth]", "`clientauth` is not an extended key usage; did you mean `clientAuth`?"),
    ("gate: sso-disabled", "gate: sso-off", "`sso-off` is not a precondition"),
    ("gate: sso-disabled", "gate: backup-idle", "`backup-idle` stands here twice"),
    ("variant: minimal", "variant: default", "two sets `default` hold for the same release"),
    ("service: Cisco UDS Tomcat", "service: Cisco UDS tomcat", "`Cisco UDS tomcat` is not a service; did you mean `Cisco UDS Tomcat`?"),
    ("service: Cisco UDS Tomcat", "service: Cisco AXL Tomcat", "Cisco AXL Tomcat restarts twice in this set"),
    ("nodes: all", "nodes: every", "`every` is not a selection of nodes"),
    ("by: shell", "by: control-center", "Cisco Tomcat is restarted by the shell only"),
    ("takes: 5m", "takes: 5", "`5` is not a duration: 5 has no unit; write it like 20m, 1h30m, 250ms or 7d"),
    ("- CUCM-TOMCAT-RESTART-CLI", "- CUCM-TOMCAT-RESTART-CLU", "`CUCM-TOMCAT-RESTART-CLU` is not a claim of the ledger; did you mean `CUCM-TOMCAT-RESTART-CLI`?"),
    ("services: [*tomcat, *uds, *axl, *tftp]", "services: []", "the set restarts nothing"),
    ("port: 8443", "port: 8080", "`8080` is not a port that is asked"),
    ("key: rsa", "key: dsa", "`dsa` is not a kind of key; did you mean `rsa`?"),
    ("always: true", "always: maybe", "expected true or false"),
    ("text: Take", "text: ''\n    texts: Take", "no field `texts`; did you mean `text`?"),
];

#[test]
fn names_each_mistake_and_its_line() {
    let mut wrong = Vec::new();
    for (from, to, expected) in MISTAKES {
        let text = changed(from, to);
        let told = read(&text).expect_err(to);
        let line = |number: usize| text.lines().nth(number.wrapping_sub(1)).unwrap_or_default();
        let shown =
            |spot: &crate::yaml::Spot| to.lines().any(|part| line(spot.line).contains(part.trim()));
        if !told
            .spots()
            .iter()
            .any(|spot| spot.message == *expected && shown(spot))
        {
            wrong.push(format!(
                "{to:?}\n  expected {expected}\n  found {:?}",
                told.spots()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn tells_everything_at_once() {
    let text = changed("product: cucm", "product: x")
        .replace("hash: sha256", "hash: md5")
        .replace("gate: backup-idle", "gate: backup-iddle");
    assert_eq!(read(&text).unwrap_err().spots().len(), 3);
}

#[test]
fn a_folder_replaces_the_built_in_procedures() {
    let folder = tempfile::tempdir().unwrap();
    let cucm = folder.path().join("cucm");
    std::fs::create_dir(&cucm).unwrap();
    let told = |folder: &Path| Library::load(folder).unwrap_err().to_string();
    assert!(told(folder.path()).contains("found none"));
    assert!(told(&folder.path().join("none")).contains("cannot list the playbooks"));

    let slower = changed("takes: 5m", "takes: 9m");
    std::fs::write(cucm.join("tomcat.yaml"), slower).unwrap();
    std::fs::write(folder.path().join("README.md"), "not a playbook").unwrap();
    let library = Library::load(folder.path()).unwrap();
    let first = &library.procedures()[0].restarts[0].services[0];
    assert_eq!(first.takes, jiff::SignedDuration::from_mins(9));

    std::fs::write(folder.path().join("other.yaml"), TOMCAT).unwrap();
    assert!(told(folder.path()).contains("both describe tomcat of cucm"));
    std::fs::write(folder.path().join("other.yaml"), "format: 1\n").unwrap();
    std::fs::write(cucm.join("tomcat.yaml"), "[]\n").unwrap();
    let both = told(folder.path());
    assert!(
        both.contains("other.yaml") && both.contains("tomcat.yaml"),
        "{both}"
    );
}

#[test]
fn a_folder_s_ledger_replaces_the_built_in_one() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tomcat.yaml"), TOMCAT).unwrap();
    let ledger = folder.path().join("claims.yaml");
    std::fs::write(
        &ledger,
        "A: {says: x, applies: [], source: y, evidence: seen}\n",
    )
    .unwrap();
    let told = Library::load(folder.path()).unwrap_err().to_string();
    assert!(told.contains("`seen` is not a kind of evidence"), "{told}");
    std::fs::write(
        &ledger,
        "A: {says: x, applies: [], source: y, evidence: captured}\n",
    )
    .unwrap();
    let told = Library::load(folder.path()).unwrap_err().to_string();
    assert!(
        told.contains("`CUCM-TOMCAT-RESTART-CLI` is not a claim of the ledger"),
        "{told}"
    );
}

#[test]
fn the_ledger_tells_what_a_claim_rests_on() {
    let claims = claims().unwrap();
    let evidence = |id: &str| claims[&ClaimId::from(id)].evidence;
    assert_eq!(evidence("CUCM-RESTART-DURATION"), Evidence::Assumed);
    assert_eq!(evidence("CUCM-TOMCAT-RESTART-CLI"), Evidence::Documented);
    assert_eq!(Evidence::Assumed.to_string(), "assumed");
}

proptest::proptest! {
    #[test]
    fn no_damage_makes_it_panic(at in 0..TOMCAT.len(), cut in 0usize..60, put in "[^a]{0,6}") {
        let start = TOMCAT.floor_char_boundary(at);
        let end = TOMCAT.ceil_char_boundary((start + cut).min(TOMCAT.len()));
        let mut text = TOMCAT.to_owned();
        text.replace_range(start..end, &put);
        drop(read(&text));
    }
}
