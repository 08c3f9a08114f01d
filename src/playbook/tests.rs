use super::*;

const TOMCAT: &str = include_str!("../../playbooks/cucm/tomcat.yaml");
const CALLMANAGER: &str = include_str!("../../playbooks/cucm/CallManager.yaml");
const CAPF: &str = include_str!("../../playbooks/cucm/CAPF.yaml");
const TVS: &str = include_str!("../../playbooks/cucm/TVS.yaml");
const RECOVERY: &str = include_str!("../../playbooks/cucm/ITLRecovery.yaml");
const CUP: &str = include_str!("../../playbooks/im-presence/cup.yaml");
const UNITY: &str = include_str!("../../playbooks/unity-connection/tomcat.yaml");

fn read(text: &str) -> Result<Procedure, Problems> {
    read_procedure(&Document::new("tomcat.yaml", text), &claims().unwrap())
}

/// The tomcat playbook with the first such passage changed.
fn changed(from: &str, to: &str) -> String {
    changed_in(TOMCAT, from, to)
}

fn changed_in(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

/// A passage, what stands there instead, and what is said about the line where that stands.
#[rustfmt::skip]
const MISTAKES: &[(&str, &str, &str)] = &[
    ("format: 1", "format: 7", "this release reads format 1, not 7"),
    ("product: cucm", "product: cucn", "`cucn` is not a product; did you mean `cucm`?"),
    ("purpose: tomcat", "purpose: Tomcat", "`Tomcat` is not a purpose of cucm; did you mean `tomcat`?"),
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

/// Parts that do not fit each other or the purpose: the file, a passage, what stands there instead, what is said.
#[rustfmt::skip]
const MISFITS: &[(&str, &str, &str, &str)] = &[
    (CALLMANAGER, "service: Cisco CTIManager", "service: Cisco XCP Router", "cucm nodes have no Cisco XCP Router"),
    (CUP, "service: Cisco SIP Proxy", "service: Cisco CallManager", "im-presence nodes have no Cisco CallManager"),
    (CUP, "nodes: im-presence\n", "nodes: subscribers\n", "`subscribers` holds no node that im-presence procedures are for"),
    (TOMCAT, "nodes: call-processing\n", "nodes: im-presence\n", "`im-presence` holds no node that cucm procedures are for"),
    (UNITY, "nodes: all,", "nodes: presence-publisher,", "`presence-publisher` holds no node that unity-connection procedures are for"),
    (UNITY, "store: tomcat-trust", "store: CallManager-trust", "unity-connection nodes have no CallManager-trust"),
    (TOMCAT, "store: tomcat-trust", "store: ipsec-trust", "tomcat does not use ipsec-trust"),
    (CAPF, "store: CallManager-trust", "store: CAPF-trust", "`CAPF-trust` stands here twice"),
    (CAPF, "multi_server: false", "multi_server: true", "one certificate of CAPF cannot serve several nodes"),
    (CUP, "multi_server: false", "multi_server: true", "one certificate of cup cannot serve several nodes"),
    (TVS, "multi_server: false", "multi_server: true", "one certificate of TVS cannot serve several nodes"),
    (TOMCAT, "hash: sha256", "hash: sha256\nphones: {ctl: true, one_stays: false, source: SG14, claims: []}", "phones hold nothing of tomcat"),
    (CALLMANAGER, "releases: 14SU0\n    variant: default", "releases: 14SU1\n    variant: default", "two sets `default` hold for the same release"),
    (CALLMANAGER, "releases: \"12.5\"\n    variant: default", "releases: \"12.5\"\n    variant: other", "no set `default` holds for release 12.5"),
    (CUP, "releases: 12.5..15", "releases: 14..15", "no set `default` holds for release 12.5"),
    (CUP, "releases: 12.5..15", "releases: 12.0..15", "no `usages` hold for release 12, which has a restart set"),
    (TVS, "service: Cisco Trust Verification Service, source", "service: Cisco CallManager, source", "no set restarts Cisco CallManager, so it proves nothing"),
    (TVS, "{service: Cisco Trust Verification Service, source", "{port: 2445, service: Cisco Tftp, source", "a proof is either a `port` with its `key`, or a `service`"),
    (TVS, "upload_resets: 14..", "upload_resets: from 14", "`from 14` is not a range of releases; write it like 14, 12.5, 14SU2, 14SU1.., ..12.5 or 12.5..14"),
    (TVS, "one_stays: true", "one_stay: true", "no field `one_stay`; did you mean `one_stays`?"),
    (TVS, "PHONE-ACCEPTS", "PHONE-ACCEPT", "`PHONE-ACCEPT` is not a claim of the ledger; did you mean `PHONE-ACCEPTS`?"),
    (CUP, "  - before: >-", "  - before: ''\n    befor: >-", "no field `befor`; did you mean `before`?"),
    (CUP, "    from_nodes: 2", "    from_nodes: two", "expected a whole number"),
    (RECOVERY, "purpose: ITLRecovery", "purpose: ITLRecovery\nhash: sha256", "only assessed, yet it has hash"),
    (RECOVERY, "purpose: ITLRecovery", "purpose: ITLRecover", "`ITLRecover` is not a purpose of cucm; did you mean `ITLRecovery`?"),
];

/// A procedure without its section about phones, or about assessing, says so at its purpose.
#[test]
fn names_a_section_that_is_missing() {
    let without = |text: &str, from: &str, to: &str| {
        let (before, rest) = text.split_once(from).unwrap();
        let (_, after) = rest.split_once(to).unwrap();
        let told = read(&format!("{before}{to}{after}")).unwrap_err();
        told.spots()
            .iter()
            .map(|spot| spot.message.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        without(CALLMANAGER, "phones:", "restarts:"),
        ["phones hold CallManager, and `phones` does not say what"]
    );
    assert_eq!(
        without(RECOVERY, "assess_only:", "reminders:"),
        ["ITLRecovery is only assessed and cannot be planned"]
    );
    let nothing = without(CUP, "stores:", "reminders:");
    assert!(
        nothing.contains(&"no store takes the chain".to_owned()),
        "{nothing:?}"
    );
    assert!(nothing.contains(&"nothing proves what is in effect".to_owned()));
    assert!(nothing.contains(&"no `hash` is asked for in the request".to_owned()));
}

#[test]
fn names_each_mistake_and_its_line() {
    let mut wrong = Vec::new();
    let of_tomcat = MISTAKES
        .iter()
        .map(|(from, to, expected)| (TOMCAT, from, to, expected));
    let of_others = MISFITS
        .iter()
        .map(|(file, from, to, expected)| (*file, from, to, expected));
    for (file, from, to, expected) in of_tomcat.chain(of_others) {
        let text = changed_in(file, from, to);
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

/// Every field of the schema is described, and what it offers is what the checks take.
#[test]
fn the_schema_describes_every_field() {
    let schema = schema();
    let mut fields = Vec::new();
    let definitions = schema["$defs"].as_object().unwrap().values();
    for object in definitions.chain([&schema]) {
        let properties = object["properties"].as_object().unwrap();
        fields.extend(properties.iter());
        assert_eq!(object["additionalProperties"], false);
    }
    assert!(fields.len() > 45, "{}", fields.len());
    let readme = include_str!("../../playbooks/README.md");
    for (name, field) in &fields {
        let told = field["description"].as_str().unwrap_or_default();
        assert!(told.ends_with('.'), "{name}: {told}");
        assert!(
            readme.contains(&format!("`{name}`")),
            "README.md is silent on {name}"
        );
    }
    let purposes = schema["properties"]["purpose"]["enum"].as_array().unwrap();
    assert!(
        purposes
            .iter()
            .any(|purpose| purpose == "cup-xmpp-s2s-ECDSA")
    );
    let gates = &schema["$defs"]["Precondition"]["properties"]["gate"]["enum"];
    assert_eq!(*gates, serde_json::json!(words::names(&words::GATES)));
    let key_usage = &schema["$defs"]["Usage"]["properties"]["key_usage"]["items"]["enum"];
    assert_eq!(*key_usage, serde_json::json!(words::KEY_USAGES));
    assert_eq!(schema["properties"]["product"]["enum"][1], "im-presence");
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
