//! Answers of Control Center.

use std::collections::BTreeMap;

use super::{DecodeError, shell, tree};
use crate::model::{ServiceName, ServiceState, ServiceStatus};
use crate::transport::soap::Element;

const STATUS: &str = "soapGetServiceStatus";
const CONTROL: &str = "soapDoControlServices";

/// The services of the addressed node.
///
/// # Errors
/// If the return code is not 0, the list is missing or empty, or a service has a status that is not known: a
/// node that says `Unknown` of a service says nothing that a plan may rest on.
// claim: CUCM-CONTROL-STATUS, CUCM-SERVICE-NOT-ACTIVATED
pub fn services(response: &Element) -> Result<BTreeMap<ServiceName, ServiceState>, DecodeError> {
    let answer = tree::one(STATUS, response, &["soapGetServiceStatusReturn"])?;
    let (code, reason) = verdict(STATUS, answer)?;
    if code != "0" {
        return Err(DecodeError::new(
            STATUS,
            "return code 0",
            &format!("{code}: {reason}"),
        ));
    }
    let services = tree::all(answer, &["ServiceInfoList", "item"])
        .into_iter()
        .map(service)
        .collect::<Result<BTreeMap<_, _>, _>>()?;
    if services.is_empty() {
        return Err(DecodeError::new(STATUS, "at least one service", "none"));
    }
    Ok(services)
}

fn service(item: &Element) -> Result<(ServiceName, ServiceState), DecodeError> {
    let name = tree::text(STATUS, item, &["ServiceName"])?;
    let reason = optional(item, "ReasonCodeString");
    let status = match tree::text(STATUS, item, &["ServiceStatus"])? {
        "Started" => ServiceStatus::Started,
        "Starting" => ServiceStatus::Starting,
        "Stopping" => ServiceStatus::Stopping,
        "Stopped" => shell::stopped(reason),
        other => {
            return Err(DecodeError::new(
                STATUS,
                format!("Started, Starting, Stopping or Stopped for {name}"),
                other,
            ));
        }
    };
    let running = status == ServiceStatus::Started;
    let state = ServiceState {
        status,
        reason: reason.to_owned(),
        // Only a running service has an uptime that means anything; some answers say -1 for the rest.
        up_seconds: running
            .then(|| tree::number(STATUS, item, &["UpTime"]))
            .transpose()?,
    };
    Ok((ServiceName::new(name), state))
}

/// What the node said to a restart: `Ok` if it took the command, which does not mean that the service is back.
///
/// # Errors
/// If the answer has no return code.
// claim: CUCM-CONTROL-RESTART, CUCM-CONTROL-REFUSAL-SHAPE (assumed)
pub fn accepted(response: &Element) -> Result<Result<(), String>, DecodeError> {
    let answer = tree::one(CONTROL, response, &["soapDoControlServicesReturn"])?;
    let (code, reason) = verdict(CONTROL, answer)?;
    Ok(if code == "0" {
        Ok(())
    } else {
        Err(format!("return code {code}: {}", super::excerpt(reason)))
    })
}

fn verdict<'a>(
    question: &'static str,
    answer: &'a Element,
) -> Result<(&'a str, &'a str), DecodeError> {
    let code = tree::text(question, answer, &["ReturnCode"])?;
    Ok((code, optional(answer, "ReasonString")))
}

/// A member that may be missing or nil; only words for a person are read this way.
fn optional<'a>(element: &'a Element, name: &str) -> &'a str {
    element.text_of(name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{branch, leaf};
    use super::*;

    fn item(name: &str, status: &str, reason: &str, up: &str) -> Element {
        branch(
            "item",
            vec![
                leaf("ServiceName", name),
                leaf("ServiceStatus", status),
                leaf("ReasonCode", "-1"),
                leaf("ReasonCodeString", reason),
                leaf("StartTime", "Fri Dec 12 13:45:19 2025"),
                leaf("UpTime", up),
            ],
        )
    }

    fn status(code: &str, items: Vec<Element>) -> Element {
        let answer = vec![
            leaf("ReturnCode", code),
            leaf("ReasonString", "because"),
            branch("ServiceInfoList", items),
        ];
        branch(
            "soapGetServiceStatusResponse",
            vec![branch("soapGetServiceStatusReturn", answer)],
        )
    }

    #[test]
    fn services_have_status_reason_and_uptime() {
        let answer = status(
            "0",
            vec![
                item("Cisco Tomcat", "Started", " ", "4711"),
                item("Cisco Tftp", "Stopped", "Service Not Activated ", "-1"),
                item(
                    "Cisco DRF Master",
                    "Stopped",
                    "Commanded Out of Service",
                    "-1",
                ),
            ],
        );
        let services = services(&answer).unwrap();
        let of = |name: &str| &services[&ServiceName::from(name)];
        assert_eq!(of("Cisco Tomcat").up_seconds, Some(4711));
        assert_eq!(of("Cisco Tftp").status, ServiceStatus::NotActivated);
        assert_eq!(of("Cisco DRF Master").status, ServiceStatus::Stopped);
        assert_eq!(of("Cisco DRF Master").reason, "Commanded Out of Service");
        assert_eq!(of("Cisco DRF Master").up_seconds, None);
    }

    #[test]
    fn doubtful_service_lists_are_refused() {
        for answer in [
            status("1", vec![item("Cisco Tomcat", "Started", "", "1")]),
            status("0", vec![]),
            status("0", vec![item("Cisco Tomcat", "Unknown", "", "1")]),
            status("0", vec![item("Cisco Tomcat", "Started", "", "soon")]),
            branch("html", vec![]),
        ] {
            services(&answer).unwrap_err();
        }
    }

    #[test]
    fn a_restart_is_taken_or_refused_with_the_nodes_words() {
        let answer = |code: &str| {
            let inside = vec![
                leaf("ReturnCode", code),
                leaf("ReasonString", "non-stop service"),
            ];
            branch("r", vec![branch("soapDoControlServicesReturn", inside)])
        };
        assert_eq!(accepted(&answer("0")).unwrap(), Ok(()));
        let refused = accepted(&answer("-1056")).unwrap().unwrap_err();
        assert_eq!(refused, "return code -1056: `non-stop service`");
        accepted(&branch("r", vec![])).unwrap_err();
    }
}
