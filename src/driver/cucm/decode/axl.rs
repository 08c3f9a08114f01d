//! Answers of the publisher's database: AXL.

use std::collections::BTreeMap;

use super::{DecodeError, tree};
use crate::model::{PhoneProfile, PhoneSecurity, Release, Role, SecurityMode};
use crate::transport::soap::Element;

/// The release that `getCCMVersion` answers.
///
/// # Errors
/// If it is missing or has another form than 14.0.1.13900-155.
// claim: CUCM-AXL-VERSION
pub fn release(response: &Element) -> Result<Release, DecodeError> {
    const QUESTION: &str = "getCCMVersion";
    let text = tree::text(
        QUESTION,
        response,
        &["return", "componentVersion", "version"],
    )?;
    Release::parse(text)
        .map_err(|_| DecodeError::new(QUESTION, "a release such as 14.0.1.13900-155", text))
}

/// A node of the database's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedNode {
    /// Its name there: a host name, a qualified name or an address.
    pub name: String,
    /// Its part.
    pub role: Role,
}

/// The nodes that `listProcessNode` answers, without the pseudo node `EnterpriseWideData`.
///
/// # Errors
/// If there is no node, or one without a name, usage or role that is known.
// claim: CUCM-AXL-NODES
pub fn nodes(response: &Element) -> Result<Vec<ListedNode>, DecodeError> {
    const QUESTION: &str = "listProcessNode";
    let mut nodes = Vec::new();
    for entry in tree::all(response, &["return", "processNode"]) {
        let name = tree::text(QUESTION, entry, &["name"])?;
        if name == "EnterpriseWideData" {
            continue;
        }
        let usage = tree::text(QUESTION, entry, &["nodeUsage"])?;
        let part = tree::text(QUESTION, entry, &["processNodeRole"])?;
        let role = match (part, usage) {
            ("CUCM IM and Presence", _) => Role::ImPresence,
            ("CUCM Voice/Video", "Publisher") => Role::Publisher,
            ("CUCM Voice/Video", "Subscriber") => Role::Subscriber,
            _ => {
                return Err(DecodeError::new(
                    QUESTION,
                    "nodeUsage Publisher or Subscriber, and processNodeRole CUCM Voice/Video or CUCM IM and Presence",
                    &format!("{name}: {usage}, {part}"),
                ));
            }
        };
        nodes.push(ListedNode {
            name: name.to_owned(),
            role,
        });
    }
    if nodes.is_empty() {
        return Err(DecodeError::new(QUESTION, "at least one node", "none"));
    }
    Ok(nodes)
}

/// What `executeSQLQuery` answers for `ClusterSecurityMode`.
///
/// # Errors
/// If the parameter is missing or neither 0 nor 1.
// claim: CUCM-AXL-SECURITY-MODE
pub fn security_mode(response: &Element) -> Result<SecurityMode, DecodeError> {
    const QUESTION: &str = "executeSQLQuery ClusterSecurityMode";
    match tree::text(QUESTION, response, &["return", "row", "paramvalue"])? {
        "0" => Ok(SecurityMode::NonSecure),
        "1" => Ok(SecurityMode::Mixed),
        other => Err(DecodeError::new(QUESTION, "0 or 1", other)),
    }
}

/// The phones that `executeSQLQuery` lists, each with its pool, security mode and LSC state. Numbers that are not
/// known leave their fact unknown.
///
/// # Errors
/// If a row has no name, or one name has two rows.
// claim: CUCM-AXL-PHONE-PROFILES (assumed)
pub fn phone_profiles(response: &Element) -> Result<BTreeMap<String, PhoneProfile>, DecodeError> {
    const QUESTION: &str = "executeSQLQuery device";
    let answer = tree::one(QUESTION, response, &["return"])?;
    let mut phones = BTreeMap::new();
    for row in tree::all(answer, &["row"]) {
        let name = tree::text(QUESTION, row, &["name"])?;
        let column = |name| row.text_of(name).unwrap_or_default();
        let profile = PhoneProfile {
            pool: Some(column("pool"))
                .filter(|pool| !pool.is_empty())
                .map(str::to_owned),
            security: match column("mode") {
                "1" => PhoneSecurity::NonSecure,
                "2" => PhoneSecurity::Authenticated,
                "3" => PhoneSecurity::Encrypted,
                _ => PhoneSecurity::Unknown,
            },
            lsc: match column("lsc") {
                "1" => Some(false),
                "4" => Some(true),
                _ => None,
            },
        };
        if name.is_empty() || phones.insert(name.to_owned(), profile).is_some() {
            let expected = "one row for each phone, with its name";
            return Err(DecodeError::new(
                QUESTION,
                expected,
                &format!("two for {name}"),
            ));
        }
    }
    Ok(phones)
}

