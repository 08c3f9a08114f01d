//! Answers of the publisher's database: AXL.

use std::collections::BTreeSet;

use super::{DecodeError, tree};
use crate::model::{Release, Role, SecurityMode};
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

/// The phones that `executeSQLQuery` lists by name.
///
/// # Errors
/// If a row has no name.
// claim: CUCM-AXL-PHONE-NAMES (assumed)
pub fn phone_names(response: &Element) -> Result<BTreeSet<String>, DecodeError> {
    tree::all(response, &["return", "row"])
        .into_iter()
        .map(|row| tree::text("executeSQLQuery device", row, &["name"]).map(str::to_owned))
        .collect()
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
}
