//! Codes of trust stores, and of authorities.

use super::Explanation;

pub(super) const ENTRIES: &[Explanation] = &[
    Explanation {
        code: "trust-unknown",
        means: "A trust store could not be read.",
        cause: "The interface did not list it.",
        remedy: "Observe again; a chain that cannot be seen cannot be relied on.",
        source: "cucm-rest-and-cli §2.1",
    },
    Explanation {
        code: "chain-incomplete",
        means: "The trust store does not hold every authority above the stored certificate.",
        cause: "The certificate was uploaded with a chain, and an authority was deleted later.",
        remedy: "Upload the missing authority to the store in OS Administration; a renewal brings its own chain.",
        source: "cucm-upload-errors E1",
    },
    Explanation {
        code: "chain-expired",
        means: "An authority that the chain needs is no longer valid in the store.",
        cause: "The authority was renewed and the store still holds the old one.",
        remedy: "Upload the renewed authority; mind the rule of one certificate per common name.",
        source: "cucm-upload-errors §3",
    },
    Explanation {
        code: "trust-expired",
        means: "A trust store holds a certificate that has expired.",
        cause: "It was left when its successor came; the platform raises alarms, and upgrades to 12.5SU6, 14SU2 and later leave it out.",
        remedy: "If the finding says so, delete it by hand: take a DRS backup; delete it in OS Administration on the publisher (for CAPF-, tomcat- and CallManager-trust that reaches every node); list the store on every node and delete what is left. Up to 11.5 stop Cisco Certificate Change Notification everywhere first; on IM and Presence wait 30 minutes after a replacement. Then restart what uses the store: Cisco Tomcat, CAPF, or DRF; CallManager-trust needs a window. It cannot be undone.",
        source: "cucm-certificate-rules §7 (SG14, T214231, IMP125); invariant I23",
    },
    Explanation {
        code: "trust-superseded",
        means: "A trust store holds a certificate with a successor of the same name or key, and nothing in the cluster chains to it.",
        cause: "A self-signed certificate was replaced by a signed one (CSCur97909), or an authority was renewed.",
        remedy: "Check that no peer outside the cluster still uses it, then delete it as `reissue explain trust-expired` says. An old CAPF stays until no phone holds an LSC.",
        source: "cucm-certificate-rules §7; cucm-upload-errors §3; invariant I23",
    },
    Explanation {
        code: "authority-name-clash",
        means: "An authority of the estate file meets another certificate of its name in a trust store, which keeps one for each common name.",
        cause: "The authority was renewed under its old name. If it does not begin later, the store silently keeps the old one; if it has another key, everything that the old key signed loses its chain.",
        remedy: "Have the authority renewed under a new name (such as a suffix -G2). Or move what rests on the old one first; then, where the old one would be kept, delete it in OS Administration, which is final and cluster-wide, and plan again.",
        source: "cucm-upload-errors §3 (Cisco 217138, Security Guide 14); invariant I22",
    },
];
