use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

fn account() -> AccountName {
    AccountName::new("hq-platform")
}

fn file(folder: &Path, text: &[u8], mode: u32) -> PathBuf {
    let path = folder.join("password");
    let mut file = File::create(&path).unwrap();
    file.write_all(text).unwrap();
    file.set_permissions(std::fs::Permissions::from_mode(mode))
        .unwrap();
    path
}

#[test]
fn reads_the_first_line_of_a_private_file() {
    let folder = tempfile::tempdir().unwrap();
    for text in ["Night 7", "Night 7\n", "Night 7\r\nsecond line"] {
        let source = PasswordSource::File(file(folder.path(), text.as_bytes(), 0o600));
        assert_eq!(source.read(&account()).unwrap().expose(), "Night 7");
    }
}

#[test]
fn refuses_files_that_others_can_reach() {
    let folder = tempfile::tempdir().unwrap();
    for mode in [0o640, 0o604, 0o620, 0o602, 0o666] {
        let error = PasswordSource::File(file(folder.path(), b"x", mode))
            .read(&account())
            .unwrap_err();
        assert!(
            error.to_string().contains(&format!("{mode:04o}")),
            "{error}"
        );
    }
    let private = file(folder.path(), b"x", 0o600);
    let link = folder.path().join("link");
    symlink(private, &link).unwrap();
    for path in [link, folder.path().to_owned()] {
        let error = PasswordSource::File(path).read(&account()).unwrap_err();
        assert!(matches!(error, SecretError::FileUnsafe { .. }), "{error}");
    }
}

#[test]
fn refuses_what_cannot_be_a_password() {
    let folder = tempfile::tempdir().unwrap();
    let long = vec![b'x'; 5000];
    for bytes in [
        b"".as_slice(),
        b"\nsecond",
        b"\xff\xfe",
        b"a\x1b[2Jb",
        &long,
    ] {
        let error = PasswordSource::File(file(folder.path(), bytes, 0o600))
            .read(&account())
            .unwrap_err();
        assert!(matches!(error, SecretError::Unusable { .. }), "{error}");
    }
}

#[test]
fn a_program_gives_its_first_line() {
    let words = |text: &[&str]| text.iter().map(ToString::to_string).collect::<Vec<_>>();
    let good = PasswordSource::Command(words(&["printf", "Night 7\\nmore\\n"]));
    assert_eq!(good.read(&account()).unwrap().expose(), "Night 7");
    for bad in [
        words(&[]),
        words(&["/nonexistent/program"]),
        words(&["false"]),
    ] {
        let error = PasswordSource::Command(bad).read(&account()).unwrap_err();
        assert!(matches!(error, SecretError::Command { .. }), "{error}");
    }
    // No shell: a metacharacter is an argument like any other.
    let plain = PasswordSource::Command(words(&["echo", "$HOME; true"]));
    assert_eq!(plain.read(&account()).unwrap().expose(), "$HOME; true");
}

#[test]
fn a_program_that_hangs_is_stopped() {
    let words = ["sleep".to_owned(), "600".to_owned()];
    let error = run_command(&account(), &words, Duration::from_millis(50)).unwrap_err();
    assert!(matches!(error, SecretError::CommandSlow { .. }), "{error}");
}

#[test]
fn errors_and_debug_never_show_the_secret() {
    let source = PasswordSource::Given(Secret::new("Night 7".into()));
    assert_eq!(format!("{source:?}"), "Given([secret])");
}
