use super::*;

const LAB: &str = include_str!("testing/lab.yaml");

fn load(text: &str) -> Result<Estate, String> {
    let document = Document::new("estate.yaml", text);
    Estate::from_document(document, Path::new("/srv/estate/estate.yaml"))
        .map_err(|error| error.to_string())
}

#[test]
fn reads_what_the_lab_writes() {
    let estate = load(LAB).unwrap();
    assert_eq!(estate.clusters.len(), 1);
}
