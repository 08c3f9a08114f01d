//! Changes that are typed into the platform shell: restarts, the certificate trust list, and, before release 14,
//! certificates.

use std::time::Duration;

use super::decode::excerpt;
use super::node::NodeClient;
use super::writer::{CucmWriter, recognised, transport_error};
use crate::driver::{Write, WriteError};
use crate::model::{Distribution, KeyAlgorithm, KeySpec, NodeName, ServiceName, SubjectName};
use crate::transport::letters;
use crate::transport::ssh::{Printed, ShellWriter, WriteCommand};

/// How long a change of certificates or of the trust list may take. Nothing is published; a key is made within
/// seconds, and a trust list is written and signed for every node within a minute or two.
const LIMIT: Duration = Duration::from_mins(5);

impl CucmWriter {
    /// Types a change other than a restart, and reads what was printed until the prompt came back.
    // claim: VOS-CSR-GEN, VOS-CERT-IMPORT, VOS-CTL-UPDATE
    pub(super) async fn type_in(
        &self,
        client: &NodeClient,
        command: &WriteCommand,
    ) -> Result<(), WriteError> {
        let writer = ShellWriter::new(&client.shell, &self.access);
        let printed = writer
            .run(command, LIMIT, |_| {})
            .await
            .map_err(transport_error)?;
        judge(&client.access.name, command, &printed)
    }

    /// The prompt's return ends the command; whether the service is back is for a look to say.
    // claim: VOS-SERVICE-RESTART, VOS-NEVER-STARTED, CUCM-TOMCAT-RESTART-CLI
    pub(super) async fn restart_by_shell(
        &self,
        client: &NodeClient,
        service: &ServiceName,
    ) -> Result<(), WriteError> {
        let writer = ShellWriter::new(&client.shell, &self.access);
        let command = WriteCommand::RestartService(service.clone());
        let printed = writer
            .run(&command, self.reader.access.restart_limit, |line| {
                tracing::info!(%line, "restarting");
            })
            .await
            .map_err(transport_error)?;
        judge(&client.access.name, &command, &printed)
    }
}

/// The command for a change of certificates.
///
/// # Errors
/// [`WriteError::NotSent`] if the change is none, or asks for what the shell cannot choose.
pub(super) fn certificate_command(
    node: &NodeName,
    write: &Write,
) -> Result<WriteCommand, WriteError> {
    let refused = |why: String| WriteError::NotSent(format!("{node}: nothing was sent: {why}"));
    match write {
        Write::UploadTrust { store, pem, .. } => Ok(WriteCommand::ImportTrust {
            store: store.clone(),
            pem: pem.clone(),
        }),
        Write::UploadIdentity { purpose, pem } => Ok(WriteCommand::ImportIdentity {
            purpose: purpose.clone(),
            pem: pem.clone(),
        }),
        Write::GenerateRequest { purpose, .. } => {
            unchosen(node, write).map_err(refused)?;
            Ok(WriteCommand::GenerateRequest(purpose.clone()))
        }
        Write::UpdateTrustList | Write::ResetPhones { .. } | Write::RestartService { .. } => {
            Err(refused("this changes no certificate".to_owned()))
        }
    }
}

/// A request made in the shell has one content only; any other has to be made in the administration pages.
// claim: VOS-CSR-GEN-CONTENT (assumed)
fn unchosen(node: &NodeName, write: &Write) -> Result<(), String> {
    let Write::GenerateRequest {
        purpose,
        distribution,
        common_name,
        names,
        key,
        hash,
    } = write
    else {
        return Ok(());
    };
    let differs = |what: &str, expected: String, found: String| {
        Err(format!(
            "before release 14 requests are made in the shell, which lets nobody choose {what}: expected {expected}, the \
             plan asks for {found}. Change the rule in the estate file, or make this request in OS Administration"
        ))
    };
    if *distribution != Distribution::ThisServer {
        let found = "one for several nodes".to_owned();
        return differs("the distribution", "one for each node".to_owned(), found);
    }
    let (algorithm, bits, digest) = if purpose.is_ecdsa() {
        (KeyAlgorithm::Ec, 384, "sha384")
    } else {
        (KeyAlgorithm::Rsa, 2048, "sha256")
    };
    let own = KeySpec { algorithm, bits };
    if *key != own {
        return differs("the key", own.to_string(), key.to_string());
    }
    if !hash.eq_ignore_ascii_case(digest) {
        return differs("the hash", digest.to_owned(), hash.clone());
    }
    let own = SubjectName::dns(node.as_str());
    if SubjectName::dns(common_name) != own {
        let found = excerpt(common_name);
        return differs("the common name", format!("`{node}`"), found);
    }
    if !names.iter().eq([&own]) {
        let found: Vec<String> = names.iter().map(ToString::to_string).collect();
        let found = excerpt(&found.join(", "));
        return differs("the alternative names", format!("only `{own}`"), found);
    }
    Ok(())
}

/// What the shell prints when it has done it.
fn success(command: &WriteCommand) -> String {
    match command {
        WriteCommand::RestartService(service) => format!("{service}["),
        WriteCommand::GenerateRequest(purpose) => {
            format!("Successfully Generated CSR for {purpose}")
        }
        WriteCommand::ImportIdentity { purpose, .. } => {
            format!("Successfully imported certificate for {purpose}")
        }
        WriteCommand::ImportTrust { store, .. } => {
            format!("Successfully imported certificate for {}", store.service())
        }
        WriteCommand::UpdateTrustList => "CTL file Updated".to_owned(),
    }
}

/// What a printed text means for the device. Words that nobody knows are no refusal once the node was told to act.
// claim: VOS-CERT-IMPORT-REFUSED (inferred), VOS-UNKNOWN-COMMAND
fn judge(node: &NodeName, command: &WriteCommand, printed: &Printed) -> Result<(), WriteError> {
    const NO_SUCH_COMMAND: &str = "novalidcommandentered";
    // A terminal repeats the block that was pasted.
    let text = match printed.text.rsplit_once("-----END CERTIFICATE-----") {
        Some((_, after)) => after,
        None => &printed.text,
    };
    let success = success(command);
    let restart = matches!(command, WriteCommand::RestartService(_));
    let done = if restart {
        text.contains(&success)
    } else {
        letters(text).contains(&letters(&success))
    };
    if done {
        return Ok(());
    }
    let found = format!(
        "{node}: after `{command}` in the shell: expected `{success}`, found {}",
        excerpt(text)
    );
    if restart {
        return Err(WriteError::Refused(format!(
            "{found}. Look at the service's state and at its name in `utils service list`."
        )));
    }
    let certificate = !matches!(command, WriteCommand::UpdateTrustList);
    if let Some(known) = recognised(&found, text).filter(|_| certificate) {
        return Err(known);
    }
    if !printed.acted || letters(text) == NO_SUCH_COMMAND {
        return Err(WriteError::Refused(format!(
            "{found}. It was not told to go on, so it should not have acted. Log in by hand, see what it says, and look \
             at the node's state before going on."
        )));
    }
    Err(WriteError::Unknown(format!(
        "{found}. This text is not known, and the node may have acted: look at its state before anything is sent again."
    )))
}

#[cfg(test)]
#[path = "shell_changes_tests.rs"]
mod tests;
