//! The codes of an issued certificate that `diagnose` gives without its request.

use super::Explanation;

pub(super) const ISSUED: &[Explanation] = &[
    Explanation {
        code: "E6",
        means: "An authority cannot serve as one.",
        cause: "It is no CA, may not sign certificates, is out of date, or allows fewer levels below it.",
        remedy: "Get the authority's current certificate.",
        source: "cucm-upload-errors E6",
    },
    Explanation {
        code: "E12",
        means: "The certificate is not valid now.",
        cause: "It expired, or begins later than the node's clock says.",
        remedy: "Have the request signed for a current period.",
        source: "cucm-upload-errors E12",
    },
    Explanation {
        code: "E13",
        means: "It has a wildcard.",
        cause: "The authority or the request used one.",
        remedy: "Ask for every name written out.",
        source: "cucm-upload-errors E13",
    },
    Explanation {
        code: "E14",
        means: "The key is longer than nodes take.",
        cause: "The request asked for it.",
        remedy: "Make a request with at most 4096 bits.",
        source: "cucm-upload-errors E14",
    },
    Explanation {
        code: "L-self-signed",
        means: "Its own key signed it.",
        cause: "No authority was asked.",
        remedy: "Have the request signed by the issuer.",
        source: "cucm-certificate-rules §10",
    },
    Explanation {
        code: "L-outlives-authority",
        means: "An authority ends before the certificate does.",
        cause: "The authority is near its own renewal.",
        remedy: "Plan the next renewal before the authority ends.",
        source: "RFC 5280 §6.1",
    },
    Explanation {
        code: "L-expiring",
        means: "Little time is left.",
        cause: "The authority issues short certificates, or it is an old one.",
        remedy: "Have it signed for longer.",
        source: "this product's own limit",
    },
    Explanation {
        code: "L-weak-signature",
        means: "It is signed with a hash that is no longer sound.",
        cause: "An old template.",
        remedy: "Have it signed with SHA-256.",
        source: "cucm-certificate-rules §2",
    },
    Explanation {
        code: "L-signature-unknown",
        means: "It is signed in a way of which no source says whether nodes take it.",
        cause: "RSA-PSS.",
        remedy: "Ask for a PKCS#1 or ECDSA signature.",
        source: "no source",
    },
    Explanation {
        code: "L-no-names",
        means: "It has no subject alternative name.",
        cause: "The request asked for none.",
        remedy: "Ask for the names under which clients know the node.",
        source: "RFC 6125 §6.4.4",
    },
    Explanation {
        code: "L-critical",
        means: "An extension is marked critical that one product cannot take.",
        cause: "The authority's template.",
        remedy: "Have it issued without the mark.",
        source: "cucm-certificate-rules §2",
    },
];
