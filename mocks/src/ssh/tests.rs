use russh::ChannelMsg;
use russh::client::{self, KeyboardInteractiveAuthResponse as Reply};
use russh::keys::PublicKeyOrCertificate;

use super::*;
use crate::fault::{Fault, Mode};
use crate::shell::tests::{PASSWORD, place, world};
use crate::world::Kind;

/// A client that accepts one host key only.
struct Visitor {
    pin: String,
}

impl client::Handler for Visitor {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        key: &PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else {
            return Ok(false);
        };
        Ok(hex::encode(Sha256::digest(key.public_key_bytes())) == self.pin)
    }
}

async fn visit(world: &Arc<World>, node: &str) -> client::Handle<Visitor> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let pin = world
        .read(&place(node), |_, node, _| host_key_sha256(&node.host_key))
        .unwrap();
    tokio::spawn(serve(listener, Arc::clone(world), place(node)));
    client::connect(Arc::default(), address, Visitor { pin })
        .await
        .unwrap()
}

async fn answers_the_prompt(handle: &mut client::Handle<Visitor>, password: &str) -> bool {
    let asked = handle
        .authenticate_keyboard_interactive_start("operator", None)
        .await
        .unwrap();
    assert!(
        matches!(&asked, Reply::InfoRequest { prompts, .. } if prompts.len() == 1),
        "{asked:?}"
    );
    let answered = handle
        .authenticate_keyboard_interactive_respond(vec![password.into()])
        .await
        .unwrap();
    matches!(answered, Reply::Success)
}

/// Everything shown until the channel or the connection ends, and the exit status if there was one.
async fn read_to_end(channel: &mut Channel<client::Msg>) -> (String, Option<u32>) {
    let (mut shown, mut status) = (Vec::new(), None);
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::Data { data } => shown.extend_from_slice(&data),
            ChannelMsg::ExitStatus { exit_status } => status = Some(exit_status),
            _ => {}
        }
    }
    (String::from_utf8(shown).unwrap(), status)
}

async fn logged_in(world: &Arc<World>, node: &str) -> client::Handle<Visitor> {
    let mut handle = visit(world, node).await;
    assert!(answers_the_prompt(&mut handle, PASSWORD).await);
    handle
}

async fn shell(handle: &client::Handle<Visitor>, rows: u32, typed: &str) -> (String, Option<u32>) {
    let mut channel = handle.channel_open_session().await.unwrap();
    channel
        .request_pty(true, "vt100", 200, rows, 0, 0, &[])
        .await
        .unwrap();
    channel.request_shell(true).await.unwrap();
    channel.data_bytes(typed.as_bytes().to_vec()).await.unwrap();
    read_to_end(&mut channel).await
}

#[tokio::test]
async fn a_terminal_gets_a_shell_of_its_own_height() {
    let world = world();
    let handle = logged_in(&world, "pub").await;
    let (shown, status) = shell(&handle, 10, "utils service list\rqquit\r").await;
    assert_eq!(shown.matches("Press <enter>").count(), 1, "{shown}");
    assert!(shown.ends_with("admin:quit\r\n"), "{shown}");
    assert_eq!(status, Some(0));
    let (tall, _) = shell(&handle, 1000, "utils service list\rquit\r").await;
    assert!(
        tall.contains("System Application Agent[STARTED]") && !tall.contains("Press"),
        "{tall}"
    );
}

#[tokio::test]
async fn a_command_without_a_terminal_gets_the_banner_only() {
    let world = world();
    let handle = logged_in(&world, "pub").await;
    let mut channel = handle.channel_open_session().await.unwrap();
    channel
        .exec(true, "utils service restart Cisco Tomcat")
        .await
        .unwrap();
    let (shown, _) = read_to_end(&mut channel).await;
    assert!(
        shown.contains("Welcome") && !shown.contains("admin:"),
        "{shown}"
    );
    assert_eq!(world.requests(), 0);
}

#[tokio::test]
async fn plain_passwords_are_taken_where_the_node_takes_them() {
    let world = world();
    for (node, taken) in [("pub", true), ("sub2", false)] {
        let mut handle = visit(&world, node).await;
        let answer = handle
            .authenticate_password("operator", PASSWORD)
            .await
            .unwrap();
        assert_eq!(answer.success(), taken, "{node}");
    }
}

#[tokio::test]
async fn three_wrong_passwords_lock_the_account_on_that_node() {
    let world = world();
    let mut handle = visit(&world, "pub").await;
    for _ in 0..3 {
        assert!(!answers_the_prompt(&mut handle, "wrong").await);
    }
    assert!(
        !answers_the_prompt(&mut handle, PASSWORD).await,
        "the account is not locked"
    );
    logged_in(&world, "sub2").await;
    let logins: Vec<String> = world
        .entries()
        .into_iter()
        .filter(|entry| entry.kind == Kind::Login)
        .map(|entry| entry.what)
        .collect();
    assert_eq!(
        logins,
        [
            "failed",
            "failed",
            "failed",
            "refused, the account is locked",
            "ok"
        ]
    );
}

#[tokio::test]
async fn a_cut_ends_the_connection_without_a_word() {
    let world = world();
    world.plant(Fault::new("utils service restart", Mode::SshCutActed));
    let handle = logged_in(&world, "pub").await;
    let (shown, status) = shell(&handle, 24, "utils service restart Cisco Tftp\r").await;
    assert!(!shown.contains("[STOPPING]"), "{shown}");
    assert_eq!(status, None);
    assert!(
        handle.channel_open_session().await.is_err(),
        "the connection still stands"
    );
    assert!(
        world
            .entries()
            .iter()
            .any(|entry| entry.what == "restart-begin")
    );
}
