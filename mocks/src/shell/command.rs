//! The commands the shell knows, read from a typed line.

/// Whose files a certificate listing is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    Own,
    Trust,
}

/// One typed command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// An empty line.
    Nothing,
    Quit,
    SetPagination(bool),
    ShowPagination,
    Version,
    NetworkCluster,
    Status,
    Time,
    ServiceList,
    ServiceRestart(String),
    SsoStatus,
    BackupStatus,
    RestoreStatus,
    BackupHistory,
    Replication,
    Sql(String),
    CertificateList(Store),
    Certificate(Store, String),
    RequestList,
    Request(String),
    Ctl,
    Itl,
    CtlUpdate,
    Regenerate(String),
    RequestGenerate(String),
    Import(Store, String),
    WebSecurity,
    /// Anything else.
    Unknown,
}

impl Command {
    /// Reads a line; blanks between words do not count.
    pub(super) fn parse(line: &str) -> Self {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => Self::Nothing,
            ["quit" | "exit"] => Self::Quit,
            ["set", "cli", "pagination", "off"] => Self::SetPagination(false),
            ["set", "cli", "pagination", "on"] => Self::SetPagination(true),
            ["set", "cert", "regen", unit] => Self::Regenerate((*unit).to_owned()),
            ["set", "csr", "gen", unit] => Self::RequestGenerate((*unit).to_owned()),
            ["set", "cert", "import", "own", unit] => Self::Import(Store::Own, (*unit).to_owned()),
            ["set", "cert", "import", "trust", unit] => {
                Self::Import(Store::Trust, (*unit).to_owned())
            }
            ["set", "web-security", _, _, _, _, ..] => Self::WebSecurity,
            ["show", rest @ ..] => Self::show(rest),
            ["utils", rest @ ..] => Self::tool(rest),
            ["run", "sql", query @ ..] if !query.is_empty() => Self::Sql(query.join(" ")),
            _ => Self::Unknown,
        }
    }

    fn show(words: &[&str]) -> Self {
        match words {
            ["cli", "pagination"] => Self::ShowPagination,
            ["version", "active"] => Self::Version,
            ["network", "cluster"] => Self::NetworkCluster,
            ["status"] => Self::Status,
            ["cert", "list", "own"] => Self::CertificateList(Store::Own),
            ["cert", "list", "trust"] => Self::CertificateList(Store::Trust),
            ["cert", "own", name] => Self::Certificate(Store::Own, (*name).to_owned()),
            ["cert", "trust", name] => Self::Certificate(Store::Trust, (*name).to_owned()),
            ["csr", "list", "own"] => Self::RequestList,
            ["csr", "own", name] => Self::Request((*name).to_owned()),
            ["ctl"] => Self::Ctl,
            ["itl"] => Self::Itl,
            _ => Self::Unknown,
        }
    }

    fn tool(words: &[&str]) -> Self {
        match words {
            ["ntp", "status"] => Self::Time,
            ["service", "list"] => Self::ServiceList,
            ["service", "restart", name @ ..] if !name.is_empty() => {
                Self::ServiceRestart(name.join(" "))
            }
            ["sso", "status"] => Self::SsoStatus,
            ["disaster_recovery", "status", "backup"] => Self::BackupStatus,
            ["disaster_recovery", "status", "restore"] => Self::RestoreStatus,
            ["disaster_recovery", "history", "backup"] => Self::BackupHistory,
            ["dbreplication", "runtimestate"] => Self::Replication,
            ["ctl", "update", "CTLFile"] => Self::CtlUpdate,
            _ => Self::Unknown,
        }
    }

    /// Whether the command changes the node.
    pub(super) fn writes(&self) -> bool {
        matches!(
            self,
            Self::ServiceRestart(_)
                | Self::CtlUpdate
                | Self::Regenerate(_)
                | Self::RequestGenerate(_)
                | Self::Import(..)
                | Self::WebSecurity
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_known_commands() {
        for (line, expected) in [
            ("", Command::Nothing),
            ("   ", Command::Nothing),
            ("set cli pagination off", Command::SetPagination(false)),
            ("show  version   active ", Command::Version),
            (
                "utils service restart Cisco Tomcat",
                Command::ServiceRestart("Cisco Tomcat".into()),
            ),
            (
                "show cert own tomcat/tomcat.pem",
                Command::Certificate(Store::Own, "tomcat/tomcat.pem".into()),
            ),
            ("run sql select 1", Command::Sql("select 1".into())),
            ("set web-security a b c d", Command::WebSecurity),
        ] {
            assert_eq!(Command::parse(line), expected, "{line:?}");
        }
    }

    #[test]
    fn knows_nothing_of_shortened_or_misspelt_commands() {
        for line in [
            "show stat",
            "utils service restart",
            "show cert own",
            "utils ctl update",
            "set web-security a",
            "set csr gen",
            "set cert import tomcat",
            "run sql",
            "SHOW STATUS",
            "ls",
        ] {
            assert_eq!(Command::parse(line), Command::Unknown, "{line:?}");
        }
    }
}
