//! A small XML tree, read with a hard limit on everything and by local names, because nodes mix prefixes.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

/// Deepest nesting that is read. Real answers nest a dozen deep.
const DEEPEST: usize = 64;

/// Most elements that are read: an answer of 8 MiB holds fewer unless it is made of empty ones.
const MOST: usize = 400_000;

/// One element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// The name without its prefix.
    pub name: String,
    /// `xsi:nil="true"`: the value is absent, which is not the same as empty.
    pub nil: bool,
    /// All text directly inside, without the white space around it.
    pub text: String,
    /// Elements directly inside, in order.
    pub children: Vec<Element>,
}

impl Element {
    /// Reads a document.
    ///
    /// # Errors
    /// What is wrong with it, in a few words: not XML, a DOCTYPE, too deep, too many elements, text after the end.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "bytes that are not UTF-8".to_owned())?;
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        let mut open: Vec<Self> = Vec::new();
        let mut root: Option<Self> = None;
        let mut seen = 0_usize;
        loop {
            let event = reader.read_event().map_err(|error| {
                format!(
                    "XML that breaks at byte {}: {error}",
                    reader.error_position()
                )
            })?;
            match event {
                Event::Start(start) => {
                    admit(&open, root.as_ref(), &mut seen)?;
                    open.push(element(&start)?);
                }
                Event::Empty(start) => {
                    admit(&open, root.as_ref(), &mut seen)?;
                    close(element(&start)?, &mut open, &mut root);
                }
                Event::End(_) => {
                    let done = open.pop().ok_or("an end without a start")?;
                    close(done, &mut open, &mut root);
                }
                Event::Text(text) => add(&mut open, &text.xml10_content())?,
                Event::CData(data) => add(&mut open, &data.xml10_content())?,
                Event::GeneralRef(reference) => add(&mut open, &resolved(&reference)?)?,
                Event::DocType(_) => return Err("a DOCTYPE, which no node sends".to_owned()),
                Event::Decl(declaration) => match declaration.encoding() {
                    None => {}
                    Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") => {}
                    Some(_) => return Err("an encoding other than UTF-8".to_owned()),
                },
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        if let Some(unfinished) = open.last() {
            return Err(format!("a document that ends inside `{}`", unfinished.name));
        }
        root.ok_or_else(|| "no element".to_owned())
    }

    /// The first child of a name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Every child of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The element at the end of a path of names, taking the first child of each.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter()
            .try_fold(self, |element, name| element.child(name))
    }

    /// The text of the first child of a name; `None` if there is no such child or it is nil.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name)
            .filter(|child| !child.nil)
            .map(|child| child.text.as_str())
    }
}

/// Whether one more element may start here.
fn admit(open: &[Element], root: Option<&Element>, seen: &mut usize) -> Result<(), String> {
    *seen += 1;
    if root.is_some() {
        Err("a second document after the first".to_owned())
    } else if open.len() >= DEEPEST {
        Err(format!("elements nested more than {DEEPEST} deep"))
    } else if *seen > MOST {
        Err(format!("more than {MOST} elements"))
    } else {
        Ok(())
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let mut nil = false;
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| format!("a bad attribute: {error}"))?;
        if attribute.key.local_name().as_ref() == "nil" {
            nil = matches!(attribute.value.as_ref(), "true" | "1");
        }
    }
    Ok(Element {
        name: start.local_name().as_ref().to_owned(),
        nil,
        ..Element::default()
    })
}

fn close(mut done: Element, open: &mut [Element], root: &mut Option<Element>) {
    let trimmed = done.text.trim();
    if trimmed.len() != done.text.len() {
        done.text = String::from(trimmed);
    }
    match open.last_mut() {
        Some(parent) => parent.children.push(done),
        None => *root = Some(done),
    }
}

fn add(open: &mut [Element], text: &str) -> Result<(), String> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err("text outside the document".to_owned()),
    }
    Ok(())
}

/// The five entities of XML and characters by number. Anything else would need a DOCTYPE.
fn resolved(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(letter) = reference
        .resolve_char_ref()
        .map_err(|error| format!("a bad character reference: {error}"))?
    {
        return Ok(letter.to_string());
    }
    let name = reference.xml10_content();
    quick_xml::escape::resolve_xml_entity(&name)
        .map(str::to_owned)
        .ok_or_else(|| "an entity that XML does not define".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_mixed_prefixes_references_and_nil() {
        let text = "\u{feff}<?xml version='1.0' encoding='UTF-8'?><!-- x --><s:Envelope xmlns:s='e'><s:Body>\
            <ns1:opResponse xmlns:ns1='n'><opReturn>\n <Name> a &lt;&amp;&#65;<![CDATA[<b>]]> </Name>\
            <Code xsi:nil='true'/><item>1</item><item>2</item></opReturn></ns1:opResponse></s:Body></s:Envelope>\n";
        let root = Element::parse(text.as_bytes()).unwrap();
        let answer = root.at(&["Body", "opResponse", "opReturn"]).unwrap();
        assert_eq!(answer.text_of("Name"), Some("a <&A<b>"));
        assert_eq!(answer.text_of("Code"), None);
        assert!(answer.child("Code").unwrap().nil);
        let items: Vec<_> = answer.all("item").map(|item| item.text.as_str()).collect();
        assert_eq!(items, ["1", "2"]);
    }

    #[test]
    fn refuses_what_no_node_sends() {
        let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        let many = format!("<a>{}</a>", "<b/>".repeat(MOST));
        let rows = [
            ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "DOCTYPE"),
            ("<a>&b;</a>", "entity"),
            ("<a></a><b/>", "second document"),
            ("<a/>junk", "outside"),
            ("junk<a/>", "outside"),
            ("<a><b></a>", "breaks"),
            ("<a><b>", "ends inside `b`"),
            ("<a x='1' x='2'/>", "attribute"),
            ("<a>&#0;</a>", "reference"),
            ("<?xml version='1.0' encoding='latin-1'?><a/>", "encoding"),
            ("", "no element"),
            (deep.as_str(), "deep"),
            (many.as_str(), "elements"),
        ];
        for (text, expected) in rows {
            let error = Element::parse(text.as_bytes()).unwrap_err();
            let shown: String = text.chars().take(60).collect();
            assert!(error.contains(expected), "{shown}: {error}");
        }
        assert!(Element::parse(b"<a>\xe9</a>").is_err());
    }

    #[test]
    fn reads_any_prefix_of_a_document_without_harm() {
        let text = b"<a b='c'><![CDATA[x]]>&amp;<!-- y --><d/></a>";
        for end in 0..text.len() {
            assert!(Element::parse(&text[..end]).is_err());
        }
    }
}
