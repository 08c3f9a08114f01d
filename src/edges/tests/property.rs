//! What holds for every store.

use proptest::prelude::*;

use super::*;

/// Certificates that have nothing to do with a chain: authorities, leaves, some outside their validity, some with the
/// key identifiers of the chain.
fn unrelated() -> impl Strategy<Value = Vec<Certificate>> {
    let one = (0_u32..40, any::<bool>(), any::<bool>(), any::<bool>());
    let certificates = one.prop_map(|(number, signs_itself, expired, same_key_id)| {
        let name = format!("Unrelated {number}");
        let signer = if signs_itself {
            name.clone()
        } else {
            "Unrelated 0".to_owned()
        };
        let mut made = authority(&name, &signer);
        if expired {
            made.not_after = moment("2020-01-01T00:00:00Z");
        }
        if same_key_id {
            made.subject_key_id = Some("01".to_owned());
        }
        made
    });
    prop::collection::vec(certificates, 0..12)
}

fn bench(profile: Profile, whole_chain: bool) -> Bench {
    let mut bench = Bench::good(profile);
    bench.edge.whole_chain = whole_chain;
    bench.leaf().authority_key_id = Some("01".to_owned());
    let issuing = bench.certificates.get_mut(&fingerprint("Issuing")).unwrap();
    issuing.subject_key_id = Some("01".to_owned());
    bench
}

proptest! {
    #[test]
    fn unrelated_certificates_change_nothing(
        more in unrelated(),
        before in any::<bool>(),
        whole_chain in any::<bool>(),
        expressway in any::<bool>(),
    ) {
        let profile = if expressway { Profile::Expressway } else { Profile::Cucm };
        let mut bench = bench(profile, whole_chain);
        let Observed::Present(own) = bench.store.clone() else { panic!("a store") };
        for one in more {
            bench.trust(one);
        }
        if before && let Observed::Present(store) = &mut bench.store {
            store.retain(|held| !own.contains(held));
            store.extend(own);
        }
        prop_assert_eq!(bench.verdict(), Verdict::Holds { cautions: Vec::new() });
    }

    /// The exception: one of the same name before it, and only for Expressway.
    #[test]
    fn a_namesake_matters_to_expressway_alone(first in any::<bool>(), of_root in any::<bool>(), expressway in any::<bool>()) {
        let profile = if expressway { Profile::Expressway } else { Profile::Cucm };
        let mut bench = bench(profile, false);
        let title = if of_root { "Root" } else { "Issuing" };
        let other = namesake(title, "another of that name");
        let hash = other.sha256.clone();
        bench.trust(other);
        if first && let Observed::Present(store) = &mut bench.store {
            store.rotate_right(1);
            prop_assert_eq!(store.first(), Some(&hash));
        }
        let hidden = first && expressway;
        prop_assert_eq!(bench.verdict().holds(), !hidden);
        if hidden {
            let breaks = bench.breaks();
            let found = matches!(breaks.as_slice(), [Break::NotFirstOfName { first, .. }] if *first == hash);
            prop_assert!(found, "{:?}", breaks);
        }
    }

    /// Less trust never makes an edge verify.
    #[test]
    fn a_store_without_one_of_the_chain_does_not_verify(of_root in any::<bool>(), whole_chain in any::<bool>()) {
        let mut bench = bench(Profile::Expressway, whole_chain);
        bench.distrust(if of_root { "Root" } else { "Issuing" });
        prop_assert!(bench.verdict().is_broken());
    }
}
