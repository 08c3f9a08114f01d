//! Text of the platform shell that is about the preconditions of a change: single sign-on, backups,
//! database replication.

use std::net::IpAddr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use super::DecodeError;
use crate::model::{BackupJob, Observed, Replication, SsoState};

/// SAML single sign-on: `utils sso status`. The command is documented, its text is not; only a line
/// `SSO Status: enabled` or `disabled` is understood.
///
/// # Errors
/// If there is no such line, or two that differ.
// claim: VOS-SSO-STATUS (assumed)
pub fn sso(output: &[u8]) -> Result<SsoState, DecodeError> {
    let text = super::text(output);
    let wrong = || {
        DecodeError::new(
            "utils sso status",
            "a line `SSO Status: enabled` or `SSO Status: disabled`",
            &text,
        )
    };
    let mut seen = None;
    for line in text.lines() {
        let line = line.to_ascii_lowercase();
        let Some((label, value)) = line.split_once(':') else {
            continue;
        };
        if !label.trim_end().ends_with("sso status") {
            continue;
        }
        let state = match value.trim().trim_end_matches('.') {
            "enabled" => SsoState::Enabled,
            "disabled" => SsoState::Disabled,
            _ => return Err(wrong()),
        };
        if seen.replace(state).is_some_and(|earlier| earlier != state) {
            return Err(wrong());
        }
    }
    seen.ok_or_else(wrong)
}

/// Which of the two jobs is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// `utils disaster_recovery status backup`.
    Backup,
    /// `utils disaster_recovery status restore`.
    Restore,
}

/// Whether a backup or restore runs: `utils disaster_recovery status …`.
///
/// A job that says both SUCCESS and 100 per cent is over (inferred); every other job that is described counts as
/// running. That an idle restore is worded like an idle backup is inferred, too.
///
/// # Errors
/// If the text is neither the idle message nor a job's description, as when the master agent is down.
// claim: VOS-BACKUP-STATUS
pub fn backup_job(job: Job, output: &[u8]) -> Result<BackupJob, DecodeError> {
    let (question, idle) = match job {
        Job::Backup => (
            "utils disaster_recovery status backup",
            "no backup status available",
        ),
        Job::Restore => (
            "utils disaster_recovery status restore",
            "no restore status available",
        ),
    };
    let text = super::text(output);
    let says = |label: &str| {
        text.lines()
            .find_map(|line| line.trim().strip_prefix(label))
            .map(str::trim)
    };
    if text.to_ascii_lowercase().contains(idle) {
        return Ok(BackupJob::Idle);
    }
    match (says("Status:"), says("Percentage Complete:")) {
        (Some(status), Some(percentage)) => {
            Ok(job_described(status, says("Operation:"), percentage))
        }
        _ => Err(DecodeError::new(
            question,
            format!("`{idle}`, or lines Status: and Percentage Complete:"),
            &text,
        )),
    }
}

fn job_described(status: &str, operation: Option<&str>, percentage: &str) -> BackupJob {
    let done = percentage.trim_end_matches('%').trim() == "100";
    if done && status.to_ascii_uppercase().starts_with("SUCCESS") {
        return BackupJob::Idle;
    }
    let operation = operation.unwrap_or("job");
    BackupJob::Running(format!("{operation}: {status}, {percentage} per cent"))
}

/// When the last successful backup ended: `utils disaster_recovery history backup`.
///
/// # Errors
/// If a row cannot be read, or there is neither a row nor the message that there is none. A time zone that
/// is known by an ambiguous abbreviation only cannot be read.
// claim: VOS-BACKUP-HISTORY
pub fn last_backup(output: &[u8]) -> Result<Observed<Timestamp>, DecodeError> {
    let text = super::text(output);
    let wrong = |found: &str| {
        DecodeError::new(
            "utils disaster_recovery history backup",
            "rows such as `2025-12-12-13-45-19.tar NETWORK Fri Dec 12 13:45:19 UTC 2025 SUCCESS …`",
            found,
        )
    };
    let mut rows = 0;
    let mut last = None;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if !words
            .first()
            .is_some_and(|file| file.to_ascii_lowercase().ends_with(".tar"))
        {
            continue;
        }
        rows += 1;
        let row = history_row(&words).ok_or_else(|| wrong(line))?;
        if row.succeeded {
            last = last.max(Some(row.ended));
        }
    }
    let none = text
        .to_ascii_lowercase()
        .contains("no history data is available");
    match (rows, last) {
        (0, _) if !none => Err(wrong(&text)),
        (_, None) => Ok(Observed::Absent),
        (_, Some(ended)) => Ok(Observed::Present(ended)),
    }
}

