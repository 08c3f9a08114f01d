//! A node's answer over HTTP.

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The media type as sent; empty if none.
    pub content_type: String,
    /// The header `Date` as sent.
    pub date: Option<String>,
    /// The body, never more than [`super::Limits::body`] bytes.
    pub body: Vec<u8>,
}

impl Reply {
    /// Whether the body is a web page, by its media type or by how it begins. XML of type `text/xml` is not.
    pub(crate) fn is_page(&self) -> bool {
        self.content_type.to_ascii_lowercase().contains("html") || self.begins_as_page()
    }

    /// Whether the body begins as a web page does, whatever its media type.
    pub(crate) fn begins_as_page(&self) -> bool {
        let head = self.body.get(..512).unwrap_or(&self.body);
        let head = String::from_utf8_lossy(head)
            .trim_start_matches('\u{feff}')
            .to_ascii_lowercase();
        let head = head.trim_start();
        head.starts_with("<html") || head.starts_with("<!doctype html")
    }
}
