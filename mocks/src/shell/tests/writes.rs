use super::*;

#[tokio::test]
async fn a_restart_is_followed_until_the_service_is_started() {
    let world = world();
    let shown = answer(&world, "pub", "utils service restart Cisco Tftp").await;
    assert!(
        shown.starts_with(" Don't press Ctrl-c while the service is getting RESTARTED.If Service"),
        "{shown}"
    );
    assert!(
        shown.contains("Service Manager is running\r\nCisco Tftp[STOPPING]\r\n"),
        "{shown}"
    );
    assert!(shown.ends_with("Cisco Tftp[STARTED]\r\n"), "{shown}");
    assert_eq!(
        world.service_state(&place("pub"), "Cisco Tftp"),
        Some(ServiceState::Started)
    );
    let effects = of_kind(&world, Kind::Effect);
    let whats: Vec<&str> = effects.iter().map(|entry| entry.what.as_str()).collect();
    assert_eq!(
        whats,
        ["restart-begin", "served-leaf-changed", "restart-end"]
    );
}

#[tokio::test]
async fn some_nodes_return_while_the_service_is_still_starting() {
    let world = world();
    let (_, shown) = typed_at_once(
        &world,
        "sub1",
        24,
        "\rutils service restart Cisco Tomcat\rquit\r",
    )
    .await;
    assert!(
        shown.contains("Cisco Tomcat[STARTING]\r\nadmin:quit"),
        "{shown}"
    );
    assert!(!shown.contains("[STARTED]"), "{shown}");
}

#[tokio::test]
async fn a_service_without_a_role_is_not_restarted() {
    let world = world();
    let shown = answer(
        &world,
        "pub",
        "utils service restart Cisco Dialed Number Analyzer",
    )
    .await;
    assert_eq!(
        shown,
        "Cisco Dialed Number Analyzer[STOPPED]  Service Not Activated\r\n"
    );
    let shown = answer(&world, "pub", "utils service restart Cisco Nothing").await;
    assert_eq!(shown, "Invalid service name: Cisco Nothing\r\n");
    assert_eq!(of_kind(&world, Kind::Effect), []);
}

#[tokio::test]
async fn an_interrupted_restart_is_a_violation_and_goes_on() {
    let world = world();
    world.plant(Fault::new("restart Cisco Tftp", Mode::RestartStuck));
    let steps = [
        ("admin:", "utils service restart Cisco Tftp\r"),
        ("[STOPPING]", "\x03"),
        ("admin:", "quit\r"),
    ];
    let (ended, shown) = dialogue(&world, "pub", &steps).await;
    assert_eq!(ended, Ended::Quit);
    assert!(shown.contains("^C\r\nadmin:quit"), "{shown}");
    assert_eq!(
        world.service_state(&place("pub"), "Cisco Tftp"),
        Some(ServiceState::Stopping)
    );
    let violations = of_kind(&world, Kind::Violation);
    assert!(
        violations
            .iter()
            .any(|entry| entry.what == "interrupt-during-restart"),
        "{violations:?}"
    );
}

#[tokio::test]
async fn planted_faults_cut_before_or_after_the_act() {
    for (mode, acted) in [
        (Mode::SshCut, false),
        (Mode::DropBefore, false),
        (Mode::SshCutActed, true),
        (Mode::ActThenDrop, true),
    ] {
        let world = world();
        world.plant(Fault::new("ssh utils service restart", mode).at("pub"));
        let (ended, shown) = typed_at_once(
            &world,
            "pub",
            24,
            "utils service restart Cisco Tftp\rquit\r",
        )
        .await;
        assert_eq!(ended, Ended::Cut, "{mode:?}");
        assert!(!shown.contains("[STOPPING]"), "{mode:?}");
        let begun = of_kind(&world, Kind::Effect)
            .iter()
            .any(|entry| entry.what == "restart-begin");
        assert_eq!(begun, acted, "{mode:?}");
    }
}

