//! What commands of the platform shell print.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reissue::driver::cucm::decode::{platform, shell};

fuzz_target!(|bytes: &[u8]| {
    let _ = shell::version(bytes);
    let _ = shell::network(bytes);
    let _ = shell::services(bytes);
    let _ = platform::sso(bytes);
    let _ = platform::backup_job(platform::Job::Backup, bytes);
    let _ = platform::backup_job(platform::Job::Restore, bytes);
    let _ = platform::last_backup(bytes);
    let _ = platform::replication(bytes);
});
