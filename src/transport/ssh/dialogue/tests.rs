use super::*;

const LIMIT: usize = 1 << 20;

fn after(line: &str, reply: &[u8]) -> Dialogue {
    let mut dialogue = Dialogue::command(Dialect::Platform, line, "admin:", LIMIT);
    // In the smallest pieces: nothing may depend on how packets are cut.
    for byte in reply {
        assert!(dialogue.feed(&[*byte]));
    }
    dialogue
}

#[test]
fn the_greeting_ends_at_the_prompt_and_nowhere_before() {
    let banner = b"Command Line Interface is starting up, please wait...\r\n\r\n   Welcome to the Platform Command Line \
        Interface\r\n\r\nVMware Installation:\r\n\t2 vCPU: Intel\r\n\r\n\x1b[?1034hadmin:\r\n\radmin:";
    let mut dialogue = Dialogue::greeting(Dialect::Platform, LIMIT);
    let mut prompts = 0;
    for byte in banner {
        dialogue.feed(&[*byte]);
        prompts += usize::from(dialogue.sight() == Sight::Prompt);
    }
    assert_eq!(
        prompts, 3,
        "the prompt, the carriage return after it, and its double"
    );
    assert_eq!(dialogue.prompt(), "admin:");
    assert!(dialogue.is_welcomed());
}

#[test]
fn a_counted_prompt_is_known_again() {
    let mut greeting = Dialogue::greeting(Dialect::Platform, LIMIT);
    greeting.feed(b"9admin:");
    assert_eq!(greeting.sight(), Sight::Prompt);
    let mut next = Dialogue::command(Dialect::Platform, "show status", &greeting.prompt(), LIMIT);
    next.feed(b"show status\r\nfine\r\n10admin:");
    assert_eq!(
        (next.sight(), next.output().as_str()),
        (Sight::Prompt, "fine")
    );
}

#[test]
fn output_is_without_echo_escapes_and_prompt() {
    let rows: [(&str, &[u8], &str); 6] = [
        (
            "show status",
            b"show status\r\nHost Name : a\r\n\r\nadmin:",
            "Host Name : a",
        ),
        // Left over from the command before: its late second prompt.
        (
            "show status",
            b"\r\n\radmin:show status\r\none\r\ntwo\r\nadmin:",
            "one\ntwo",
        ),
        (
            "show status",
            b"sho\x08\x08how stat\x1b[0mus\r\n\x1b[31mred\x1b[0m\r\nadmin:",
            "red",
        ),
        // Wrapped by the terminal.
        ("show status", b"show st\r\natus\r\nx\r\nadmin:", "x"),
        ("show status", b"show status\r\nadmin:", ""),
        (
            "show status",
            b"show status\r\nx\r\n\x1b[0madmin:\r\n\radmin:",
            "x",
        ),
    ];
    for (line, reply, expected) in rows {
        let dialogue = after(line, reply);
        assert_eq!(dialogue.sight(), Sight::Prompt, "{expected}");
        assert_eq!(dialogue.output(), expected);
    }
}

#[test]
fn a_prompt_before_the_echo_ends_nothing() {
    let dialogue = after("show status", b"admin:");
    assert_eq!(dialogue.sight(), Sight::Running);
    // Nor does the echo itself, while it is being typed behind the prompt.
    let dialogue = after("show status", b"admin:show status");
    assert_eq!(dialogue.sight(), Sight::Running);
}

#[test]
fn pages_are_turned_and_leave_no_trace() {
    for pager in PAGERS {
        let mut dialogue = after("show status", b"show status\r\none\r\n");
        dialogue.feed(pager.as_bytes());
        assert_eq!(dialogue.sight(), Sight::Pager, "{pager}");
        dialogue.turn_page();
        dialogue.feed(b"\r               \r\x1b[Ktwo\r\nadmin:");
        assert_eq!(
            (dialogue.sight(), dialogue.output().as_str()),
            (Sight::Prompt, "one\ntwo")
        );
    }
}

#[test]
fn questions_are_seen_in_all_known_words() {
    for question in [
        "Include OU in CSR (yes|no)?",
        "Proceed (yes/no)",
        "Do you want to continue? (y/n): ",
        "Would you like to proceed [y/n]? ",
        "Are you sure (Yes / No)",
        "Enter \"y\" followed by return to continue:",
        "New Password:",
    ] {
        let dialogue = after("x", format!("x\r\n{question}").as_bytes());
        assert_eq!(dialogue.sight(), Sight::Question, "{question}");
        assert_eq!(dialogue.last_line(), question.trim());
    }
    assert_eq!(after("x", b"x\r\nWhich one:").sight(), Sight::Doubtful);
    assert_eq!(
        after("x", b"x\r\nDisk/active 5K free").sight(),
        Sight::Running
    );
}

#[test]
fn progress_comes_line_by_line_and_once() {
    let mut dialogue = Dialogue::command(
        Dialect::Platform,
        "utils service restart Cisco Tomcat",
        "admin:",
        LIMIT,
    );
    dialogue.feed(
        b"utils service restart Cisco Tomcat\r\nService Manager is running\r\nCisco Tomcat[STOP",
    );
    assert_eq!(dialogue.new_lines(), ["Service Manager is running"]);
    dialogue.feed(b"PING]\r\n\r\nCisco Tomcat[STARTING]\r\nadmin:\r\n\radmin:");
    assert_eq!(
        dialogue.new_lines(),
        ["Cisco Tomcat[STOPPING]", "Cisco Tomcat[STARTING]"]
    );
    assert!(dialogue.new_lines().is_empty());
    assert_eq!(dialogue.sight(), Sight::Prompt);
}

#[test]
fn a_flood_is_cut() {
    let mut dialogue = Dialogue::command(Dialect::Platform, "x", "admin:", 100);
    assert!(dialogue.feed(b"x\r\n"));
    assert!(!dialogue.feed(&[b'y'; 1000]));
    assert!(dialogue.output().len() <= 101);
}

#[test]
fn an_answer_of_expressway_ends_with_a_line_of_one_word() {
    let greeting = b"\r\nWelcome to\r\nTANDBERG Video Communication Server X15.5\r\n\r\nOK\r\n\r\n";
    let mut dialogue = Dialogue::greeting(Dialect::Expressway, LIMIT);
    let mut seen = Vec::new();
    for byte in greeting {
        dialogue.feed(&[*byte]);
        seen.push(dialogue.sight());
    }
    let ended = seen.iter().position(|sight| *sight == Sight::Prompt);
    assert_eq!(ended, Some(greeting.len() - 3), "at the end of its line");
    for (reply, output) in [
        (
            &b"xConfiguration Ciphers\r\n*c xConfiguration Ciphers SIPTLSCiphers Value: \"OK\"\r\n\r\nOK\r\n\r\n"[..],
            "*c xConfiguration Ciphers SIPTLSCiphers Value: \"OK\"",
        ),
        (
            &b"xConfiguration Ciphers\r\n\r\nCommand not recognized.\r\n\r\nERROR\r\n\r\n"[..],
            "Command not recognized.\n\nERROR",
        ),
    ] {
        let line = "xConfiguration Ciphers";
        let mut dialogue = Dialogue::command(Dialect::Expressway, line, "", LIMIT);
        dialogue.feed(reply.split_last().unwrap().1.strip_suffix(b"\r\n\r").unwrap());
        assert_eq!(dialogue.sight(), Sight::Running, "the last line may go on");
        dialogue.feed(b"\r\n");
        assert_eq!(dialogue.sight(), Sight::Prompt);
        assert_eq!(dialogue.output(), output);
    }
}
