//! The certificate trust list that phones get: `show ctl`.

use super::DecodeError;
use crate::model::{Observed, TrustList, TrustRecord};

const QUESTION: &str = "show ctl";
const HEADING: &str = "CTL Record #:";
const MODIFIED: &str = "the ctl file was last modified on";
const VERIFIED: &str = "the ctl file was verified successfully";

/// The list, if the publisher has one and has verified it. Lines that nobody asked about are passed over.
///
/// # Errors
/// If it does not end with the words that it was verified, or a record lacks its subject, function or serial number.
// claim: VOS-CTL-RECORDS, VOS-CTL-MODIFIED, VOS-CTL-SHOW
pub fn trust_list(output: &[u8]) -> Result<Observed<TrustList>, DecodeError> {
    let text = super::text(output);
    let mut records = text.split(HEADING);
    let head = records.next().unwrap_or_default();
    let records: Vec<&str> = records.collect();
    if records.is_empty() && head.lines().any(says_none) {
        return Ok(Observed::Absent);
    }
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    let last = last.unwrap_or_default();
    if !last.to_ascii_lowercase().contains(VERIFIED) {
        let expected = "a last line `The CTL file was verified successfully.`";
        return Err(DecodeError::new(QUESTION, expected, last));
    }
    let modified = head
        .lines()
        .find_map(|line| after(line.trim(), MODIFIED))
        .filter(|date| !date.is_empty())
        .ok_or_else(|| {
            let expected = "a line `The CTL File was last modified on` and a date";
            DecodeError::new(QUESTION, expected, head)
        })?;
    let records: Vec<TrustRecord> = records.into_iter().map(record).collect::<Result<_, _>>()?;
    if records.is_empty() {
        return Err(DecodeError::new(QUESTION, "at least one record", "none"));
    }
    Ok(Observed::Present(TrustList {
        modified: modified.to_owned(),
        records,
    }))
}

/// The words for a missing file were not found; these say it in any wording.
// claim: VOS-CTL-NONE (assumed)
fn says_none(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    let none = [
        "not found",
        "does not exist",
        "not present",
        "no ctl file",
        "no such file",
    ];
    line.contains("ctl") && none.iter().any(|words| line.contains(words))
}

/// What follows some words in a line, whatever their capitals.
fn after<'a>(line: &'a str, words: &str) -> Option<&'a str> {
    let head = line.get(..words.len())?;
    head.eq_ignore_ascii_case(words)
        .then(|| line.get(words.len()..))?
        .map(|rest| rest.trim_start_matches(':').trim())
}

fn record(text: &str) -> Result<TrustRecord, DecodeError> {
    let wrong = |tag: &str| {
        let expected = format!("{HEADING}N with one line {tag} and its value");
        DecodeError::new(QUESTION, expected, &format!("{HEADING}{text}"))
    };
    let value = |tag: &str| {
        let mut values = text.lines().filter_map(|line| tagged(line, tag));
        let first = values.next().filter(|_| values.next().is_none());
        first
            .filter(|value| !value.is_empty())
            .ok_or_else(|| wrong(tag))
    };
    let serial = value("SERIALNUMBER")?;
    let bytes = serial
        .split(':')
        .all(|byte| byte.len() == 2 && byte.bytes().all(|digit| digit.is_ascii_hexdigit()));
    if !bytes {
        return Err(wrong("SERIALNUMBER"));
    }
    Ok(TrustRecord {
        function: value("FUNCTION")?,
        subject: value("SUBJECTNAME")?,
        serial,
    })
}

