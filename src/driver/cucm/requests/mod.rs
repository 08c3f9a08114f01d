//! What is sent to a node: paths, documents and headers. Built by serializers, never by pasting text, so that
//! no name can break out of its place.

pub mod rest;
pub mod soap;