#[tokio::test]
async fn planted_faults_lie_about_a_restart() {
    let (started, starting) = (ServiceState::Started, ServiceState::Starting);
    for (mode, says_started, begun, ends) in [
        (Mode::SuccessNotApplied, true, false, vec![started]),
        // The shell returns while it starts; a busy machine may look only when it has.
        (Mode::NeverStarted, false, true, vec![starting, started]),
        (Mode::NeverStarts, false, true, vec![starting]),
    ] {
        let world = world_at(0.01);
        world.plant(Fault::new("restart", mode));
        let shown = answer(&world, "pub", "utils service restart Cisco Tftp").await;
        assert_eq!(
            shown.contains("[STARTED]"),
            says_started,
            "{mode:?}: {shown}"
        );
        let effects = of_kind(&world, Kind::Effect);
        assert_eq!(
            effects.iter().any(|entry| entry.what == "restart-begin"),
            begun,
            "{mode:?}"
        );
        let state = world.service_state(&place("pub"), "Cisco Tftp").unwrap();
        assert!(ends.contains(&state), "{mode:?}: {state:?}");
    }
}

#[tokio::test]
async fn the_trust_list_is_updated_only_after_a_yes() {
    let world = world();
    for (reply, updated) in [("n", false), ("", false), ("y", true)] {
        let typed = format!("utils ctl update CTLFile\r{reply}\rquit\r");
        let (_, shown) = typed_at_once(&world, "pub", 24, &typed).await;
        assert!(shown.contains("Do you want to continue? (y/n):"), "{shown}");
        assert_eq!(shown.contains("CTL file Updated\r\n"), updated, "{reply:?}");
        assert_eq!(
            of_kind(&world, Kind::Effect)
                .iter()
                .any(|entry| entry.what == "ctl-updated"),
            updated
        );
    }
}

#[tokio::test]
async fn regenerating_replaces_the_certificate_and_is_a_violation() {
    for (command, unit) in [
        ("set cert regen tomcat-ECDSA", "tomcat-ECDSA"),
        ("set web-security unit org place state", "tomcat"),
    ] {
        let world = world();
        let stored = || {
            world
                .read(&place("pub"), |_, node, _| node.stored(unit))
                .flatten()
        };
        let before = stored();
        let shown = answer(&world, "pub", command).await;
        assert!(
            shown.contains(&format!("Successfully regenerated certificate for {unit}.")),
            "{shown}"
        );
        assert_ne!(stored(), before, "{command}");
        assert_eq!(
            of_kind(&world, Kind::Violation)
                .first()
                .map(|entry| entry.what.as_str()),
            Some("regenerate-used")
        );
    }
}

#[tokio::test]
async fn the_trust_list_is_made_of_what_is_stored_when_it_is_updated() {
    let world = world();
    world.change_cluster("hq", |cluster| {
        cluster.mixed_mode = true;
        cluster.lists.ctl = Some(cluster.make_ctl(1_795_000_000));
    });
    let before = answer(&world, "pub", "show ctl").await;
    world.change(&place("sub1"), |node| {
        node.identities.insert(
            "CallManager".into(),
            identity("another.example.com", "CallManager"),
        );
    });
    assert_eq!(answer(&world, "pub", "show ctl").await, before);
    let refused = answer(&world, "sub2", "utils ctl update CTLFile").await;
    assert!(
        refused.contains("publisher") && !refused.contains("y/n"),
        "{refused}"
    );
    let (_, shown) = typed_at_once(&world, "pub", 24, "utils ctl update CTLFile\ry\rquit\r").await;
    assert!(shown.contains("CTL file Updated"), "{shown}");
    let after = answer(&world, "pub", "show ctl").await;
    assert!(!before.contains("CN=another.example.com") && after.contains("CN=another.example.com"));
    let line = |text: &str, start: &str| {
        let found = text.lines().find(|line| line.contains(start));
        found.unwrap().to_owned()
    };
    for start in ["(MD5)", "(SHA1)", "The CTL File was last modified on"] {
        assert_ne!(line(&before, start), line(&after, start));
    }
}
