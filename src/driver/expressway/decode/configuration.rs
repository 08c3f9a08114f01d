//! What `xConfiguration` lists.
// claim: EXPRESSWAY-CLI-CONFIGURATION

use super::DecodeError;
use crate::model::{KeyAlgorithm, Release};

/// What stands before the ciphers where the traffic server prefers RSA.
// claim: EXPRESSWAY-KEY-PREFERENCE
const RSA_FIRST: &str = "ECDHE-RSA-";

/// How the strings are named that rule what Expressway-C asks of servers; matched without regard to case, because no
/// document has the full names.
// claim: EXPRESSWAY-CLI-CIPHERS
const TOWARDS_SERVERS: [&str; 2] = ["forwardproxy", "ucclient"];

/// The settings of a listing: path below `xConfiguration`, and value.
fn settings(text: &str) -> Vec<(&str, &str)> {
    let lines = text.lines().filter_map(|line| {
        let rest = line.trim().strip_prefix("*c xConfiguration ")?;
        let (path, value) = rest.split_once(':')?;
        Some((path.trim(), value.trim().trim_matches('"')))
    });
    lines.collect()
}

/// Whether Expressway-C verifies the servers that it connects to.
///
/// # Errors
/// [`DecodeError`] unless it says On or Off, once.
pub fn verifies_origin(question: &str, text: &str) -> Result<bool, DecodeError> {
    let settings = settings(text);
    let mut told = settings.iter().filter(|(path, _)| {
        let last = path.rsplit(' ').next().unwrap_or_default();
        last.eq_ignore_ascii_case("VerifyOriginServer")
    });
    match (told.next(), told.next()) {
        (Some((_, value)), None) if value.eq_ignore_ascii_case("on") => Ok(true),
        (Some((_, value)), None) if value.eq_ignore_ascii_case("off") => Ok(false),
        _ => Err(DecodeError::new(
            question,
            "VerifyOriginServer: On or Off",
            text,
        )),
    }
}

/// The kind of key that Expressway-C prefers in the certificate of a server.
///
/// # Errors
/// A sentence where the strings do not tell.
pub fn prefers(text: &str, release: Option<&Release>) -> Result<KeyAlgorithm, String> {
    // Source: expressway §7 (TAC-MRA).
    if release.is_none_or(|release| release.level() >= (15, 0, 0)) {
        return Err("from X15.0 on TLS 1.3 may decide, which the cipher strings do not".to_owned());
    }
    let settings = settings(text);
    let mut told = settings.iter().filter(|(path, value)| {
        let path = path.to_ascii_lowercase();
        !value.is_empty() && TOWARDS_SERVERS.iter().any(|name| path.contains(name))
    });
    let kind = |value: &str| {
        if value.starts_with(RSA_FIRST) {
            KeyAlgorithm::Rsa
        } else {
            KeyAlgorithm::Ec
        }
    };
    let Some((_, first)) = told.next() else {
        return Err("no cipher string for the connections to servers is listed".to_owned());
    };
    if told.all(|(_, other)| kind(other) == kind(first)) {
        Ok(kind(first))
    } else {
        Err("the cipher strings for the connections to servers differ".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIPHERS: &str = "*c xConfiguration Ciphers ForwardProxyTLSCiphers Value: \"EECDH:EDH\"\n\
                           *c xConfiguration Ciphers SIPTLSCiphers Value: \"ECDHE-RSA-AES256-GCM-SHA384:EECDH\"\n\
                           *c xConfiguration Ciphers SMTPTLSCiphers Value:\n";

    #[test]
    fn the_switch_is_on_or_off_and_nothing_else() {
        let line = |value: &str| {
            format!("*c xConfiguration EdgeConfigServer VerifyOriginServer: {value}\n")
        };
        assert_eq!(verifies_origin("q", &line("\"On\"")), Ok(true));
        assert_eq!(verifies_origin("q", &line("\"off\"")), Ok(false));
        for bad in [
            String::new(),
            line("\"Maybe\""),
            line(""),
            line("\"On\"").repeat(2),
            "VerifyOriginServer: \"On\"".to_owned(),
        ] {
            assert!(verifies_origin("q", &bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_first_cipher_towards_servers_tells_the_kind_of_key() {
        let release = Release::parse("X14.2.5").unwrap();
        assert_eq!(prefers(CIPHERS, Some(&release)), Ok(KeyAlgorithm::Ec));
        let first = CIPHERS.replace("\"EECDH:EDH\"", "\"ECDHE-RSA-AES256-GCM-SHA384:EECDH\"");
        assert_eq!(prefers(&first, Some(&release)), Ok(KeyAlgorithm::Rsa));
        let two = format!("{CIPHERS}{first}");
        assert!(
            prefers(&two, Some(&release))
                .unwrap_err()
                .contains("differ")
        );
        assert!(prefers("", Some(&release)).unwrap_err().contains("listed"));
        let later = Release::parse("X15.0").unwrap();
        assert!(prefers(CIPHERS, Some(&later)).is_err());
        assert!(prefers(CIPHERS, None).is_err());
    }
}