/// What the database said to a reset: `Ok` if it took it.
///
/// # Errors
/// If the answer says neither yes nor no.
// claim: CUCM-AXL-RESET-POOL
pub fn reset_taken(response: &Element) -> Result<Result<(), String>, DecodeError> {
    const QUESTION: &str = "resetDevicePool";
    // cucm-soap §2.1: true, false, or the pool's identifier in braces.
    match tree::text(QUESTION, response, &["return"])? {
        "true" => Ok(Ok(())),
        text if text.starts_with('{') && text.ends_with('}') => Ok(Ok(())),
        "false" => Ok(Err("`false`".to_owned())),
        other => Err(DecodeError::new(QUESTION, "true, false or {UUID}", other)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{branch, leaf};
    use super::*;

    fn node(name: &str, usage: &str, role: &str) -> Element {
        branch(
            "processNode",
            vec![
                leaf("name", name),
                leaf("nodeUsage", usage),
                leaf("processNodeRole", role),
            ],
        )
    }

    fn response(children: Vec<Element>) -> Element {
        branch("anyResponse", vec![branch("return", children)])
    }

    #[test]
    fn nodes_have_roles_and_the_pseudo_node_is_left_out() {
        let answer = response(vec![
            node("EnterpriseWideData", "Publisher", "CUCM Voice/Video"),
            node("cucm-pub", "Publisher", "CUCM Voice/Video"),
            node("cucm-sub1", "Subscriber", "CUCM Voice/Video"),
            node("imp1", "Publisher", "CUCM IM and Presence"),
        ]);
        let roles: Vec<_> = nodes(&answer)
            .unwrap()
            .into_iter()
            .map(|n| (n.name, n.role))
            .collect();
        assert_eq!(
            roles,
            [
                ("cucm-pub".to_owned(), Role::Publisher),
                ("cucm-sub1".to_owned(), Role::Subscriber),
                ("imp1".to_owned(), Role::ImPresence)
            ]
        );
    }

    #[test]
    fn unknown_node_lists_are_refused() {
        for answer in [
            response(vec![]),
            response(vec![node("a", "Standby", "CUCM Voice/Video")]),
            response(vec![node("a", "Publisher", "Something")]),
            response(vec![branch("processNode", vec![leaf("name", "a")])]),
        ] {
            nodes(&answer).unwrap_err();
        }
    }

    #[test]
    fn release_and_security_mode_are_read_or_refused() {
        let version = |text: &str| {
            response(vec![branch(
                "componentVersion",
                vec![leaf("version", text)],
            )])
        };
        assert_eq!(
            release(&version("14.0.1.13900-155")).unwrap().level(),
            (14, 0, 3)
        );
        release(&version("fourteen")).unwrap_err();
        release(&response(vec![])).unwrap_err();
        let mode = |value: &str| {
            let name = leaf("paramname", "ClusterSecurityMode");
            response(vec![branch("row", vec![name, leaf("paramvalue", value)])])
        };
        assert_eq!(security_mode(&mode("0")).unwrap(), SecurityMode::NonSecure);
        assert_eq!(security_mode(&mode("1")).unwrap(), SecurityMode::Mixed);
        security_mode(&mode("2")).unwrap_err();
        security_mode(&response(vec![])).unwrap_err();
    }

    #[test]
    fn phones_have_a_pool_a_mode_and_an_lsc_or_it_is_unknown() {
        let row = |cells: &[(&str, &str)]| {
            branch(
                "row",
                cells.iter().map(|(name, text)| leaf(name, text)).collect(),
            )
        };
        let answer = response(vec![
            row(&[
                ("name", "SEP1"),
                ("pool", "HQ"),
                ("mode", "3"),
                ("lsc", "4"),
            ]),
            row(&[("name", "SEP2"), ("pool", ""), ("mode", "1"), ("lsc", "1")]),
            row(&[("name", "SEP3"), ("mode", "9"), ("lsc", "2")]),
        ]);
        let phones = phone_profiles(&answer).unwrap();
        let of = |name: &str| {
            let phone = &phones[name];
            (phone.pool.as_deref(), phone.security, phone.lsc)
        };
        assert_eq!(
            of("SEP1"),
            (Some("HQ"), PhoneSecurity::Encrypted, Some(true))
        );
        assert_eq!(of("SEP2"), (None, PhoneSecurity::NonSecure, Some(false)));
        assert_eq!(of("SEP3"), (None, PhoneSecurity::Unknown, None));
        assert!(phone_profiles(&response(vec![])).unwrap().is_empty());
        for wrong in [
            response(vec![row(&[("pool", "HQ")])]),
            response(vec![row(&[("name", "")])]),
            response(vec![row(&[("name", "SEP1")]), row(&[("name", "SEP1")])]),
            branch("r", vec![]),
        ] {
            phone_profiles(&wrong).unwrap_err();
        }
    }

    #[test]
    fn a_reset_is_taken_refused_or_says_nothing() {
        let answer = |text: &str| branch("r", vec![leaf("return", text)]);
        assert_eq!(reset_taken(&answer("true")).unwrap(), Ok(()));
        assert_eq!(reset_taken(&answer("{0D1B-22}")).unwrap(), Ok(()));
        reset_taken(&answer("false")).unwrap().unwrap_err();
        for wrong in [answer(""), answer("perhaps"), branch("r", vec![])] {
            reset_taken(&wrong).unwrap_err();
        }
    }
}
