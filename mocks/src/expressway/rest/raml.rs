//! What a peer says of its own interface.

use super::super::cluster::ExpresswayCluster;
use super::settings::PATHS;
use super::side_of;

/// The RAML of a peer: exactly what it offers.
///
/// claim: EXPRESSWAY-RAML
pub(super) fn text(cluster: &ExpresswayCluster) -> String {
    let mut text = format!(
        "#%RAML 0.8\ntitle: Expressway REST API\nversion: {}\nbaseUri: https://{{host}}/api/provisioning\n",
        cluster.release
    );
    let part = &cluster.quirks.upload_part;
    let upload = format!(
        "  post:\n    body:\n      multipart/form-data:\n        formParameters:\n          {part}:\n            \
         type: file\n            required: true\n"
    );
    let page = "  get:\n    responses:\n      200:\n        body:\n          text/html:\n";
    for path in ["server", "root"] {
        text += &format!("/certs/{path}:\n{page}{upload}");
    }
    let fields = "Additional_FQDNS Country KeyLength DigestAlgorithm Province Locality Organization \
                  OrganizationalUnit Email";
    let fields = fields.split(' ').map(|field| match field {
        "Additional_FQDNS" => {
            format!("\"{field}\": {{\"type\": \"array\", \"items\": {{\"type\": \"string\"}}}}")
        }
        "KeyLength" => format!("\"{field}\": {{\"type\": \"integer\", \"enum\": [2048, 4096]}}"),
        _ => format!("\"{field}\": {{\"type\": \"string\"}}"),
    });
    let fields = fields.collect::<Vec<_>>().join(", ");
    text += &format!(
        "/certs/generate_csr:\n{page}  post:\n    body:\n      application/json:\n        schema: |\n          \
         {{\"$schema\": \"http://json-schema.org/draft-04/schema#\", \"type\": \"object\", \"properties\": \
         {{{fields}}}, \"additionalProperties\": false}}\n"
    );
    let header = if cluster.numbers().is_at_least_14_2() {
        "    headers:\n      X-CSRF-Header:\n        required: true\n"
    } else {
        ""
    };
    text += &format!("/restart:\n  post:\n    description: Restarts this peer\n{header}");
    for (path, description) in PATHS {
        if side_of(path).is_none_or(|side| side == cluster.side) {
            text += &format!("/{path}:\n  get:\n    description: {description}\n");
        }
    }
    text
}
