//! Issuers.

use std::collections::BTreeMap;

use super::Check;
use crate::estate::raw::{Named, RawIssuer};
use crate::estate::{IssuerKind, IssuerSource};
use crate::model::IssuerName;
use crate::yaml::{Place, Problem};

impl Check<'_> {
    pub(super) fn issuers(&mut self, raw: &Named<RawIssuer>) -> BTreeMap<IssuerName, IssuerSource> {
        let mut issuers = BTreeMap::new();
        for (name, issuer) in raw {
            self.short_name(name, "an issuer");
            let kind = match issuer.kind.as_str() {
                "folder" => self.folder_issuer(name.place, issuer),
                "command" => self.command_issuer(name.place, issuer),
                _ => {
                    let kinds = ["folder", "command"];
                    self.known(&issuer.kind, "a kind of issuer", kinds.into_iter());
                    None
                }
            };
            let chain = self.path(&issuer.chain);
            if let (Some(kind), Some(chain)) = (kind, chain) {
                let source = IssuerSource { kind, chain };
                issuers.insert(IssuerName::new(name.as_str()), source);
            }
        }
        issuers
    }

    fn folder_issuer(&mut self, place: Place, raw: &RawIssuer) -> Option<IssuerKind> {
        if let Some(command) = &raw.command {
            self.stray(command.place, "command", "folder");
        }
        let (Some(requests), Some(issued)) = (&raw.requests, &raw.issued) else {
            self.problem(
                Problem::at(
                    place,
                    "an issuer of kind `folder` needs `requests` and `issued`",
                )
                .help("requests: where requests are put; issued: where certificates appear"),
            );
            return None;
        };
        if requests == issued {
            self.problem(
                Problem::at(issued.place, "`issued` and `requests` are the same folder")
                    .also(requests.place, "requests"),
            );
        }
        Some(IssuerKind::Folder {
            requests: self.path(requests)?,
            issued: self.path(issued)?,
        })
    }

    fn command_issuer(&mut self, place: Place, raw: &RawIssuer) -> Option<IssuerKind> {
        let folders = [("requests", &raw.requests), ("issued", &raw.issued)];
        for (field, folder) in folders {
            if let Some(folder) = folder {
                self.stray(folder.place, field, "command");
            }
        }
        let Some(command) = &raw.command else {
            self.problem(
                Problem::at(place, "an issuer of kind `command` needs `command`")
                    .help("command: [program, argument, …]"),
            );
            return None;
        };
        let command = self.command(command)?;
        Some(IssuerKind::Command { command })
    }

    fn stray(&mut self, place: Place, field: &str, kind: &str) {
        let message = format!("an issuer of kind `{kind}` has no `{field}`");
        self.problem(Problem::at(place, message));
    }
}
