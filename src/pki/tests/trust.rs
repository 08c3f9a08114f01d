use crate::model::Certificate;
use crate::pki::testing::{Recipe, moment};
use crate::pki::{KeptBecause, TrustPrediction, predict_trust_upload};

fn authority(name: &str, from: &'static str, serial: u32) -> Certificate {
    Recipe {
        from,
        serial,
        ..Recipe::authority(name)
    }
    .self_signed()
    .parsed
    .facts
}

#[test]
fn a_store_keeps_one_certificate_for_each_name() {
    let old = authority("Corp Root", "2020-01-01T00:00:00Z", 1);
    let new = authority("Corp Root", "2025-01-01T00:00:00Z", 2);
    let same_start = authority("Corp Root", "2020-01-01T00:00:00Z", 3);
    let same_serial = authority("Corp Root", "2025-01-01T00:00:00Z", 1);
    let other = authority("Other Root", "2026-01-01T00:00:00Z", 1);
    let kept = |because| TrustPrediction::SilentlyKept {
        kept: old.sha256.clone(),
        because,
    };
    let during = "2026-06-01T00:00:00Z";
    for (existing, incoming, now, expected) in [
        (vec![], &new, during, TrustPrediction::Stored),
        (vec![&other], &new, during, TrustPrediction::Stored),
        (vec![&other, &new], &new, during, TrustPrediction::Identical),
        (
            vec![&old, &other],
            &new,
            during,
            TrustPrediction::Replaces(vec![old.sha256.clone()]),
        ),
        (
            vec![&old],
            &same_start,
            during,
            kept(KeptBecause::StartsTogether),
        ),
        (
            vec![&old],
            &same_serial,
            during,
            kept(KeptBecause::SameSerial),
        ),
        (
            vec![&old],
            &new,
            "2040-01-01T00:00:00Z",
            TrustPrediction::Replaces(vec![old.sha256.clone()]),
        ),
        (
            vec![&old],
            &new,
            "2040-01-01T00:00:01Z",
            TrustPrediction::Refused,
        ),
        (
            vec![&new],
            &new,
            "2050-01-01T00:00:00Z",
            TrustPrediction::Identical,
        ),
    ] {
        let predicted = predict_trust_upload(&existing, incoming, moment(now));
        assert_eq!(predicted, expected, "{existing:?} + {}", incoming.serial);
    }
    let later = TrustPrediction::SilentlyKept {
        kept: new.sha256.clone(),
        because: KeptBecause::StartsLater,
    };
    assert_eq!(predict_trust_upload(&[&new], &old, moment(during)), later);
    assert!(!later.will_hold());
}
