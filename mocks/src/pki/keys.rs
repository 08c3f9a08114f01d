//! RSA keys are slow to make, so one process makes each once and labs take them by number.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;

static POOL: Mutex<Vec<PKey<Private>>> = Mutex::new(Vec::new());

/// The usual size; only these are pooled.
const POOLED_BITS: u32 = 2048;

/// Hands out keys; no key twice within one lab.
#[derive(Default)]
pub(crate) struct KeyRing(AtomicUsize);

impl KeyRing {
    /// An RSA key of so many bits.
    pub(crate) fn rsa(&self, bits: u32) -> Result<PKey<Private>, ErrorStack> {
        if bits != POOLED_BITS {
            return generate_rsa(bits);
        }
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        loop {
            if let Some(key) = pool().get(number) {
                return Ok(key.clone());
            }
            let key = generate_rsa(POOLED_BITS)?;
            pool().push(key);
        }
    }

    /// An elliptic-curve key on P-256 or P-384.
    pub(crate) fn elliptic(bits: u32) -> Result<PKey<Private>, ErrorStack> {
        let curve = if bits == 384 {
            Nid::SECP384R1
        } else {
            Nid::X9_62_PRIME256V1
        };
        let group = EcGroup::from_curve_name(curve)?;
        PKey::from_ec_key(EcKey::generate(&group)?)
    }
}

/// Fills the pool up to so many keys, on every core.
pub(crate) fn warm(wanted: usize) -> Result<(), ErrorStack> {
    let workers = thread::available_parallelism().map_or(2, std::num::NonZero::get);
    thread::scope(|scope| {
        let fill = || -> Result<(), ErrorStack> {
            while pool().len() < wanted {
                let key = generate_rsa(POOLED_BITS)?;
                pool().push(key);
            }
            Ok(())
        };
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(fill)).collect();
        running
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or(Ok(())))
    })
}

fn generate_rsa(bits: u32) -> Result<PKey<Private>, ErrorStack> {
    PKey::from_rsa(Rsa::generate(bits)?)
}

fn pool() -> std::sync::MutexGuard<'static, Vec<PKey<Private>>> {
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}
