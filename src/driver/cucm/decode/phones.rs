//! Answers about registered phones: RIS and `PerfMon`.

use std::collections::BTreeMap;

use super::{DecodeError, tree};
use crate::transport::soap::Element;

const SELECT: &str = "selectCmDevice";
const COUNT: &str = "perfmonCollectCounterData";

/// One answer of RIS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Whether the answer had room for more rows than it has, and says of itself that it has all.
    pub whole: bool,
    /// The phones whose newest row says that they are registered, each with that row's time stamp: seconds since 1970.
    pub phones: BTreeMap<String, i64>,
}

/// Which phones are registered, in an answer that has room for `most` rows. Nothing tells whether
/// `TotalDevicesFound` counts what the node has or what fits, so a full answer is not taken for a whole one.
///
/// # Errors
/// If a member is missing, or a node did not answer: a partial answer is not a smaller number of phones.
// claim: CUCM-RIS-SELECT
pub fn registered(response: &Element, most: usize) -> Result<Registered, DecodeError> {
    let result = tree::one(
        SELECT,
        response,
        &["selectCmDeviceReturn", "SelectCmDeviceResult"],
    )?;
    let total: usize = tree::number(SELECT, result, &["TotalDevicesFound"])?;
    let mut rows = 0;
    let mut newest: BTreeMap<&str, (i64, bool)> = BTreeMap::new();
    for node in tree::all(result, &["CmNodes", "item"]) {
        let code = tree::text(SELECT, node, &["ReturnCode"])?;
        if !matches!(code, "Ok" | "NotFound") {
            let name = tree::text(SELECT, node, &["Name"])?;
            let expected = format!("an answer for node {name}");
            return Err(DecodeError::new(SELECT, expected, code));
        }
        for device in tree::all(node, &["CmDevices", "item"]) {
            rows += 1;
            let name = tree::text(SELECT, device, &["Name"])?;
            let at = tree::number(SELECT, device, &["TimeStamp"])?;
            let here = tree::text(SELECT, device, &["Status"])? == "Registered";
            let row = newest.entry(name).or_insert((at, here));
            *row = (*row).max((at, here));
        }
    }
    let registered = newest.into_iter().filter(|(_, (_, here))| *here);
    let phones = registered.map(|(name, (at, _))| (name.to_owned(), at));
    Ok(Registered {
        whole: rows < most && rows >= total,
        phones: phones.collect(),
    })
}

/// How many hardware phones are registered with one host.
///
/// # Errors
/// If the counter is missing, doubled or marked as invalid.
// claim: CUCM-PERFMON-COUNT
pub fn counted(response: &Element) -> Result<u64, DecodeError> {
    const COUNTER: &str = r"\Cisco CallManager\RegisteredHardwarePhones";
    let mut counters = Vec::new();
    for counter in tree::all(response, &["perfmonCollectCounterDataReturn"]) {
        if tree::text(COUNT, counter, &["Name"])?.ends_with(COUNTER) {
            counters.push(counter);
        }
    }
    let [counter] = counters.as_slice() else {
        let found = format!("{} of them", counters.len());
        return Err(DecodeError::new(
            COUNT,
            format!("one counter {COUNTER}"),
            &found,
        ));
    };
    // cucm-soap §5: 0 and 1 are valid.
    let validity: u32 = tree::number(COUNT, counter, &["CStatus"])?;
    if validity > 1 {
        let found = validity.to_string();
        return Err(DecodeError::new(COUNT, "CStatus 0 or 1", &found));
    }
    tree::number(COUNT, counter, &["Value"])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{branch, leaf};
    use super::*;

    fn device(name: &str, status: &str, at: &str) -> Element {
        branch(
            "item",
            vec![
                leaf("Name", name),
                leaf("Status", status),
                leaf("TimeStamp", at),
            ],
        )
    }

    fn node(code: &str, devices: Vec<Element>) -> Element {
        branch(
            "item",
            vec![
                leaf("ReturnCode", code),
                leaf("Name", "cucm-pub"),
                branch("CmDevices", devices),
            ],
        )
    }

    fn answer(total: &str, nodes: Vec<Element>) -> Element {
        let result = vec![leaf("TotalDevicesFound", total), branch("CmNodes", nodes)];
        branch(
            "selectCmDeviceResponse",
            vec![branch(
                "selectCmDeviceReturn",
                vec![
                    branch("SelectCmDeviceResult", result),
                    leaf("StateInfo", ""),
                ],
            )],
        )
    }

    #[test]
    fn the_newest_row_of_a_phone_decides() {
        let answer = answer(
            "4",
            vec![
                node(
                    "Ok",
                    vec![
                        device("SEP1", "Registered", "10"),
                        device("SEP2", "Registered", "10"),
                    ],
                ),
                node(
                    "Ok",
                    vec![
                        device("SEP1", "UnRegistered", "20"),
                        device("SEP3", "Registered", "5"),
                    ],
                ),
                node("NotFound", vec![]),
            ],
        );
        let all = registered(&answer, 5).unwrap();
        let expected = [("SEP2".to_owned(), 10), ("SEP3".to_owned(), 5)];
        assert_eq!(all.phones, BTreeMap::from(expected));
        assert!(all.whole);
        assert!(
            !registered(&answer, 4).unwrap().whole,
            "a full answer may be cut"
        );
    }

    #[test]
    fn an_answer_that_says_there_are_more_is_not_whole() {
        let answer = answer(
            "2",
            vec![node("Ok", vec![device("SEP1", "Registered", "1")])],
        );
        assert!(!registered(&answer, 1000).unwrap().whole);
    }

    #[test]
    fn a_silent_node_and_a_missing_total_are_errors_not_fewer_phones() {
        for answer in [
            answer("0", vec![node("NodeNotResponding", vec![])]),
            answer("many", vec![]),
            answer(
                "1",
                vec![node("Ok", vec![device("SEP1", "Registered", "")])],
            ),
            branch("Fault", vec![]),
        ] {
            registered(&answer, 1000).unwrap_err();
        }
    }

    fn counter(name: &str, value: &str, status: &str) -> Element {
        branch(
            "perfmonCollectCounterDataReturn",
            vec![
                leaf("Name", name),
                leaf("Value", value),
                leaf("CStatus", status),
            ],
        )
    }

    #[test]
    fn the_counter_is_found_among_others() {
        let phones = r"\\cucm-pub\Cisco CallManager\RegisteredHardwarePhones";
        let other = counter(r"\\cucm-pub\Cisco CallManager\CallsActive", "9", "1");
        let good = branch("r", vec![other.clone(), counter(phones, "42", "1")]);
        assert_eq!(counted(&good).unwrap(), 42);
        for answer in [
            branch("r", vec![other]),
            branch("r", vec![counter(phones, "42", "2")]),
            branch("r", vec![counter(phones, "-1", "0")]),
            branch("r", vec![]),
        ] {
            counted(&answer).unwrap_err();
        }
    }
}
