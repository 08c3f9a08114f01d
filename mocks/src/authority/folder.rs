//! The authority at its folder: requests come in by one directory, certificates go out by another.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use openssl::x509::X509Req;

use super::Authority;
use crate::log::{Channel, Kind, Place};
use crate::world::World;

/// How often the folder is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// How long the authority thinks about a request, before scaling.
const THINKS: Duration = Duration::from_secs(5);

/// Signs what appears in `requests` into `issued`, until the world is gone.
pub(crate) async fn watch(
    world: Weak<World>,
    authority: Arc<Authority>,
    requests: PathBuf,
    issued: PathBuf,
) {
    let mut signed: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Some(world) = world.upgrade() else { return };
        if authority.is_paused() {
            continue;
        }
        for (path, request) in waiting(&requests, &signed) {
            tokio::time::sleep(world.scaled(THINKS)).await;
            hand_out(&world, &authority, &path, &request, &issued);
            signed.insert(path, request);
        }
    }
}

/// Complete requests that were not signed yet. A half-written file is looked at again.
fn waiting(requests: &Path, signed: &BTreeMap<PathBuf, Vec<u8>>) -> Vec<(PathBuf, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(requests) else {
        return Vec::new();
    };
    let mut found: Vec<(PathBuf, Vec<u8>)> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "csr"))
        .filter_map(|path| fs::read(&path).ok().map(|bytes| (path, bytes)))
        .filter(|(path, bytes)| signed.get(path) != Some(bytes) && X509Req::from_pem(bytes).is_ok())
        .collect();
    found.sort();
    found
}

fn hand_out(world: &World, authority: &Authority, path: &Path, request: &[u8], issued: &Path) {
    let name = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or("request");
    let kind = authority.misbehaviour();
    let nowhere = Place::default();
    let written = authority
        .sign(request)
        .map_err(|error| error.to_string())
        .and_then(|bytes| {
            let part = issued.join(format!(".{name}.part"));
            let whole = issued.join(format!("{name}.{}", kind.ending()));
            fs::write(&part, &bytes)
                .and_then(|()| fs::rename(&part, &whole))
                .map_err(|error| error.to_string())
        });
    match written {
        Ok(()) => {
            let detail = format!("{name} {}", kind.word());
            world.note(
                &nowhere,
                Channel::Authority,
                Kind::Effect,
                "issued",
                &detail,
            );
        }
        Err(error) => {
            let detail = format!("{name}: {error}");
            world.note(
                &nowhere,
                Channel::Authority,
                Kind::Fault,
                "not-issued",
                &detail,
            );
        }
    }
}
