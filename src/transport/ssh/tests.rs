use std::time::Duration;

use reissue_lab::{Channel, Fault, Kind, Lab, LabConfig, LogEntry, Mode};

use crate::model::{AccountName, NodeName, Port, Purpose, ServiceName};
use crate::secrets::{PasswordSource, Redactor, Secret};
use crate::transport::testing::{closed_port, silent_port};
use crate::transport::{Peer, PinBook};

use super::*;

const PUBLISHER: &str = "cucm-pub.hq.example.com";
const NODES: [&str; 3] = [
    PUBLISHER,
    "cucm-sub1.hq.example.com",
    "cucm-sub2.hq.example.com",
];

/// One cluster whose nodes differ in banner, prompt and login as real ones do.
struct Stage {
    lab: Lab,
    network: Network,
    password: Secret,
}

impl Stage {
    fn new() -> Self {
        let lab = Lab::start(LabConfig {
            lockout: true,
            ..LabConfig::default()
        })
        .unwrap();
        let limits = Limits {
            connect: Duration::from_secs(5),
            request: Duration::from_secs(10),
            idle: Duration::from_secs(10),
            shell_start: Duration::from_secs(20),
            body: 256 * 1024,
        };
        let network = Network::new(
            PinBook::new(lab.dir().join("pins.json")),
            Redactor::new(),
            limits,
        );
        let password = PasswordSource::File(lab.dir().join("secrets/hq-platform"))
            .read(&AccountName::new("hq-platform"))
            .unwrap();
        Self {
            lab,
            network,
            password,
        }
    }

    fn endpoint(&self, node: &str) -> Endpoint {
        Endpoint {
            node: NodeName::from(node),
            host: "127.0.0.1".into(),
            port: self.lab.look("hq", node, |node| node.ports.ssh).unwrap(),
            standard: Port::Ssh,
        }
    }

    fn reader_with(&self, node: &str, password: Secret) -> ShellReader {
        let login = Login {
            account: AccountName::new("hq-platform"),
            user: "reissue".into(),
            password,
        };
        ShellReader::new(&self.network, self.endpoint(node), login)
    }

    fn reader(&self, node: &str) -> ShellReader {
        self.reader_with(node, self.password.clone())
    }

    fn over_ssh(&self, node: &str, kind: Kind) -> Vec<LogEntry> {
        let mut entries = self.lab.log();
        entries.retain(|entry| {
            entry.channel == Channel::Ssh && entry.node == node && entry.kind == kind
        });
        entries
    }
}

#[tokio::test]
async fn one_login_serves_every_look_at_every_kind_of_node() {
    let stage = Stage::new();
    let commands = [
        ReadCommand::Version,
        ReadCommand::NetworkCluster,
        ReadCommand::Status,
        ReadCommand::Services,
        ReadCommand::SingleSignOn,
        ReadCommand::BackupStatus,
        ReadCommand::BackupHistory,
        ReadCommand::Replication,
        ReadCommand::CertificateList,
        ReadCommand::Certificate(Purpose::from("tomcat")),
    ];
    for node in NODES {
        let reader = stage.reader(node);
        for command in &commands {
            let output = reader.run(command).await.unwrap();
            assert!(
                !output.is_empty() && !output.contains("admin:"),
                "{node} {command}: {output}"
            );
            assert!(
                !output.contains(&command.to_string()),
                "{node} {command}: {output}"
            );
        }
        let version = reader.run(&ReadCommand::Version).await.unwrap();
        assert!(
            version.starts_with("Active Master Version: 14.0.1.13900-155"),
            "{version}"
        );
        assert_eq!(stage.over_ssh(node, Kind::Login).len(), 1, "{node}");
        assert!(stage.over_ssh(node, Kind::Write).is_empty(), "{node}");
    }
}

#[tokio::test]
async fn a_wrong_password_costs_one_failure_in_the_estate() {
    let stage = Stage::new();
    for node in NODES {
        for _again in 0..2 {
            let reader = stage.reader_with(node, Secret::new("wrong".into()));
            let error = reader.run(&ReadCommand::Status).await.unwrap_err();
            assert!(error.is_unauthorized(), "{error}");
        }
    }
    let failures = NODES.map(|node| {
        let failed = |node: &reissue_lab::state::Node| {
            node.lockouts
                .values()
                .map(|lockout| lockout.failed_ever)
                .sum::<u32>()
        };
        stage.lab.look("hq", node, failed)
    });
    assert_eq!(failures, [Some(1), Some(0), Some(0)]);
}

#[tokio::test]
async fn an_unproved_host_key_gets_no_login() {
    let stage = Stage::new();
    let endpoint = stage.endpoint(PUBLISHER);
    let (key, shown) = host_key(&endpoint, &stage.network.limits).await.unwrap();
    let pinned = stage
        .network
        .pins
        .of(&endpoint.node, Port::Ssh)
        .unwrap()
        .remove(0);
    assert_eq!((&key, &shown), (&pinned.key, &pinned.sha256));
    let other = Peer {
        sha256: Fingerprint::of(b"another key"),
        ..pinned
    };
    stage.network.pins.add(other).unwrap();
    let changed = stage
        .reader(PUBLISHER)
        .run(&ReadCommand::Status)
        .await
        .unwrap_err();
    stage
        .network
        .pins
        .remove(&endpoint.node, Some(Port::Ssh))
        .unwrap();
    let unknown = stage
        .reader(PUBLISHER)
        .run(&ReadCommand::Status)
        .await
        .unwrap_err();
    for error in [changed, unknown] {
        assert!(error.is_not_trusted(), "{error}");
        assert!(error.to_string().contains(shown.as_str()), "{error}");
    }
    assert!(stage.over_ssh(PUBLISHER, Kind::Login).is_empty());
}

