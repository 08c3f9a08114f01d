//! Checks of single nodes: whether a change may begin there at all.

use crate::model::{
    BackupJob, Finding, NodeName, NodeState, Observed, Product, Release, Role, ServiceStatus,
    Severity, SsoState,
};

use super::Context;

/// Services without which a node can neither make nor spread certificates. Source: T118731 in
/// cucm-certificate-rules §6.
const PLATFORM_SERVICES: [&str; 2] = ["Cisco Tomcat", "Platform Administrative Web Service"];

/// Clocks further apart than this, in seconds, make every statement about validity doubtful (promise P13).
const CLOCK_TOLERANCE_SECONDS: i64 = 300;

fn for_each(
    context: &Context<'_>,
    check: impl Fn(&NodeName, &NodeState) -> Vec<Finding>,
) -> Vec<Finding> {
    context
        .state
        .nodes
        .iter()
        .flat_map(|(name, state)| check(name, state))
        .collect()
}

/// Every fact that a plan needs from a node was learned.
pub(super) fn reachable(context: &Context<'_>) -> Vec<Finding> {
    for_each(context, |name, state| {
        let facts = [
            ("the certificate inventory", state.inventory.unknown()),
            ("the release", state.release.unknown()),
            ("the services", state.services.unknown()),
            ("single sign-on", state.sso.unknown()),
            ("the backup state", state.backup_job.unknown()),
            ("the clock", state.clock_skew_seconds.unknown()),
        ];
        facts
            .into_iter()
            .filter_map(|(fact, why)| {
                Some(context.finding(Severity::Blocker, "unknown-fact", Some(name), fact, why?))
            })
            .collect()
    })
}

/// The node that answers is the node that was meant.
pub(super) fn identity_of_the_box(context: &Context<'_>) -> Vec<Finding> {
    for_each(context, |name, state| {
        let Observed::Present(reported) = &state.reported_name else {
            return Vec::new();
        };
        let same = reported.eq_ignore_ascii_case(name.as_str())
            || (!reported.contains('.') && reported.eq_ignore_ascii_case(name.short()));
        if same {
            return Vec::new();
        }
        vec![context.finding(
            Severity::Blocker,
            "wrong-node",
            Some(name),
            format!("the node at this address calls itself {name}"),
            format!("it calls itself {reported}"),
        )]
    })
}

/// The first release whose certificates this program reads and changes, over the shell (claim: VOS-CERTIFICATES-BY-SHELL).
const FIRST_RELEASE: (u32, u32, u32) = (12, 5, 0);

/// The release is one that this program knows, and all nodes run the same. IM and Presence nodes have build numbers of
/// their own, so that only their service update is compared with the publisher's.
pub(super) fn release(context: &Context<'_>) -> Vec<Finding> {
    if !matches!(
        context.state.product,
        Product::Cucm | Product::UnityConnection
    ) {
        return Vec::new();
    }
    let publisher = context
        .state
        .publisher()
        .and_then(|name| context.state.nodes.get(name));
    let leading = publisher.and_then(|node| node.release.present());
    for_each(context, |name, state| {
        let Some(release) = state.release.present() else {
            return Vec::new();
        };
        let mut findings = Vec::new();
        if release.level() < FIRST_RELEASE {
            findings.push(context.finding(
                Severity::Blocker,
                "release-unsupported",
                Some(name),
                "release 12.5 or later",
                release.as_str(),
            ));
        }
        let same = |leading: &Release| {
            leading == release
                || (state.role == Role::ImPresence && leading.level() == release.level())
        };
        if let Some(leading) = leading.filter(|leading| !same(leading)) {
            // Across major releases nodes are changed by different interfaces: the upgrade has to end first.
            let (severity, of) = if major(leading) == major(release) {
                (Severity::Warning, "")
            } else {
                (Severity::Blocker, " and no upgrade under way")
            };
            findings.push(context.finding(
                severity,
                "release-differs",
                Some(name),
                format!("release {leading}, as on the publisher{of}"),
                release.as_str(),
            ));
        }
        findings
    })
}