struct HistoryRow {
    ended: Timestamp,
    succeeded: bool,
}

/// `<file>.tar  NETWORK  Fri Dec 12 13:45:19 PST 2025  SUCCESS  …`; the device column may have several words.
fn history_row(words: &[&str]) -> Option<HistoryRow> {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let start = words.iter().position(|word| DAYS.contains(word))?;
    let [_day, month, day, time, zone, year, result, ..] = words.get(start..)? else {
        return None;
    };
    Some(HistoryRow {
        ended: moment(year, month, day, time, zone)?,
        succeeded: result.eq_ignore_ascii_case("SUCCESS"),
    })
}

fn moment(year: &str, month: &str, day: &str, time: &str, zone: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = i8::try_from(MONTHS.iter().position(|name| *name == month)? + 1).ok()?;
    let date = Date::new(year.parse().ok()?, month, day.parse().ok()?).ok()?;
    let time: Time = time.parse().ok()?;
    offset(zone)?
        .to_timestamp(DateTime::from_parts(date, time))
        .ok()
}

/// The zone of a row. Abbreviations that stand for two zones (IST, BST, …) are left out on purpose.
fn offset(zone: &str) -> Option<Offset> {
    let hours = match zone {
        "UTC" | "GMT" | "WET" => 0,
        "CET" | "WEST" => 1,
        "CEST" | "EET" => 2,
        "EEST" | "MSK" => 3,
        "JST" | "KST" => 9,
        "AEST" => 10,
        "AEDT" => 11,
        "NZST" => 12,
        "NZDT" => 13,
        "EDT" => -4,
        "EST" | "CDT" => -5,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        _ => return None,
    };
    Offset::from_hours(hours).ok()
}

/// One node's row of `utils dbreplication runtimestate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicationRow {
    /// The host name as printed.
    pub host: String,
    /// The address as printed.
    pub address: IpAddr,
    /// The state.
    pub replication: Replication,
}

/// Database replication: `utils dbreplication runtimestate` on the publisher.
///
/// # Errors
/// If there is no row, or a row without a state column.
// claim: VOS-REPLICATION, CUCM-REPLICATION-GOOD
pub fn replication(output: &[u8]) -> Result<Vec<ReplicationRow>, DecodeError> {
    let text = super::text(output);
    let wrong = |found: &str| {
        DecodeError::new(
            "utils dbreplication runtimestate",
            "rows such as `HOST ADDRESS 0.1 Y/Y/Y 0 (g_2) (2) Setup Completed`",
            found,
        )
    };
    let mut rows = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [host, address, columns @ ..] = words.as_slice() else {
            continue;
        };
        let Ok(address) = address.parse() else {
            continue;
        };
        rows.push(ReplicationRow {
            host: (*host).to_owned(),
            address,
            replication: state(columns).ok_or_else(|| wrong(line))?,
        });
    }
    if rows.is_empty() {
        return Err(wrong(&text));
    }
    Ok(rows)
}

/// The columns in parentheses are the group and the state, in this order; the state's words follow.
fn state(columns: &[&str]) -> Option<Replication> {
    let inside = |word: &&str| -> Option<String> {
        Some(word.strip_prefix('(')?.strip_suffix(')')?.to_owned())
    };
    let start = columns.iter().position(|word| inside(word).is_some())?;
    let [group, state, words @ ..] = columns.get(start..)? else {
        return None;
    };
    let (group, state) = (inside(group)?, inside(state)?);
    let known_group = group == "-" || group.starts_with("g_");
    if !known_group || words.is_empty() {
        return None;
    }
    let state = match state.as_str() {
        "-" => None,
        number => Some(number.parse().ok()?),
    };
    Some(Replication {
        state,
        words: words.join(" "),
    })
}

#[cfg(test)]
#[path = "platform_tests.rs"]
mod tests;
