//! What a node says instead of an answer.

use std::fmt;

use super::Element;
use crate::secrets::Redactor;
use crate::transport::text::excerpt;

/// What a node says instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Fault {
    /// `faultcode` without its prefix, such as `Server.RateControl`.
    pub code: String,
    /// `faultstring`, on one line.
    pub text: String,
    /// `axlcode` and `axlmessage`, if it is an AXL fault.
    pub axl: Option<(String, String)>,
}

impl Fault {
    /// Whether the node only asks for fewer questions a minute. Source: cucm-soap §4, §5.
    pub fn is_rate_limit(&self) -> bool {
        self.code.contains("RateControl")
            || self
                .text
                .to_ascii_lowercase()
                .contains("exceeded allowed rate")
    }

    /// Fewer than how many rows the node would answer at once, if it says that a query's answer is too large.
    /// Source: cucm-soap §2.1, which has two spellings.
    pub fn rows_allowed(&self) -> Option<usize> {
        let message = self.axl.iter().map(|(_, message)| message.as_str());
        let mut texts = std::iter::once(self.text.as_str()).chain(message);
        let said = texts.find_map(|text| {
            let text = text.to_ascii_lowercase();
            let (_, matched) = text.split_once("too large")?;
            let (_, fetch) = matched.split_once("row fetch")?;
            Some(fetch.to_owned())
        })?;
        let digits: String = said
            .chars()
            .skip_while(|letter| !letter.is_ascii_digit())
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse().ok()
    }

    pub(super) fn read(body: &Element, redactor: &Redactor) -> Option<Self> {
        let fault = body.child("Fault")?;
        let shown = |element: &Element, name| {
            let text = redactor.clean(element.text_of(name).unwrap_or_default());
            excerpt(text.as_bytes(), 400)
        };
        let text = |name| shown(fault, name);
        let code = text("faultcode");
        let axl = fault.at(&["detail", "axlError"]).map(|error| {
            let part = |name| shown(error, name);
            (part("axlcode"), part("axlmessage"))
        });
        Some(Self {
            code: code.rsplit(':').next().unwrap_or(&code).to_owned(),
            text: text("faultstring"),
            axl,
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.text)?;
        if let Some((code, message)) = &self.axl {
            write!(formatter, " (AXL {code}: {message})")?;
        }
        if self.is_rate_limit() {
            formatter.write_str(
                ". The node was asked too often in this minute; wait half a minute and ask again",
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_too_large_says_how_many_rows_would_do() {
        let fault = |text: &str, axl: Option<&str>| Fault {
            text: text.to_owned(),
            axl: axl.map(|message| ("-1".to_owned(), message.to_owned())),
            ..Fault::default()
        };
        let whole = "Query request too large. Total rows matched: 9000 rows. Suggestive Row Fetch: less than 4321 rows";
        let other = "query request TOO LARGE. Total rows matched: 9 rows. Suggested row fetch: less than 7 rows";
        assert_eq!(fault(whole, None).rows_allowed(), Some(4321));
        assert_eq!(fault("Error", Some(other)).rows_allowed(), Some(7));
        assert_eq!(fault("Row fetch: 5", None).rows_allowed(), None);
        assert_eq!(fault("", None).rows_allowed(), None);
    }
}
