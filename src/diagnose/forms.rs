//! Files that are no logs: what each is, and how to turn it into what a node takes.

use crate::model::Severity;
use crate::pki::{Form, Parsed, Pem, PkiError, form, read_each};

use super::finding::Diagnosis;

/// So many certificates are compared with each other; no chain has as many.
const MOST_CERTIFICATES: usize = 1000;

const UPLOAD: &str = "expressway §2.6; cucm-upload-errors E7, E8, E9";

/// One file that was read as certificates.
#[derive(Debug)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) form: Form,
    pub(super) certificates: Result<Vec<Parsed>, PkiError>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Forms {
    pub(super) files: Vec<File>,
    held: usize,
}

/// What a file turned out to be.
pub(super) struct Told {
    pub(super) is: String,
    pub(super) known: bool,
}

impl Forms {
    /// Takes a file. Its bytes are not kept; of a private key nothing is.
    pub(super) fn take(&mut self, name: &str, bytes: &[u8]) -> Told {
        let form = form(bytes);
        let certificates = read_each(bytes, name);
        let count = certificates.as_ref().map_or(0, Vec::len);
        let told = Told {
            is: is(form, count),
            known: certificates.is_ok() || is_key(form),
        };
        self.held = self.held.saturating_add(count);
        if self.held > MOST_CERTIFICATES {
            return Told {
                is: format!(
                    "{}; more than {MOST_CERTIFICATES} in all, not compared",
                    told.is
                ),
                known: false,
            };
        }
        self.files.push(File {
            name: name.to_owned(),
            form,
            certificates,
        });
        told
    }
}

/// Whether a file of this form holds a private key.
pub(super) fn is_key(form: Form) -> bool {
    matches!(
        form,
        Form::PrivateKeyPem | Form::PrivateKeyDer | Form::Pkcs12 | Form::JavaKeystore
    )
}

/// What a form is called.
fn is(form: Form, count: usize) -> String {
    let certificates = match count {
        0 => "nothing that can be read".to_owned(),
        1 => "one certificate".to_owned(),
        count => format!("{count} certificates"),
    };
    match form {
        Form::Pem(Pem {
            container: true, ..
        }) => format!("PKCS#7 in PEM, {certificates}"),
        Form::Pem(_) => format!("PEM, {certificates}"),
        Form::Der => "one certificate in DER".to_owned(),
        Form::Pkcs7 => format!("PKCS#7 in DER, {certificates}"),
        Form::Base64 => format!("base64 without BEGIN and END lines, {certificates}"),
        Form::PrivateKeyPem | Form::PrivateKeyDer => "a file with a private key".to_owned(),
        Form::Pkcs12 => "a PKCS#12 archive, which holds a private key".to_owned(),
        Form::JavaKeystore => "a Java keystore, which may hold private keys".to_owned(),
        Form::Zip => "a ZIP archive".to_owned(),
        Form::Empty => "empty".to_owned(),
        Form::Other(found, _) => found.to_owned(),
        Form::Text => "text without a certificate and without a known log line".to_owned(),
        Form::Unknown => "nothing that is known".to_owned(),
    }
}

/// What is wrong with the form of a file.
pub(super) fn trouble(file: &File) -> Option<Diagnosis> {
    let path = quoted(&file.name);
    let made = made(&file.name);
    if is_key(file.form) {
        return Some(private_key(file, &path, &made));
    }
    match &file.certificates {
        Err(error) => Some(unreadable(file, error, &path)),
        Ok(_) => converted(file, &path, &made),
    }
}

fn private_key(file: &File, path: &str, made: &str) -> Diagnosis {
    let diagnosis = Diagnosis::new("file-private-key", Severity::Critical, &file.name, UPLOAD)
        .found(is(file.form, 0))
        .cause("A node makes its own key with the signing request and needs only the certificate. Nothing was read of the key, and the certificates beside it were left alone.");
    let diagnosis = match file.form {
        Form::PrivateKeyPem => diagnosis.remedy(format!(
            "Take the certificates alone, if there are any: `sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p' {path} > {made}`"
        )),
        Form::Pkcs12 => diagnosis.remedy(format!(
            "Take the certificates alone: `openssl pkcs12 -in {path} -nokeys -out {made}` (with `-legacy` if it is old)"
        )),
        Form::JavaKeystore => diagnosis.remedy(format!(
            "Take the certificate alone: `keytool -exportcert -rfc -keystore {path} -alias ALIAS -file {made}`"
        )),
        _ => diagnosis.remedy("Ask the authority for the certificate itself, in Base-64 (PEM)."),
    };
    diagnosis.remedy("If others could read this file, the key is no secret any more: make a new request and have it signed.")
}

