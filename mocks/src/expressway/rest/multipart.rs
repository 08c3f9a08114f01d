//! Parts of a form.

/// The content of the part of that name.
///
/// claim: EXPRESSWAY-CERT-SERVER
pub(super) fn part(content_type: &str, body: &str, name: &str) -> Option<String> {
    let boundary = content_type
        .strip_prefix("multipart/form-data")?
        .split(';')
        .find_map(|parameter| parameter.trim().strip_prefix("boundary="))?
        .trim_matches('"');
    let wanted = format!("name=\"{name}\"");
    let mark = format!("--{boundary}");
    let mut parts = body.split(mark.as_str()).skip(1);
    parts.find_map(|part| {
        let (head, content) = part.split_once("\r\n\r\n")?;
        let named = head
            .split([';', '\r', '\n'])
            .any(|word| word.trim() == wanted);
        named.then(|| content.strip_suffix("\r\n").unwrap_or(content).to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_part_by_its_name() {
        let body = "--x\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nno\r\n\
                    --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pem\"\r\n\r\nyes\n\r\n--x--\r\n";
        let form = "multipart/form-data; boundary=x";
        assert_eq!(part(form, body, "file").as_deref(), Some("yes\n"));
        assert_eq!(part(form, body, "fil"), None);
        assert_eq!(part("application/json", body, "file"), None);
        assert_eq!(part("multipart/form-data", body, "file"), None);
    }
}
