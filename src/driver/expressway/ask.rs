//! One question after the other to one peer, and what became of each.

use crate::driver::problems::Problems;
use crate::model::NodeName;
use crate::transport::rest::ReadClient;
use crate::transport::{Reply, TransportError};

use super::decode::DecodeError;
use super::requests::BASE;

/// An answer, or that the peer says that there is no such thing.
pub(super) enum Answer {
    /// A success.
    Is(Reply),
    /// HTTP 404 in JSON.
    None,
}

/// The questions of one observation to one peer.
pub(super) struct Asker<'a> {
    pub(super) node: &'a NodeName,
    pub(super) rest: &'a ReadClient,
    pub(super) problems: &'a Problems,
    /// Why nothing more can be asked: the peer cannot be reached, proved or logged in to.
    pub(super) closed: Option<String>,
}

impl Asker<'_> {
    /// Fetches a path of the documented interface.
    pub(super) async fn setting(&mut self, path: &str) -> Result<Answer, String> {
        self.fetch(&format!("{BASE}{path}")).await
    }

    /// Fetches a setting and reads it.
    pub(super) async fn read<T>(
        &mut self,
        path: &str,
        decode: impl FnOnce(&str, &[u8]) -> Result<T, DecodeError>,
    ) -> Result<T, String> {
        let whole = format!("{BASE}{path}");
        match self.fetch(&whole).await? {
            Answer::Is(reply) => self.decoded(decode(&whole, &reply.body)),
            Answer::None => Err(format!(
                "{}: `GET {whole}` was answered with HTTP 404; the interface of this release differs",
                self.node
            )),
        }
    }

    /// Names the node in a decoder's error.
    pub(super) fn decoded<T>(&self, read: Result<T, DecodeError>) -> Result<T, String> {
        read.map_err(|error| format!("{}: {error}", self.node))
    }

    /// Fetches any path, unless an earlier question met what every other would meet too.
    // claim: EXPRESSWAY-NO-CSR
    pub(super) async fn fetch(&mut self, path: &str) -> Result<Answer, String> {
        if let Some(why) = &self.closed {
            return Err(why.clone());
        }
        let error = match self.rest.get_any(path).await {
            Ok(reply) => return Ok(Answer::Is(reply)),
            Err(error) => error,
        };
        if let TransportError::Status { reply, .. } = &error
            && reply.status == 404
            && serde_json::from_slice::<serde_json::Value>(&reply.body).is_ok()
        {
            return Ok(Answer::None);
        }
        self.problems.note(self.node, &error);
        let why = error.to_string();
        if error.not_sent() || error.is_unauthorized() {
            self.closed = Some(why.clone());
        }
        Err(why)
    }
}
