//! How long to wait for what.

use std::time::Duration;

use super::check::Check;
use super::raw::RawTimers;

/// Every wait. Facts behind the defaults: cucm-rest-and-cli §4.1 (the shell takes up to a minute and more),
/// §4.3 and U14 (Tomcat takes up to ten minutes); the others are our choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until a request is answered.
    pub request: Duration,
    /// Until the platform shell shows its prompt.
    pub shell_start: Duration,
    /// Until Cisco Tomcat is back.
    pub tomcat_restart: Duration,
    /// Until any other service is back.
    pub service_restart: Duration,
    /// Until a port serves the new certificate once its service is back.
    pub served: Duration,
    /// Until an upload has reached the other nodes.
    pub replication: Duration,
    /// Until the issuer has signed, before the run stops at the gate and is resumed when the files are there.
    pub issue: Duration,
    /// How long a node that did not answer a change is watched for a trace of it before it is believed that it
    /// did not act.
    pub settle: Duration,
    /// Until as many phones are registered as before.
    pub phones_back: Duration,
    /// Between two looks at something that is waited for; never zero.
    pub poll: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            request: Duration::from_mins(1),
            shell_start: Duration::from_mins(2),
            tomcat_restart: Duration::from_mins(20),
            service_restart: Duration::from_mins(10),
            served: Duration::from_mins(5),
            replication: Duration::from_mins(5),
            issue: Duration::ZERO,
            settle: Duration::from_mins(2),
            phones_back: Duration::from_mins(45),
            poll: Duration::from_secs(5),
        }
    }
}

impl Timers {
    pub(super) fn check(raw: &RawTimers, check: &mut Check<'_>) -> Self {
        let mut timers = Self::default();
        let fields = [
            (&raw.connect, &mut timers.connect),
            (&raw.request, &mut timers.request),
            (&raw.shell_start, &mut timers.shell_start),
            (&raw.tomcat_restart, &mut timers.tomcat_restart),
            (&raw.service_restart, &mut timers.service_restart),
            (&raw.served, &mut timers.served),
            (&raw.replication, &mut timers.replication),
            (&raw.settle, &mut timers.settle),
            (&raw.phones_back, &mut timers.phones_back),
            (&raw.poll, &mut timers.poll),
        ];
        for (written, timer) in fields {
            if let Some(text) = written
                && let Some(duration) = check.duration(text)
            {
                *timer = duration;
            }
        }
        if let Some(text) = &raw.issue {
            timers.issue = check.duration_or_zero(text).unwrap_or_default();
        }
        timers
    }
}
