//! The command line of a peer, tsh.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use super::cluster::{Deployment, ExpresswayCluster};
use super::{settings, status};
use crate::fault::Mode;
use crate::log::{Channel, Kind};
use crate::shell::terminal::{Terminal, Typed};
use crate::shell::{Ended, Seat};

/// Runs a session until the user leaves or a fault cuts it; without a terminal it ends after the greeting.
///
/// claim: EXPRESSWAY-CLI-PTY
pub(crate) async fn interact<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    with_terminal: bool,
    seat: &Seat,
) -> Ended {
    let mut terminal = Terminal::new(stream, 0);
    // A client that has gone away is an ordinary end.
    run(&mut terminal, with_terminal, seat)
        .await
        .unwrap_or(Ended::Quit)
}

/// claim: EXPRESSWAY-CLI-GREETING
async fn run<S: AsyncRead + AsyncWrite + Unpin>(
    terminal: &mut Terminal<S>,
    with_terminal: bool,
    seat: &Seat,
) -> io::Result<Ended> {
    let release = seat
        .world
        .read_peer(&seat.place, |cluster, _, _| cluster.release.clone());
    let greeting = format!(
        "\nWelcome to\nTANDBERG Video Communication Server {}\n\nOK\n\n",
        release.unwrap_or_default()
    );
    terminal.write(&greeting).await?;
    if !with_terminal {
        return Ok(Ended::Quit);
    }
    loop {
        let line = match terminal.read_line().await? {
            Typed::Line(line) => line,
            Typed::Interrupt => continue,
            Typed::End => return Ok(Ended::Quit),
        };
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            [word]
                if ["exit", "bye", "quit"]
                    .iter()
                    .any(|leave| leave.eq_ignore_ascii_case(word)) =>
            {
                return Ok(Ended::Quit);
            }
            words => {
                if obey(terminal, &words.join(" "), seat).await? {
                    return Ok(Ended::Cut);
                }
            }
        }
    }
}

/// Carries one command out; answers whether a fault cuts the connection.
async fn obey<S: AsyncRead + AsyncWrite + Unpin>(
    terminal: &mut Terminal<S>,
    line: &str,
    seat: &Seat,
) -> io::Result<bool> {
    let command = Command::parse(line);
    let kind = match command {
        Command::Set { .. } => Kind::Write,
        _ => Kind::Read,
    };
    let (world, place) = (&seat.world, &seat.place);
    let request = world.begin(place, Channel::Ssh, kind, line, "");
    if request
        .fault
        .is_some_and(|mode| !mode.acts() && mode != Mode::SuccessNotApplied)
    {
        return Ok(true);
    }
    let text = carry_out(seat, &command, request.acts());
    if request.acts() {
        world.acted(&request);
    }
    match request.fault {
        Some(Mode::ActThenDrop | Mode::SshCutActed) => return Ok(true),
        Some(Mode::Truncated) => {
            let half: String = text.chars().take(text.chars().count() / 2).collect();
            terminal.write(&half).await?;
            return Ok(true);
        }
        _ => terminal.write(&text).await?,
    }
    Ok(false)
}

enum Command<'a> {
    Status(&'a str),
    List(&'a str),
    Set { path: &'a str, value: &'a str },
    Unknown,
}

impl<'a> Command<'a> {
    /// claim: EXPRESSWAY-CLI-CASE
    fn parse(line: &'a str) -> Self {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        if verb.eq_ignore_ascii_case("xStatus") {
            return Self::Status(rest.trim());
        }
        if !verb.eq_ignore_ascii_case("xConfiguration") {
            return Self::Unknown;
        }
        match rest.split_once(": ") {
            Some((path, value)) => Self::Set {
                path: path.trim(),
                value: value.trim().trim_matches('"'),
            },
            None => Self::List(rest.trim()),
        }
    }
}

const UNKNOWN: &str = "\nCommand not recognized.\n\nERROR\n\n";

/// claim: EXPRESSWAY-CLI-CONFIGURATION, EXPRESSWAY-CLI-STATUS, EXPRESSWAY-CLI-ERROR
fn carry_out(seat: &Seat, command: &Command<'_>, acts: bool) -> String {
    let place = &seat.place;
    seat.world
        .scene(|scene| {
            let deployment = scene.expressways.as_mut()?;
            match command {
                Command::Unknown => None,
                Command::Status(wanted) => {
                    let (cluster, peer) = deployment.at(place)?;
                    let all = status::of(deployment, cluster, peer, scene.clusters, scene.now);
                    let chosen = all.iter().filter(|one| wanted.is_empty() || one.is(wanted));
                    let listed: Vec<String> = chosen.map(status::Element::listing).collect();
                    (!listed.is_empty()).then(|| format!("{}OK\n\n", listed.concat()))
                }
                Command::List(wanted) => {
                    let (cluster, _) = deployment.at(place)?;
                    list(deployment, cluster, wanted)
                }
                Command::Set { path, value } => {
                    let cluster = deployment.cluster_mut(&place.cluster)?;
                    let known = set(cluster, path, value, acts)?;
                    let detail = format!("{known}: {value}");
                    if acts {
                        let (channel, kind) = (Channel::Ssh, Kind::Effect);
                        scene.note(place, channel, kind, "setting-changed", &detail);
                    }
                    Some(format!("{}\nOK\n\n", line(&known, value)))
                }
            }
        })
        .unwrap_or_else(|| UNKNOWN.to_owned())
}

fn line(path: &str, value: &str) -> String {
    if value.is_empty() {
        format!("*c xConfiguration {path}:\n")
    } else {
        format!("*c xConfiguration {path}: \"{value}\"\n")
    }
}

/// Every setting below a path.
fn list(deployment: &Deployment, cluster: &ExpresswayCluster, wanted: &str) -> Option<String> {
    let below = wanted.to_ascii_lowercase();
    let all = settings::listing(deployment, cluster.side);
    let listed = all.iter().filter(|(path, _)| {
        let rest = path.to_ascii_lowercase();
        let rest = rest.strip_prefix(&below);
        rest.is_some_and(|rest| below.is_empty() || rest.is_empty() || rest.starts_with(' '))
    });
    let lines: Vec<String> = listed.map(|(path, value)| line(path, value)).collect();
    (!lines.is_empty()).then(|| format!("{}\nOK\n\n", lines.concat()))
}

/// Changes a setting that is there, and answers its path as the device spells it. Zones are not changed here.
fn set(cluster: &mut ExpresswayCluster, path: &str, value: &str, acts: bool) -> Option<String> {
    let mut settings = cluster.settings.iter_mut();
    let (known, held) = settings.find(|(known, _)| known.eq_ignore_ascii_case(path))?;
    let switch = ["On", "Off"];
    let fits = !switch.contains(&held.as_str()) || switch.contains(&value);
    if fits && acts {
        value.clone_into(held);
    }
    fits.then(|| known.clone())
}