/// The value in a line of number, tag, length and value. The length may be missing.
fn tagged(line: &str, tag: &str) -> Option<String> {
    let is_number = |word: &str| word.bytes().all(|digit| digit.is_ascii_digit());
    let mut words = line.split_whitespace().peekable();
    let numbered = words.next().is_some_and(is_number);
    if !numbered || words.next() != Some(tag) {
        return None;
    }
    words.next_if(|word| is_number(word));
    let value: Vec<&str> = words.collect();
    Some(value.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the words of the printed example that the claims rest on.
    const TOKENLESS: &str = "
The checksum value of the CTL file:
7a7438383ba9a9ae3b3cb3e5f5f9c4a1(MD5)
38c0794ac6d0a1ce24b3a8b2b7e4a6d5f8e0c9b1(SHA1)

Length of CTL file: 5728
The CTL File was last modified on Fri Mar 06 21:48:48 CET 2015

Parse CTL File
----------------

Version:        1.2
HeaderLength:   304 (BYTES)

BYTEPOS TAG             LENGTH  VALUE
------- ---             ------  -----
3       SIGNERID        2       149

        CTL Record #:1
                ----
BYTEPOS TAG             LENGTH  VALUE
------- ---             ------  -----
1       RECORDLENGTH    2       1156
2       DNSNAME         16      cucm-1051-a-pub
3       SUBJECTNAME     62      CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL
4       FUNCTION        2       System Administrator Security Token
5       ISSUERNAME      62      CN=cucm-1051-a-pub;OU=TAC;O=Cisco;L=Krakow;ST=Malopolska;C=PL
6       SERIALNUMBER    16      70:CA:F6:4E:09:07:51:B9:DF:22:F4:9F:75:4F:C5:BB
7       PUBLICKEY       140
9       CERTIFICATE     694     E9 D4 33 64 5B C8 8C ED 51 4D 8F E5 EA 5B 6D
                                21 A5 A3 8C 9C (SHA1 Hash HEX)
10      IPADDRESS       4
This etoken was used to sign the CTL file.

        CTL Record #:2
                ----
BYTEPOS TAG             LENGTH  VALUE
------- ---             ------  -----
1       RECORDLENGTH    2       1156
2       DNSNAME         16      cucm-1051-a-pub
3       SUBJECTNAME     62      CN=cucm-1051-a-pub;OU=TAC;O=Cisco
4       FUNCTION        2       CCM+TFTP
5       ISSUERNAME      62      CN=cucm-1051-a-pub;OU=TAC;O=Cisco
6       SERIALNUMBER    16      0A:CA:F6:4E
10      IPADDRESS       4

The CTL file was verified successfully.
";

    #[test]
    fn records_have_a_function_a_subject_and_a_serial() {
        let list = trust_list(TOKENLESS.as_bytes()).unwrap();
        let list = list.present().unwrap();
        assert_eq!(list.modified, "Fri Mar 06 21:48:48 CET 2015");
        let shown: Vec<_> = list
            .records
            .iter()
            .map(|record| (record.function.as_str(), record.serial.as_str()))
            .collect();
        let expected = [
            (
                "System Administrator Security Token",
                "70:CA:F6:4E:09:07:51:B9:DF:22:F4:9F:75:4F:C5:BB",
            ),
            ("CCM+TFTP", "0A:CA:F6:4E"),
        ];
        assert_eq!(shown, expected);
        assert_eq!(list.records[1].subject, "CN=cucm-1051-a-pub;OU=TAC;O=Cisco");
        assert!(list.lists("acaf64e"));
    }

    #[test]
    fn a_length_may_be_missing() {
        let bare = TOKENLESS
            .replace("FUNCTION        2 ", "FUNCTION ")
            .replace("SERIALNUMBER    16 ", "SERIALNUMBER ");
        let list = trust_list(bare.as_bytes()).unwrap();
        assert_eq!(list, trust_list(TOKENLESS.as_bytes()).unwrap());
    }

    #[test]
    fn no_file_is_absent_in_any_wording() {
        for output in [
            "Length of CTL file: 0\nCTL File not found. Please run CTLClient plugin.\nError parsing the CTL File.",
            "No CTL file is present on this server.",
        ] {
            assert_eq!(trust_list(output.as_bytes()).unwrap(), Observed::Absent);
        }
    }

    #[test]
    fn a_doubtful_list_is_refused_with_its_words() {
        let unverified = TOKENLESS.replace(
            "The CTL file was verified successfully.",
            "Verification of the CTL file failed.",
        );
        let cases = [
            (unverified, "Verification of the CTL file failed"),
            (
                TOKENLESS.replace("4       FUNCTION        2       CCM+TFTP\n", ""),
                "FUNCTION",
            ),
            (TOKENLESS.replace("0A:CA:F6:4E", "soon"), "SERIALNUMBER"),
            (TOKENLESS.replace("0A:CA:F6:4E", ""), "SERIALNUMBER"),
            (TOKENLESS.replace(HEADING, "Entry"), "at least one record"),
            (TOKENLESS.replace("last modified", "made"), "last modified"),
            (format!("{TOKENLESS}\nEnd\n"), "verified"),
            (String::new(), "nothing"),
        ];
        for (output, word) in cases {
            let error = trust_list(output.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(word), "{word}: {error}");
        }
    }
}