fn unreadable(file: &File, error: &PkiError, path: &str) -> Diagnosis {
    let (code, remedy) = match (file.form, error) {
        (Form::Zip, _) => (
            "file-unknown",
            format!("Unpack it and diagnose the files inside: `unzip {path} -d unpacked`"),
        ),
        (Form::Other(_, next), _) => ("file-unknown", next.to_owned()),
        (_, PkiError::Damaged { .. }) => (
            "file-damaged",
            "Ask the authority for it again, in Base-64 (PEM), as a file and not pasted into a mail.".to_owned(),
        ),
        _ => (
            "file-unknown",
            "Check that it is the right file and whole. Of an authority, ask for the issued certificate and its chain in Base-64 (PEM).".to_owned(),
        ),
    };
    Diagnosis::new(code, Severity::Critical, &file.name, UPLOAD)
        .found(error.to_string())
        .cause("A node answers to such a file that it is not a valid X.509 PEM certificate file, or not in PEM format.")
        .remedy(remedy)
}

/// The commands that make PEM of it, if it is none.
fn converted(file: &File, path: &str, made: &str) -> Option<Diagnosis> {
    const BLOCKS: &str = "sed -n '/-----BEGIN/,/-----END/p'";
    let (severity, found, command) = match file.form {
        Form::Der => (
            Severity::Warning,
            "DER",
            format!("openssl x509 -inform der -in {path} -out {made}"),
        ),
        Form::Pkcs7 => (
            Severity::Warning,
            "PKCS#7 in DER",
            format!("openssl pkcs7 -inform der -in {path} -print_certs | {BLOCKS} > {made}"),
        ),
        Form::Pem(Pem { wide: true, .. }) => (
            Severity::Warning,
            "PEM in UTF-16",
            format!("iconv -f UTF-16 -t UTF-8 {path} | {BLOCKS} | tr -d '\\r' > {made}"),
        ),
        Form::Pem(Pem {
            container: true, ..
        }) => (
            Severity::Warning,
            "PKCS#7 in PEM",
            format!("openssl pkcs7 -in {path} -print_certs | {BLOCKS} > {made}"),
        ),
        Form::Base64 => (
            Severity::Warning,
            "base64 without BEGIN and END lines",
            format!("base64 -di {path} | openssl x509 -inform der -out {made}"),
        ),
        Form::Pem(Pem { marked: true, .. }) => (
            Severity::Notice,
            "PEM with a byte order mark",
            format!("sed '1s/^\\xef\\xbb\\xbf//' {path} | tr -d '\\r' > {made}"),
        ),
        Form::Pem(Pem {
            surrounded: true, ..
        }) => (
            Severity::Notice,
            "PEM with other text around the blocks",
            format!("{BLOCKS} {path} | tr -d '\\r' > {made}"),
        ),
        Form::Pem(Pem {
            carriage_returns: true,
            ..
        }) => (
            Severity::Notice,
            "PEM with line ends of Windows",
            format!("tr -d '\\r' < {path} > {made}"),
        ),
        _ => return None,
    };
    let (code, cause) = match severity {
        Severity::Notice => (
            "file-untidy",
            "Nodes differ in what they take beside clean PEM; this program cleans what it uploads.",
        ),
        _ => (
            "file-not-pem",
            "A node takes PEM only; the file's ending does not matter.",
        ),
    };
    Some(
        Diagnosis::new(code, severity, &file.name, UPLOAD)
            .found(found)
            .cause(cause)
            .remedy(format!("To upload it by hand, convert it: `{command}`")),
    )
}

/// A file name for a shell.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/+,@=".contains(c);
    if name == "-" || name.is_empty() || name.chars().any(char::is_control) {
        "FILE".to_owned()
    } else if name.starts_with('-') {
        format!("./{}", quoted_word(name, plain))
    } else {
        quoted_word(name, plain)
    }
}

fn quoted_word(name: &str, plain: impl Fn(char) -> bool) -> String {
    if name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', r"'\''"))
    }
}

/// The name of the converted file.
fn made(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    match quoted(&format!("{stem}.clean.pem")) {
        bare if name == "-" || bare == "FILE" => "clean.pem".to_owned(),
        bare => bare,
    }
}
