use super::*;

#[test]
fn single_sign_on_is_read_from_its_line_only() {
    let cases = [
        ("SSO Status: enabled\nother: x", Some(SsoState::Enabled)),
        ("SAML SSO Status : Disabled\r\n", Some(SsoState::Disabled)),
        ("SSO Status: enabled\nSSO Status: disabled", None),
        ("SSO Status: partly", None),
        ("SSO is disabled", None),
        ("No valid command entered", None),
        ("", None),
    ];
    for (output, expected) in cases {
        assert_eq!(sso(output.as_bytes()).ok(), expected, "{output}");
    }
}

#[test]
fn a_backup_is_idle_running_or_unreadable() {
    let running = "drfCliMsg: Status\nStatus: ACTIVE\nTar Filename: 2025-12-12.tar\nStorage Location: NETWORK\nOperation: Backup\nPercentage Complete: 40\n";
    let finished = "Status: SUCCESS :Completed\nOperation: Backup\nPercentage Complete: 100\n";
    let failed = "Status: ERROR : no space\nOperation: Backup\nPercentage Complete: 100\n";
    let agent = "drfCliMsg: Local Agent cannot be reached. Master Agent may be down";
    let words = |text: &str| Some(BackupJob::Running(text.to_owned()));
    let cases = [
        (
            Job::Backup,
            "drfCliMsg: No backup status available\n",
            Some(BackupJob::Idle),
        ),
        (
            Job::Restore,
            "drfCliMsg: No restore status available\n",
            Some(BackupJob::Idle),
        ),
        (
            Job::Restore,
            "drfCliMsg: No backup status available\n",
            None,
        ),
        (Job::Backup, running, words("Backup: ACTIVE, 40 per cent")),
        (Job::Backup, finished, Some(BackupJob::Idle)),
        (
            Job::Backup,
            failed,
            words("Backup: ERROR : no space, 100 per cent"),
        ),
        (Job::Backup, agent, None),
        (Job::Backup, "Network request timed out", None),
        (Job::Backup, "", None),
    ];
    for (job, output, expected) in cases {
        assert_eq!(
            backup_job(job, output.as_bytes()).ok(),
            expected,
            "{output}"
        );
    }
}

fn row(day: &str, zone: &str, result: &str) -> String {
    format!(
        "2025.tar   NETWORK   Fri Dec {day} 13:45:19 {zone} 2025   {result}   MANUAL  15.0.1.12900-234 UCM  ---\n"
    )
}

#[test]
fn the_last_success_counts_whatever_the_order_of_the_rows() {
    let output =
        row("12", "PST", "SUCCESS") + &row("1", "UTC", "SUCCESS") + &row("13", "UTC", "ERROR");
    assert_eq!(
        last_backup(output.as_bytes()).unwrap(),
        Observed::Present("2025-12-12T21:45:19Z".parse().unwrap())
    );
}

#[test]
fn no_history_and_no_success_are_absent() {
    for output in [
        "drfCliMsg:  No history data is available\n".to_owned(),
        row("13", "UTC", "ERROR"),
    ] {
        assert_eq!(last_backup(output.as_bytes()).unwrap(), Observed::Absent);
    }
}

#[test]
fn a_history_that_cannot_be_read_is_an_error() {
    for output in [
        String::new(),
        "Master Agent is down".to_owned(),
        row("12", "IST", "SUCCESS"),
        row("32", "UTC", "SUCCESS"),
        "x.tar NETWORK yesterday SUCCESS\n".to_owned(),
    ] {
        let result = last_backup(output.as_bytes());
        assert!(result.is_err(), "{output}: {result:?}");
    }
}

#[test]
fn replication_rows_carry_number_and_words() {
    let output = "DB and Replication Services: ALL RUNNING\n\nSERVER-NAME  IP ADDRESS  (msec)  DbMon?  Queue  Group ID  (RTMT) & Details\n-----------\n\
        cucm-pub   10.0.1.11  0.018  Y/Y/Y  0  (g_2)  (2) Setup Completed\r\n\
        cucm-sub1  10.0.1.12  0.241  Y/Y/Y  0  (g_3)  (-) Setup Completed\n\
        cucm-sub2  10.0.1.13  0.241  Y/Y/Y  9  (-)  (4) Setup Failed\n";
    let rows = replication(output.as_bytes()).unwrap();
    let seen: Vec<_> = rows
        .iter()
        .map(|r| {
            (
                r.host.as_str(),
                r.replication.state,
                r.replication.is_good(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("cucm-pub", Some(2), true),
            ("cucm-sub1", None, true),
            ("cucm-sub2", Some(4), false)
        ]
    );
}

#[test]
fn replication_rows_without_a_state_are_refused() {
    for output in [
        "",
        "cucm-pub 10.0.1.11 0.018 Y/Y/Y 0 (g_2) Setup Completed",
        "cucm-pub 10.0.1.11 0.018 Y/Y/Y 0 (g_2) (two) Setup Completed",
        "cucm-pub 10.0.1.11 0.018 Y/Y/Y 0 (g_2) (2)",
        "cucm-pub 10.0.1.11 unreachable",
    ] {
        let result = replication(output.as_bytes());
        assert!(result.is_err(), "{output}: {result:?}");
    }
}
