//! A node's inventory by the platform shell, one command after the other over one login: for releases without a
//! certificate interface.

use std::collections::BTreeMap;

use super::ask::AskError;
use super::decode::certificates::{self, Named};
use super::decode::snapshot::{Identity, Snapshot, TrustStore};
use super::node::NodeClient;
use crate::model::{Purpose, Store};
use crate::transport::TransportError;
use crate::transport::ssh::ReadCommand;

impl NodeClient {
    /// The same inventory as the certificate interface's. What a command printed is handed on whole: the PEM block
    /// in it is what counts, the decoded text beside it changes from release to release.
    // claim: VOS-CERTIFICATES-BY-SHELL, VOS-CERT-OWN, VOS-CERT-TRUST (inferred), VOS-CSR-OWN
    pub(super) async fn inventory_by_shell(&self) -> Result<Snapshot, AskError> {
        let own = self.named(&ReadCommand::CertificateList, "show cert list own");
        let own = own.await?;
        let requests = self.read(&ReadCommand::RequestList, certificates::requests);
        let mut requests: BTreeMap<String, Named> = requests
            .await?
            .into_iter()
            .map(|request| (request.unit.clone(), request))
            .collect();
        let trusted = self.named(&ReadCommand::TrustCertificateList, "show cert list trust");
        let trusted = trusted.await?;
        let mut identities = Vec::new();
        for named in own {
            let purpose = Purpose::new(named.unit);
            let waits = requests.remove(purpose.as_str()).is_some();
            let command = ReadCommand::Certificate(purpose.clone());
            let certificate = Some(self.command(&command).await?);
            identities.push(self.identity(purpose, certificate, waits).await?);
        }
        for unit in requests.into_keys() {
            identities.push(self.identity(Purpose::new(unit), None, true).await?);
        }
        Ok(Snapshot {
            server: None,
            identities,
            trusts: self.stores(trusted).await?,
        })
    }

    async fn named(
        &self,
        command: &ReadCommand,
        question: &'static str,
    ) -> Result<Vec<Named>, AskError> {
        let decode = |output: &[u8]| certificates::certificates(question, output);
        self.read(command, decode).await
    }

    async fn identity(
        &self,
        purpose: Purpose,
        certificate: Option<String>,
        waits: bool,
    ) -> Result<Identity, AskError> {
        let request = if waits {
            let output = self.command(&ReadCommand::Request(purpose.clone())).await?;
            Some(certificates::request(&output))
        } else {
            None
        };
        Ok(Identity {
            purpose,
            certificate,
            request,
        })
    }

    async fn stores(&self, trusted: Vec<Named>) -> Result<Vec<TrustStore>, AskError> {
        let mut stores: BTreeMap<Store, Vec<(String, String)>> = BTreeMap::new();
        for Named { unit, file } in trusted {
            let (store, file) = (Store::new(unit), format!("{file}.pem"));
            let command = ReadCommand::TrustCertificate(store.clone(), file.clone());
            let printed = match self.command(&command).await {
                // A name that must not be typed, or that the node does not know again, leaves its store unknown and
                // no other.
                Err(AskError::Transport(error)) if is_of_this_file(&error) => error.to_string(),
                other => other?,
            };
            let store = Store::new(format!("{}-trust", store.service()));
            stores.entry(store).or_default().push((file, printed));
        }
        let stores = stores.into_iter();
        Ok(stores
            .map(|(store, entries)| TrustStore { store, entries })
            .collect())
    }
}

fn is_of_this_file(error: &TransportError) -> bool {
    matches!(
        error,
        TransportError::Forbidden { .. } | TransportError::Malformed { .. }
    )
}
