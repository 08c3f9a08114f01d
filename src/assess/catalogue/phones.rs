//! Codes of phones and of what they trust.

use super::Explanation;

pub(super) const ENTRIES: &[Explanation] = &[
    Explanation {
        code: "phones-unknown",
        means: "The number of registered phones could not be learned.",
        cause: "PerfMon or RIS did not answer.",
        remedy: "Observe again; without it nobody can say afterwards whether phones came back, and no certificate that phones hold is renewed.",
        source: "cucm-soap §4, §5",
    },
    Explanation {
        code: "phone-profiles-unknown",
        means: "The database could not be asked for the phones: their pools, security modes and own certificates.",
        cause: "AXL did not answer, or the account may not run queries.",
        remedy: "Give the application user the role for AXL and observe again. Without the list nobody knows which phones are away or hold an LSC.",
        source: "claim CUCM-AXL-PHONE-PROFILES; invariant I4",
    },
    Explanation {
        code: "phones-absent",
        means: "Phones are configured and not registered.",
        cause: "They are switched off, unplugged, moved, or hold a bad ITL already.",
        remedy: "Bring them back before CallManager or TVS changes: a phone that misses the change does not trust the cluster on its return, and its ITL has to be deleted by hand. Or waive them by name: `reissue plan --waive`.",
        source: "cucm-certificate-rules O6, O7 (T214231); invariant I4",
    },
    Explanation {
        code: "lsc-in-use",
        means: "CAPF is due and phones hold certificates (LSC) that the present one signed.",
        cause: "Phones with authenticated or encrypted profiles, or 802.1X, got them from CAPF.",
        remedy: "After the renewal issue the LSCs again, in batches. Keep the old CAPF certificate in CAPF-trust and CallManager-trust until every phone has a new one, and give the new CAPF to RADIUS servers and VPN gateways before phones use it.",
        source: "cucm-certificate-rules §4.3 (C-PK, T225746); claim PHONE-LSC-CAPF",
    },
    Explanation {
        code: "capf-not-authority",
        means: "The CAPF certificate is not one that may sign others.",
        cause: "The authority used a template for end certificates. It must be CA:TRUE with path length 0, digitalSignature and keyCertSign.",
        remedy: "Have the CAPF request signed with the template for subordinate authorities, and renew. Until then TLS with phones that hold LSCs fails. The path length is checked when the certificate is issued.",
        source: "cucm-certificate-rules §2 (Security Guide 15)",
    },
    Explanation {
        code: "capf-on-subscriber",
        means: "A subscriber holds a CAPF certificate, which nothing uses.",
        cause: "Up to 12.5 every node has one; CAPF runs on the publisher only.",
        remedy: "Leave it, and do not have it signed. To silence the alarms of an expired one, regenerate it self-signed on that subscriber.",
        source: "cucm-certificate-rules §4.3 (T217138); invariant I15",
    },
    Explanation {
        code: "capf-trust-missing",
        means: "CAPF is signed by an authority, and CallManager-trust does not hold its whole chain.",
        cause: "The chain was uploaded to CAPF-trust only.",
        remedy: "Upload the root and the intermediates to CallManager-trust on the publisher and read them back on every node; a renewal brings its own chain.",
        source: "cucm-certificate-rules §4.3 (SG14)",
    },
    Explanation {
        code: "itl-recovery-expiring",
        means: "ITLRecovery ends soon, or has ended. It signs the list that phones trust.",
        cause: "It lives 20 years from 14 on, and 5 before; upgrades keep the old one.",
        remedy: "Never by a plan, and never together with CallManager or TVS. In a window of its own, regenerate ITLRecovery on the publisher. Non-secure: `utils itl reset localkey`, reset phones in batches, confirm that they register, restart Cisco TFTP, reset phones again. Mixed mode: `utils ctl reset localkey`, reset in batches, confirm, `utils ctl update CTLFile`, reset again. Then take a DRS backup; repeat EMCC bulk exports and SSO metadata where they rest on it.",
        source: "cucm-certificate-rules §4.6 (SG14, T225746)",
    },
    Explanation {
        code: "itl-recovery-weak",
        means: "ITLRecovery has a shorter key than the other certificates that phones hold.",
        cause: "It was made with 1024 bits by an old release, and the others were renewed with 2048 or more.",
        remedy: "Know that `utils itl reset localkey` and `utils ctl reset localkey`, the way back for phones with a bad ITL, do not work with keys of 1024 beside 2048 bits. Generate ITLRecovery anew with the length of the others, with the steps of `itl-recovery-expiring`, before CallManager, CAPF or TVS change.",
        source: "cucm-certificate-rules §2, §4.6 (T214231)",
    },
    Explanation {
        code: "ctl-stale",
        means: "The CTL does not list a CallManager or CAPF certificate that is stored now.",
        cause: "The certificate was replaced and `utils ctl update CTLFile` was forgotten.",
        remedy: "Run `utils ctl update CTLFile` on the publisher, restart Cisco TFTP and Cisco CallManager where they run, and reset phones. Until then phones that signal over TLS do not register.",
        source: "cucm-certificate-rules §4.2, §4.3 (T225746); invariant I11",
    },
    Explanation {
        code: "ctl-unknown",
        means: "The cluster is in mixed mode and `show ctl` could not be read.",
        cause: "The shell did not answer, or answered in a form that is not known.",
        remedy: "Mend what the text names and observe again: no certificate that the CTL holds is renewed before.",
        source: "invariant I11; claim VOS-CTL-RECORDS",
    },
    Explanation {
        code: "ctl-missing",
        means: "The cluster is in mixed mode and the publisher has no CTL file.",
        cause: "The file was deleted, or the mode was changed by hand in the database.",
        remedy: "See what `show ctl` prints on every TFTP node. Make the list again with `utils ctl set-cluster mixed-mode` in a window, or correct the mode, before a certificate changes.",
        source: "invariant I11; claim VOS-CTL-MODIFIED",
    },
];
