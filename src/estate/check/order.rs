//! The order of purposes, and how phones are waited for.

use crate::estate::raw::RawEstate;
use crate::model::{DEFAULT_ORDER, DEFAULT_PHONE_POLLS, Product, Purpose};
use crate::yaml::{Placed, Problem};

use super::Check;

/// Below the cluster's own limit of 15 a minute, so that other clients can ask too. Source: cucm-soap §4.
const DEVICE_QUERIES_PER_MINUTE: u32 = 12;

impl Check<'_> {
    /// The order in which purposes are renewed: what the file names, then the others as usual.
    pub(super) fn order(&mut self, raw: &RawEstate) -> Vec<Purpose> {
        let mut order: Vec<Purpose> = Vec::new();
        for word in raw.order.iter().flat_map(|order| order.value.iter()) {
            let names = Product::ALL
                .into_iter()
                .flat_map(Product::purposes)
                .filter(|purpose| !purpose.ends_with("-ECDSA"));
            let names: Vec<&str> = names.collect();
            let purpose = Purpose::new(word.as_str());
            if !self.known(word, "a purpose without its twin", names.iter().copied()) {
                continue;
            }
            if order.contains(&purpose) {
                let message = format!("`{purpose}` stands here twice");
                self.problem(Problem::at(word.place, message));
            }
            order.push(purpose);
        }
        let usual = DEFAULT_ORDER.into_iter().map(Purpose::from);
        let rest: Vec<Purpose> = usual.filter(|purpose| !order.contains(purpose)).collect();
        order.extend(rest);
        order
    }

    pub(super) fn phone_polls(&mut self, raw: &RawEstate) -> u32 {
        self.at_least_one(raw.phone_polls.as_ref(), DEFAULT_PHONE_POLLS)
    }

    pub(super) fn device_queries(&mut self, raw: &RawEstate) -> u32 {
        let most = raw.device_queries_per_minute.as_ref();
        self.at_least_one(most, DEVICE_QUERIES_PER_MINUTE)
    }

    fn at_least_one(&mut self, written: Option<&Placed<u32>>, usual: u32) -> u32 {
        let Some(number) = written else {
            return usual;
        };
        if number.value == 0 {
            self.problem(Problem::at(number.place, "this number may not be zero"));
        }
        number.value
    }
}
