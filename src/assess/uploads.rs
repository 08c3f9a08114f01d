//! What nodes answer to an upload that they refuse, and what tells it beforehand.

/// One row of cucm-upload-errors §1. What it means is in the catalogue, under its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct UploadError {
    /// `E1` to `E18`.
    pub number: &'static str,
    /// Codes of `assess` and of `lint` that tell it before anything is uploaded; empty: see `also`.
    pub told_by: &'static [&'static str],
    /// What else keeps it away, or what is done where nothing can tell it.
    pub also: &'static str,
}

const fn row(
    number: &'static str,
    told_by: &'static [&'static str],
    also: &'static str,
) -> UploadError {
    UploadError {
        number,
        told_by,
        also,
    }
}

/// Every error that is known. A test demands that each has a producer, or says why there can be none.
pub const UPLOAD_ERRORS: [UploadError; 18] = [
    row(
        "E1",
        &[
            "E1",
            "L-same-name",
            "chain-incomplete",
            "authority-name-clash",
        ],
        "a plan uploads the chain first, root first, and reads every store back",
    ),
    row(
        "E2",
        &["request-missing"],
        "before each upload the run reads that the plan's own request still waits",
    ),
    row(
        "E3",
        &["request-missing", "E4"],
        "the wording of 12.5 for E2 and E4",
    ),
    row(
        "E4",
        &["E4"],
        "the key is compared with the waiting request",
    ),
    row("E5", &["E5"], "the sets of names are compared"),
    row("E6", &["E6"], "every authority of the chain is read"),
    row(
        "E7",
        &["E7"],
        "a file that cannot be read is never uploaded",
    ),
    row(
        "E8",
        &["E8"],
        "a clean PEM block is sent, whatever the file was",
    ),
    row("E9", &["E9"], "a file with a private key is never uploaded"),
    row(
        "E10",
        &["purpose-unknown"],
        "the estate file takes only purposes that the product has",
    ),
    row(
        "E11",
        &[],
        "an internal failure cannot be foretold: the run looks what became of it, and stops rather than send it again",
    ),
    row(
        "E12",
        &["E12"],
        "both dates are compared with the node's time",
    ),
    row("E13", &["E13"], "no request asks for a wildcard"),
    row("E14", &["E14"], "no request asks for a longer key"),
    row(
        "E15",
        &["E15", "L-client-auth"],
        "usages are compared with the request",
    ),
    row(
        "E16",
        &["multi-server-by-shell"],
        "a plan refuses a shared certificate before release 14",
    ),
    row(
        "E17",
        &["platform-service-down", "node-unauthenticated"],
        "every node is read after a shared upload",
    ),
    row(
        "E18",
        &[],
        "the first refused login ends any command, names account and node, and the account is tried nowhere else",
    ),
];