fn major(release: &Release) -> (u32, u32) {
    let (major, minor, _) = release.level();
    (major, minor)
}

/// The node's clock agrees with this machine's.
pub(super) fn clock(context: &Context<'_>) -> Vec<Finding> {
    for_each(context, |name, state| {
        let Some(skew) = state.clock_skew_seconds.present() else {
            return Vec::new();
        };
        if skew.abs() <= CLOCK_TOLERANCE_SECONDS {
            return Vec::new();
        }
        vec![context.finding(
            Severity::Blocker,
            "clock-skew",
            Some(name),
            format!("within {CLOCK_TOLERANCE_SECONDS} seconds of this machine"),
            format!("{skew} seconds"),
        )]
    })
}

/// Services that a change needs run; others that stopped without being told to are worth a look.
pub(super) fn services(context: &Context<'_>) -> Vec<Finding> {
    for_each(context, |name, state| {
        let Some(services) = state.services.present() else {
            return Vec::new();
        };
        let mut findings = Vec::new();
        for needed in PLATFORM_SERVICES {
            let found = services.iter().find(|(service, _)| {
                service
                    .as_str()
                    .trim_start_matches("Cisco ")
                    .eq_ignore_ascii_case(needed.trim_start_matches("Cisco "))
            });
            let status = found.map(|(_, service)| service.status);
            if status != Some(ServiceStatus::Started) {
                findings.push(context.finding(
                    Severity::Blocker,
                    "platform-service-down",
                    Some(name),
                    format!("{needed} is started"),
                    status.map_or_else(|| "not listed".to_owned(), |status| status.to_string()),
                ));
            }
        }
        findings.extend(services.iter().filter_map(|(service, it)| {
            let commanded = it.reason.eq_ignore_ascii_case("commanded out of service");
            let needed = PLATFORM_SERVICES
                .iter()
                .any(|needed| *needed == service.as_str());
            let down = !matches!(
                it.status,
                ServiceStatus::Started | ServiceStatus::NotActivated
            );
            (down && !commanded && !needed).then(|| {
                context.finding(
                    Severity::Warning,
                    "service-down",
                    Some(name),
                    format!("{service} is started"),
                    format!("{} {}", it.status, it.reason).trim_end().to_owned(),
                )
            })
        }));
        findings
    })
}

/// No backup or restore runs, and the last backup is as young as the policy asks.
pub(super) fn backups(context: &Context<'_>) -> Vec<Finding> {
    for_each(context, |name, state| {
        let mut findings = Vec::new();
        if let Observed::Present(BackupJob::Running(what)) = &state.backup_job {
            findings.push(context.finding(
                Severity::Blocker,
                "backup-running",
                Some(name),
                "no backup or restore runs",
                what.clone(),
            ));
        }
        let Some(limit) = context
            .desired
            .backup_not_older_than
            .filter(|_| state.role == Role::Publisher)
        else {
            return findings;
        };
        let expected = format!("a backup of the last {} hours", limit.as_hours());
        let found = match &state.last_backup {
            Observed::Present(at) if context.now.duration_since(*at) <= limit => return findings,
            Observed::Present(at) => format!("the last one ended {at}"),
            Observed::Absent => "the history shows none".to_owned(),
            Observed::Unknown(why) => why.clone(),
        };
        findings.push(context.finding(
            Severity::Warning,
            "backup-old",
            Some(name),
            expected,
            found,
        ));
        findings
    })
}

/// Single sign-on must be off while a tomcat certificate is replaced.
pub(super) fn single_sign_on(context: &Context<'_>) -> Vec<Finding> {
    for_each(context, |name, state| {
        if state.sso.present() != Some(&SsoState::Enabled) {
            return Vec::new();
        }
        vec![context.finding(
            Severity::Warning,
            "sso-enabled",
            Some(name),
            "SAML single sign-on is off before a tomcat certificate is uploaded",
            "enabled",
        )]
    })
}