#[tokio::test]
async fn a_restart_is_followed_line_by_line_and_typed_once() {
    let stage = Stage::new();
    let reader = stage.reader(PUBLISHER);
    let writer = ShellWriter::new(&reader, &WriteAccess::granted());
    reader.run(&ReadCommand::Status).await.unwrap();
    let (lines, heard) = std::sync::mpsc::channel();
    let output = writer
        .run(
            &WriteCommand::RestartService(ServiceName::from("Cisco Tomcat")),
            Duration::from_secs(30),
            move |line| {
                lines.send(line.to_owned()).unwrap();
            },
        )
        .await
        .unwrap();
    let heard: Vec<_> = heard.iter().collect();
    assert!(
        heard.iter().any(|line| line == "Cisco Tomcat[STOPPING]"),
        "{heard:?}"
    );
    assert!(output.text.contains("Cisco Tomcat[STOPPING]") && output.acted);
    // The same session goes on, and nothing of the restart is left in the next answer.
    let services = reader.run(&ReadCommand::Services).await.unwrap();
    assert!(
        !services.contains("Service Manager is running"),
        "{services}"
    );
    assert_eq!(stage.over_ssh(PUBLISHER, Kind::Login).len(), 1);
    assert_eq!(stage.over_ssh(PUBLISHER, Kind::Write).len(), 1);
}

#[tokio::test]
async fn a_cut_after_a_restart_was_typed_is_unknown_and_not_repeated() {
    let stage = Stage::new();
    for (node, mode) in [(NODES[1], Mode::SshCut), (NODES[2], Mode::SshCutActed)] {
        let reader = stage.reader(node);
        let writer = ShellWriter::new(&reader, &WriteAccess::granted());
        // Also over a session that was already open.
        reader.run(&ReadCommand::Status).await.unwrap();
        stage
            .lab
            .plant(Fault::new("ssh utils service restart", mode).at(node));
        let restart = WriteCommand::RestartService(ServiceName::from("Cisco Tomcat"));
        let error = writer
            .run(&restart, Duration::from_secs(30), |_| {})
            .await
            .unwrap_err();
        assert!(matches!(error, TransportError::Unknown { .. }), "{error}");
        assert_eq!(stage.over_ssh(node, Kind::Write).len(), 1, "{mode:?}");
    }
}

#[tokio::test]
async fn a_restart_that_does_not_return_is_given_up() {
    let stage = Stage::new();
    let reader = stage.reader(PUBLISHER);
    let writer = ShellWriter::new(&reader, &WriteAccess::granted());
    stage
        .lab
        .plant(Fault::new("ssh utils service restart", Mode::RestartStuck));
    let restart = WriteCommand::RestartService(ServiceName::from("Cisco Tomcat"));
    let error = writer
        .run(&restart, Duration::from_secs(1), |_| {})
        .await
        .unwrap_err();
    assert!(matches!(error, TransportError::Unknown { .. }), "{error}");
    assert!(
        error.to_string().contains("no prompt within 1 s"),
        "{error}"
    );
}

#[tokio::test]
async fn a_cut_session_is_opened_again_for_a_look() {
    let stage = Stage::new();
    let reader = stage.reader(PUBLISHER);
    reader.run(&ReadCommand::Status).await.unwrap();
    stage.lab.plant(Fault::new("ssh show status", Mode::SshCut));
    reader.run(&ReadCommand::Status).await.unwrap();
    assert_eq!(stage.over_ssh(PUBLISHER, Kind::Login).len(), 2);
    // Not for ever, though: a new session that is cut as well is reported.
    reader.close().await;
    stage
        .lab
        .plant(Fault::new("ssh show status", Mode::SshCut).times(2));
    let error = reader.run(&ReadCommand::Status).await.unwrap_err();
    assert!(matches!(error, TransportError::Unknown { .. }), "{error}");
    stage.lab.clear_faults();
    reader.run(&ReadCommand::Status).await.unwrap();
}

#[tokio::test]
async fn a_flood_is_cut_off() {
    let stage = Stage::new();
    let reader = stage.reader(PUBLISHER);
    stage
        .lab
        .plant(Fault::new("ssh show status", Mode::HugeBody));
    let error = reader.run(&ReadCommand::Status).await.unwrap_err();
    assert!(matches!(error, TransportError::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn a_port_that_does_not_answer_was_sent_nothing() {
    let limits = Limits {
        connect: Duration::from_millis(300),
        ..Limits::default()
    };
    for port in [closed_port(), silent_port()] {
        let endpoint = Endpoint {
            node: NodeName::from(PUBLISHER),
            host: "127.0.0.1".into(),
            port,
            standard: Port::Ssh,
        };
        let error = host_key(&endpoint, &limits).await.unwrap_err();
        assert!(matches!(error, TransportError::NotSent { .. }), "{error}");
    }
}
