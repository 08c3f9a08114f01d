//! SOAP envelopes: read into a small tree with namespaces, written by hand.

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

/// The SOAP 1.1 envelope's namespace.
const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";

/// The deepest nesting that is read.
const DEEPEST: usize = 32;

/// An element with its local name and namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) namespace: Option<String>,
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    /// The first child of that local name.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of that name, trimmed.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }

    /// Whether this element's descendants all satisfy a condition.
    pub(crate) fn all_below(&self, holds: &impl Fn(&Element) -> bool) -> bool {
        self.children
            .iter()
            .all(|child| holds(child) && child.all_below(holds))
    }
}

/// Reads an envelope and answers the operation, the first element of its body.
pub(crate) fn operation(text: &str) -> Option<Element> {
    let envelope = parse(text)?;
    let right = envelope.name == "Envelope" && envelope.namespace.as_deref() == Some(ENVELOPE);
    let body = envelope
        .child("Body")
        .filter(|body| right && body.namespace.as_deref() == Some(ENVELOPE))?;
    body.children.first().cloned()
}

fn parse(text: &str) -> Option<Element> {
    let mut reader = NsReader::from_str(text);
    let mut open = vec![Element::default()];
    loop {
        let (resolved, event) = reader.read_resolved_event().ok()?;
        let namespace = match resolved {
            ResolveResult::Bound(namespace) => Some(namespace.as_ref().to_owned()),
            ResolveResult::Unbound => None,
            ResolveResult::Unknown(_) => return None,
        };
        match event {
            Event::Start(start) => {
                let name = start.local_name().as_ref().to_owned();
                open.push(Element {
                    name,
                    namespace,
                    ..Element::default()
                });
                if open.len() > DEEPEST {
                    return None;
                }
            }
            Event::Empty(start) => {
                let name = start.local_name().as_ref().to_owned();
                open.last_mut()?.children.push(Element {
                    name,
                    namespace,
                    ..Element::default()
                });
            }
            Event::End(_) => {
                let done = open.pop()?;
                open.last_mut()?.children.push(done);
            }
            Event::Text(piece) => open.last_mut()?.text.push_str(&piece.into_inner()),
            Event::CData(piece) => open.last_mut()?.text.push_str(&piece.into_inner()),
            Event::GeneralRef(reference) => {
                let letter = reference.resolve_char_ref().ok()?;
                let name = reference.into_inner();
                let last = open.last_mut()?;
                match letter {
                    Some(letter) => last.text.push(letter),
                    None => last.text.push_str(resolve_predefined_entity(&name)?),
                }
            }
            Event::DocType(_) => return None,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    let root = (open.len() == 1).then(|| open.pop())??;
    root.children.into_iter().next()
}

/// Text made safe for an element.
pub(crate) fn escape(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

/// An element with text.
pub(crate) fn tag(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escape(text))
}

/// An envelope around a body. The prefix differs from interface to interface.
///
/// claim: CUCM-SOAP-PREFIXES
pub(crate) fn envelope(prefix: &str, body: &str) -> String {
    format!(
        "<?xml version='1.0' encoding='UTF-8'?><{prefix}:Envelope xmlns:{prefix}=\"{ENVELOPE}\">\
         <{prefix}:Body>{body}</{prefix}:Body></{prefix}:Envelope>"
    )
}

/// A fault's envelope; `detail` is XML.
pub(crate) fn fault(code: &str, text: &str, detail: &str) -> String {
    let body = format!(
        "<soapenv:Fault><faultcode>{}</faultcode><faultstring>{}</faultstring><detail>{detail}</detail></soapenv:Fault>",
        escape(code),
        escape(text)
    );
    envelope("soapenv", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_namespaces_and_text() {
        let text = "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>\
            <a:op xmlns:a=\"urn:a\"><sql>a &lt; b &#38; c</sql><empty/></a:op></e:Body></e:Envelope>";
        let found = operation(text).unwrap();
        assert_eq!(
            (found.name.as_str(), found.namespace.as_deref()),
            ("op", Some("urn:a"))
        );
        assert_eq!(found.text_of("sql"), Some("a < b & c"));
        assert!(found.all_below(&|child| child.namespace.is_none()));
        assert_eq!(found.children.len(), 2);
    }

    #[test]
    fn refuses_what_is_no_envelope() {
        let rows = [
            "",
            "<a>",
            "<a/>",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
            "<x:Envelope/>",
        ];
        for text in rows {
            assert_eq!(operation(text), None, "{text}");
        }
    }
}
