//! Nodes that are away, are others, or send what no program should believe: bounded time, bounded memory, a clear word.

use std::io::Write as _;
use std::net::TcpListener;
use std::time::Duration;

use reissue_lab::{Fault, Lab, Mode};

use crate::support::{command, reissue};
use crate::trial::{lab, writes};
use crate::watched::{Watched, watch};

/// The most memory that any command may take, in KiB (P21).
const MOST_MEMORY: u64 = 256 * 1024;

/// Longer than every wait of these labs together; a command that takes longer hangs.
const MOST_TIME: Duration = Duration::from_secs(40);

const ALWAYS: u32 = 1_000_000;

#[track_caller]
fn bounded(what: &str, watched: &Watched) {
    let Watched {
        ended, peak, took, ..
    } = watched;
    let said = format!(
        "{what}: exit {}, {peak} KiB, {took:?}\n{}",
        ended.code, ended.err
    );
    assert!(*peak < MOST_MEMORY, "too much memory: {said}");
    assert!(
        !cfg!(target_os = "linux") || *peak > 0,
        "not measured: {said}"
    );
    assert!(*took < MOST_TIME, "too long: {said}");
    assert!(!ended.err.contains("panicked"), "{said}");
    assert!(matches!(ended.code, 1 | 4 | 10), "{said}");
    assert!(ended.err.contains("cucm-"), "it names no node: {said}");
}

#[test]
fn endless_and_slow_answers_are_cut() {
    let lab = lab(|_| {});
    let questions = [
        "rest GET snapshot",
        "control soapGetServiceStatus",
        "axl executeSQLQuery",
        "ssh show version active",
        "ssh utils dbreplication runtimestate",
    ];
    for on in questions {
        for mode in [Mode::HugeBody, Mode::SlowBody] {
            lab.plant(Fault::new(on, mode).times(ALWAYS));
        }
        let watched = watch(command(lab.estate(), ["plan"]));
        lab.clear_faults();
        // Services may be learned by another way; the others may not.
        if watched.ended.code != 0 || !on.starts_with("control") {
            bounded(on, &watched);
        }
    }
    assert_eq!(writes(&lab), 0);
}

/// Puts another port in the place of a node's.
fn reroute(lab: &Lab, kind: &str, old: u16, new: u16) {
    let text = std::fs::read_to_string(lab.estate()).unwrap();
    let (from, to) = (format!("{kind}: {old},"), format!("{kind}: {new},"));
    assert!(text.contains(&from), "{from}");
    std::fs::write(lab.estate(), text.replacen(&from, &to, 1)).unwrap();
}

fn port(lab: &Lab, node: &str, kind: &str) -> u16 {
    lab.look("hq", node, |node| match kind {
        "rest" => node.ports.rest,
        "soap" => node.ports.soap,
        _ => node.ports.ssh,
    })
    .unwrap()
}

#[test]
fn a_node_that_is_away_is_named() {
    for kind in ["rest", "soap", "ssh"] {
        let lab = lab(|_| {});
        // Bound and dropped, so that nobody listens there.
        let nobody = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        reroute(&lab, kind, port(&lab, "cucm-sub1", kind), nobody);
        let watched = watch(command(lab.estate(), ["plan"]));
        bounded(kind, &watched);
        assert!(
            watched.ended.err.contains("cucm-sub1"),
            "{}",
            watched.ended.err
        );
        let status = reissue(&lab, ["status"]).expect(0);
        assert!(status.out.contains("cucm-pub"), "{}", status.out);
    }
}

#[test]
fn another_node_at_the_address_is_not_taken_for_the_right_one() {
    for kind in ["rest", "soap", "ssh"] {
        let lab = lab(|_| {});
        let (mine, other) = (port(&lab, "cucm-sub1", kind), port(&lab, "cucm-pub", kind));
        reroute(&lab, kind, other, 1);
        reroute(&lab, kind, mine, other);
        reroute(&lab, kind, 1, mine);
        let watched = watch(command(lab.estate(), ["plan"]));
        assert_eq!(watched.ended.code, 10, "{kind}: {}", watched.ended.err);
        bounded(kind, &watched);
        assert_eq!(writes(&lab), 0);
    }
}

/// A port that answers every connection with some bytes and then says no more, or closes.
fn stranger(bytes: &'static [u8], stays: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            // A client that has gone away already is fine.
            drop(stream.write_all(bytes));
            if stays {
                held.push(stream);
            }
        }
    });
    port
}

#[test]
fn strangers_on_the_port_are_cut_in_time() {
    let page = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<html>hello</html>";
    let banner = b"SSH-2.0-\x1b[31mred\x07\r\n";
    for (what, kind, bytes, stays) in [
        ("silence on REST", "rest", &b""[..], true),
        ("plain HTTP on REST", "rest", page, false),
        (
            "noise on SOAP",
            "soap",
            &[0x16, 3, 3, 0xff, 0xff, 0, 0, 0][..],
            true,
        ),
        ("silence on SSH", "ssh", b"", true),
        ("a page on SSH", "ssh", page, false),
        ("a coloured banner on SSH", "ssh", banner, true),
    ] {
        let lab = lab(|config| {
            config.timers.insert("connect".to_owned(), "1s".to_owned());
        });
        reroute(
            &lab,
            kind,
            port(&lab, "cucm-sub1", kind),
            stranger(bytes, stays),
        );
        let watched = watch(command(lab.estate(), ["plan"]));
        bounded(what, &watched);
        let text = &watched.ended.err;
        assert!(
            !text.contains('\u{1b}') && !text.contains('\u{7}'),
            "{what}: {text:?}"
        );
    }
}
