use super::*;

#[tokio::test]
async fn greets_and_prompts() {
    let (ended, shown) = typed_at_once(&world(), "pub", 24, "quit\r").await;
    assert_eq!(ended, Ended::Quit);
    assert!(
        shown.starts_with("Command Line Interface is starting up, please wait...\r\n"),
        "{shown:?}"
    );
    assert!(shown.ends_with("\r\n\r\nadmin:quit\r\n"), "{shown:?}");
}

#[tokio::test]
async fn a_slow_node_prompts_after_a_newline_only() {
    let (_, shown) = dialogue(
        &world(),
        "sub1",
        &[("RAM\r\n\r\n", "\r"), ("admin:", "quit\r")],
    )
    .await;
    assert!(
        shown.ends_with("RAM\r\n\r\n\r\nadmin:quit\r\n"),
        "{shown:?}"
    );
}

#[tokio::test]
async fn a_doubled_prompt_has_a_lone_return_and_an_escape_sequence() {
    let (_, shown) = typed_at_once(&world(), "sub2", 24, "quit\r").await;
    assert!(
        shown.ends_with("\x1b[0madmin:\r\n\radmin:quit\r\n"),
        "{shown:?}"
    );
}

#[tokio::test]
async fn long_output_stops_at_the_pager_until_it_is_turned_off() {
    let typed = "utils service list\rqset cli pagination off\rutils service list\rquit\r";
    let (_, shown) = typed_at_once(&world(), "pub", 10, typed).await;
    assert_eq!(shown.matches(PAGER).count(), 1);
    assert!(shown.contains("Automatic pagination is turned off\r\n"));
    assert_eq!(
        shown.matches("System Application Agent[STARTED]").count(),
        1
    );
}

#[tokio::test]
async fn a_truncated_answer_ends_in_a_cut() {
    let world = world();
    world.plant(Fault::new("show version", Mode::Truncated));
    let (ended, shown) = typed_at_once(&world, "pub", 24, "show version active\rquit\r").await;
    assert_eq!(ended, Ended::Cut);
    assert!(
        shown.contains("Active Master") && !shown.contains("No Installed"),
        "{shown}"
    );
}

#[tokio::test]
async fn every_command_is_logged_and_no_password() {
    let world = world();
    let typed =
        format!("show status\rlogin {PASSWORD}\r utils  service restart Cisco Tftp\rquit\r");
    typed_at_once(&world, "pub", 24, &typed).await;
    let logged: Vec<(Kind, String)> = world
        .entries()
        .into_iter()
        .filter(|entry| matches!(entry.kind, Kind::Read | Kind::Write))
        .map(|entry| (entry.kind, entry.what))
        .collect();
    assert_eq!(
        logged,
        [
            (Kind::Read, "show status".to_owned()),
            (Kind::Read, "(a line with a password)".to_owned()),
            (Kind::Write, "utils service restart Cisco Tftp".to_owned()),
        ]
    );
}
