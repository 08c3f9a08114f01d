//! Names that the certificates of peers must have.
// claim: EXPRESSWAY-NAMES

use std::collections::BTreeMap;

use crate::model::{Domain, Finding, Observed, Purpose, Severity, SubjectName};

use super::super::Context;
use super::neighbours::far;
use super::{about_server, is_core, names as has, peers};

/// The own name, the name of the cluster, and what the estate file asks for beside them.
pub(super) fn own(context: &Context<'_>) -> Vec<Finding> {
    let server = Purpose::from("server");
    let mut findings = Vec::new();
    for (name, _, told) in peers(context.state) {
        let Some(certificate) = context.state.identity(name, &server) else {
            continue;
        };
        let mut required: BTreeMap<SubjectName, &str> = BTreeMap::new();
        let wanted = context.wanted().find(|wanted| wanted.purpose == server);
        for also in wanted.iter().flat_map(|wanted| &wanted.also) {
            required.insert(also.clone(), "asked for in the estate file");
        }
        let full = |name: &&String| name.contains('.');
        if let Some(cluster) = told.cluster_name.present().filter(full) {
            required.insert(SubjectName::dns(cluster), "its cluster's name");
        }
        if let Some(own) = told.own_name.present().filter(full) {
            required.insert(SubjectName::dns(own), "its own name");
        }
        required.insert(SubjectName::dns(name.as_str()), "its own name");
        for (missing, why) in required
            .iter()
            .filter(|(name, _)| !certificate.names.contains(name))
        {
            findings.push(about_server(
                context,
                Severity::Warning,
                "expressway-name-missing",
                name,
                format!("a certificate with {missing}, {why}"),
                format!("{} without it", certificate.title()),
            ));
        }
    }
    findings
}

/// Jabber compares the user's domain with the names of Expressway-E; federated servers do so with theirs.
pub(super) fn domains(context: &Context<'_>) -> Vec<Finding> {
    if is_core(context) {
        return Vec::new();
    }
    let sides = std::iter::once(context.state).chain(far(context));
    let told: Vec<_> = sides
        .flat_map(peers)
        .filter(|(_, _, told)| told.remote_access != Observed::Present(false))
        .flat_map(|(_, _, told)| told.domains.present().into_iter().flatten())
        .collect();
    let mut findings = Vec::new();
    for (name, _, _) in peers(context.state) {
        let Some(certificate) = context.state.identity(name, &Purpose::from("server")) else {
            continue;
        };
        for domain in &told {
            let plain = has(certificate, &domain.name);
            let edge = format!("collab-edge.{}", domain.name);
            if remote(domain) && !plain && !has(certificate, &edge) {
                findings.push(about_server(
                    context,
                    Severity::Warning,
                    "expressway-domain-missing",
                    name,
                    format!("dns:{} or dns:{edge} among the names", domain.name),
                    format!(
                        "{} has neither: Jabber warns at the login",
                        certificate.title()
                    ),
                ));
            }
            if domain.xmpp_federation == Some(true) && !plain {
                findings.push(about_server(
                    context,
                    Severity::Warning,
                    "expressway-domain-missing",
                    name,
                    format!("dns:{} among the names, for XMPP federation", domain.name),
                    format!("{} does not have it", certificate.title()),
                ));
            }
        }
    }
    findings
}

fn remote(domain: &Domain) -> bool {
    domain.edge_sip == Some(true) || domain.edge_xmpp == Some(true)
}
