//! The SOAP interfaces: AXL, Control Center, RIS and PerfMon.

use std::collections::BTreeMap;

use reissue_lab::{Fault, Kind, Lab, LabConfig, Mode};

use crate::client::{self, FIRST, PUBLISHER, ports, quick, send, soap};
use crate::operator::{phones, reset_pool, settled};

#[test]
fn axl_answers_the_release_the_nodes_and_the_security_mode() {
    let lab = client::lab(quick());
    let ask = |version: &str, inner: &str| {
        let name: String = inner
            .chars()
            .skip(3)
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        let operation = inner.replacen(
            "/>",
            &format!(" xmlns:a=\"http://www.cisco.com/AXL/API/{version}\"/>"),
            1,
        );
        let operation = operation.replacen(
            '>',
            &format!(" xmlns:a=\"http://www.cisco.com/AXL/API/{version}\">"),
            usize::from(!inner.ends_with("/>")),
        );
        soap(
            &lab,
            PUBLISHER,
            "/axl/",
            &format!("\"CUCM:DB ver={version} {name}\""),
            &operation,
        )
        .unwrap()
    };
    assert!(
        ask("12.5", "<a:getCCMVersion/>")
            .body
            .contains("<version>14.0.1.13900-155</version>")
    );
    let nodes = ask(
        "14.0",
        "<a:listProcessNode><searchCriteria><name>%</name></searchCriteria></a:listProcessNode>",
    );
    assert!(
        nodes.body.contains("<name>EnterpriseWideData</name>") && nodes.body.contains(FIRST),
        "{}",
        nodes.body
    );
    let sql =
        "select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'";
    let query = format!("<a:executeSQLQuery><sql>{sql}</sql></a:executeSQLQuery>");
    assert!(
        ask("14.0", &query)
            .body
            .contains("<paramvalue>0</paramvalue>")
    );
    lab.change_cluster("hq", |cluster| cluster.mixed_mode = true);
    assert!(
        ask("14.0", &query)
            .body
            .contains("<paramvalue>1</paramvalue>")
    );
    let newer = ask("15.0", "<a:getCCMVersion/>");
    assert_eq!(newer.status, 500);
    assert!(newer.body.contains("<axlError>"), "{}", newer.body);
}

#[test]
fn an_axl_child_with_a_namespace_is_refused() {
    let lab = client::lab(quick());
    let operation = "<getCCMVersion xmlns=\"http://www.cisco.com/AXL/API/14.0\"><processNodeName/></getCCMVersion>";
    let reply = soap(
        &lab,
        PUBLISHER,
        "/axl/",
        "\"CUCM:DB ver=14.0 getCCMVersion\"",
        operation,
    )
    .unwrap();
    assert_eq!(reply.status, 500);
    assert!(reply.body.contains("no namespace"), "{}", reply.body);
}

#[test]
fn a_session_cookie_stands_in_for_the_credentials() {
    let lab = client::lab(quick());
    let operation = "<a:getCCMVersion xmlns:a=\"http://www.cisco.com/AXL/API/14.0\"/>";
    let action = "\"CUCM:DB ver=14.0 getCCMVersion\"";
    let first = soap(&lab, PUBLISHER, "/axl/", action, operation).unwrap();
    let cookie = first.headers["set-cookie"]
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let port = ports(&lab, PUBLISHER).soap;
    let again = |cookie: &str| {
        let headers = [("cookie", cookie), ("soapaction", action)];
        send(
            port,
            "POST",
            "/axl/",
            &headers,
            &client::envelope(operation),
        )
        .unwrap()
        .status
    };
    assert_eq!(again(&cookie), 200);
    assert_eq!(again("JSESSIONIDSSO=0000"), 404);
    let none = send(
        port,
        "POST",
        "/axl/",
        &[("soapaction", action)],
        &client::envelope(operation),
    )
    .unwrap();
    assert_eq!(none.status, 401);
}

const AST: &str = "http://schemas.cisco.com/ast/soap";
const CONTROL: &str = "/controlcenterservice2/services/ControlCenterServices";

fn restart_operation(service: &str) -> String {
    format!(
        "<soapDoControlServices xmlns=\"{AST}\"><ControlServiceRequest><NodeName>{PUBLISHER}</NodeName>\
         <ControlType>Restart</ControlType><ServiceList><item>{service}</item></ServiceList>\
         </ControlServiceRequest></soapDoControlServices>"
    )
}

#[test]
fn control_center_restarts_what_it_may() {
    let lab = client::lab(quick());
    let ask = |operation: &str| {
        soap(&lab, PUBLISHER, CONTROL, "\"op\"", operation)
            .unwrap()
            .body
    };
    let status =
        format!("<soapGetServiceStatus xmlns=\"{AST}\"><ServiceStatus/></soapGetServiceStatus>");
    let first = ask(&status);
    assert!(
        first.contains(
            "<ServiceName>Cisco Tomcat</ServiceName><ServiceStatus>Started</ServiceStatus>"
        )
    );
    assert!(first.contains("Service Not Activated"));
    for refused in ["Cisco Tomcat", "A Cisco DB", "Cisco Nothing"] {
        let reply = ask(&restart_operation(refused));
        assert!(
            reply.contains("<ReturnCode>-1</ReturnCode>"),
            "{refused}: {reply}"
        );
    }
    let reply = ask(&restart_operation("Cisco Tftp"));
    assert!(
        reply.contains("<ReturnCode>0</ReturnCode>") && reply.contains("Cisco Tftp"),
        "{reply}"
    );
    client::until("the restart", || {
        ask(&status).contains("<ServiceName>Cisco Tftp</ServiceName><ServiceStatus>Started")
    });
    let effects = lab
        .log()
        .into_iter()
        .filter(|entry| entry.kind == Kind::Effect);
    let effects: Vec<String> = effects.map(|entry| entry.what).collect();
    assert_eq!(effects, ["restart-begin", "restart-end"]);
    let bare = "<soapGetServiceStatus><ServiceStatus/></soapGetServiceStatus>";
    assert!(ask(bare).contains("qualifies every element"));
}

#[test]
fn phones_are_counted_by_both_interfaces() {
    let lab = client::lab(quick());
    let count = format!(
        "<perfmonCollectCounterData xmlns=\"{AST}\"><Host>{FIRST}</Host><Object>Cisco CallManager</Object>\
         </perfmonCollectCounterData>"
    );
    let path = "/perfmonservice2/services/PerfmonService";
    let counted = soap(
        &lab,
        PUBLISHER,
        path,
        "\"perfmonCollectCounterData\"",
        &count,
    )
    .unwrap()
    .body;
    let name = format!("\\\\{FIRST}\\Cisco CallManager\\RegisteredHardwarePhones");
    assert!(
        counted.contains(&format!("<Name>{name}</Name><Value>12</Value>")),
        "{counted}"
    );
    let select = format!(
        "<selectCmDevice xmlns=\"{AST}\"><StateInfo/><CmSelectionCriteria><MaxReturnedDevices>1000</MaxReturnedDevices>\
         <DeviceClass>Phone</DeviceClass><Model>255</Model><Status>Registered</Status><NodeName/><SelectBy>Name</SelectBy>\
         <SelectItems><item><Item>SEP*</Item></item></SelectItems><Protocol>Any</Protocol>\
         <DownloadStatus>Any</DownloadStatus></CmSelectionCriteria></selectCmDevice>"
    );
    let path = "/realtimeservice2/services/RISService70";
    let listed = soap(&lab, PUBLISHER, path, "\"selectCmDevice\"", &select)
        .unwrap()
        .body;
    assert!(
        listed.contains("<ns1:TotalDevicesFound>24</ns1:TotalDevicesFound>"),
        "{listed}"
    );
}

#[test]
fn axl_names_the_phones_of_the_database() {
    let lab = client::lab(quick());
    let operation = "<a:executeSQLQuery xmlns:a=\"http://www.cisco.com/AXL/API/14.0\">\
        <sql>select name from device where tkclass=1</sql></a:executeSQLQuery>";
    let action = "\"CUCM:DB ver=14.0 executeSQLQuery\"";
    let body = soap(&lab, PUBLISHER, "/axl/", action, operation)
        .unwrap()
        .body;
    assert_eq!(body.matches("<row><name>SEP").count(), 24, "{body}");
}

#[test]
fn axl_answers_what_a_phone_is() {
    let lab = client::lab(LabConfig {
        mixed_mode: true,
        secure_phones: 2,
        ..quick()
    });
    let sql = "select d.name,dp.name as pool,sp.tkdevicesecuritymode as mode,d.tkcertificatestatus as lsc from \
        device d left join devicepool dp on d.fkdevicepool=dp.pkid left join securityprofile sp on \
        d.fksecurityprofile=sp.pkid where d.tkclass=1";
    let operation = format!(
        "<a:executeSQLQuery xmlns:a=\"http://www.cisco.com/AXL/API/14.0\"><sql>{sql}</sql></a:executeSQLQuery>"
    );
    let action = "\"CUCM:DB ver=14.0 executeSQLQuery\"";
    let body = soap(&lab, PUBLISHER, "/axl/", action, &operation)
        .unwrap()
        .body;
    for row in [
        "<row><name>SEP00C000000000</name><pool>HQ-DP1</pool><mode>3</mode><lsc>4</lsc></row>",
        "<row><name>SEP00C000000001</name><pool>HQ-DP2</pool><mode>2</mode><lsc>4</lsc></row>",
        "<row><name>SEP00C000000002</name><pool>HQ-DP1</pool><mode>1</mode><lsc>1</lsc></row>",
    ] {
        assert!(body.contains(row), "{row}: {body}");
    }
    assert_eq!(body.matches("<row>").count(), 24);
}

/// The rows of one status, as name and time stamp.
fn rows(lab: &Lab, status: &str) -> BTreeMap<String, i64> {
    let select = format!(
        "<selectCmDevice xmlns=\"{AST}\"><StateInfo/><CmSelectionCriteria><MaxReturnedDevices>1000</MaxReturnedDevices>\
         <DeviceClass>Phone</DeviceClass><Model>255</Model><Status>{status}</Status><NodeName/><SelectBy>Name</SelectBy>\
         <SelectItems><item><Item>*</Item></item></SelectItems><Protocol>Any</Protocol>\
         <DownloadStatus>Any</DownloadStatus></CmSelectionCriteria></selectCmDevice>"
    );
    let path = "/realtimeservice2/services/RISService70";
    let body = soap(lab, PUBLISHER, path, "\"selectCmDevice\"", &select)
        .unwrap()
        .body;
    let text = |row: &str, name: &str| {
        let (_, after) = row.split_once(&format!("<ns1:{name}>")).unwrap();
        after.split('<').next().unwrap().to_owned()
    };
    body.split("<ns1:item><ns1:Name>SEP")
        .skip(1)
        .map(|row| {
            let name = format!("SEP{}", row.split('<').next().unwrap());
            (name, text(row, "TimeStamp").parse().unwrap())
        })
        .collect()
}

#[test]
fn a_device_pool_is_reset_and_its_phones_come_back_with_a_newer_time() {
    let lab = client::lab(LabConfig {
        time_scale: 0.02,
        absent_phones: 3,
        ..quick()
    });
    assert_eq!(rows(&lab, "UnRegistered").len(), 3);
    let before = rows(&lab, "Registered");
    assert_eq!(before.len(), 21);
    let changes = lab.changes();
    assert_eq!(reset_pool(&lab, "HQ-DP9"), 500);
    assert_eq!(reset_pool(&lab, "HQ-DP1"), 200);
    assert_eq!(lab.changes(), changes + 2);
    assert_eq!(phones(&lab).0, 10, "the phones of the other pool");
    settled(&lab);
    for _ in 0..2 {
        let earlier = rows(&lab, "Registered");
        assert_eq!(reset_pool(&lab, "HQ-DP1"), 200);
        settled(&lab);
        let after = rows(&lab, "Registered");
        assert_eq!(after.len(), 21);
        let newer = after
            .iter()
            .filter(|(name, since)| earlier[*name] < **since);
        assert_eq!(newer.count(), 11);
    }
}

#[test]
fn a_reset_is_struck_by_faults_like_any_change() {
    for (mode, status, reset) in [
        (Mode::Status503, 503, false),
        (Mode::SuccessNotApplied, 200, false),
    ] {
        let lab = client::lab(quick());
        lab.plant(Fault::new("axl resetDevicePool", mode));
        assert_eq!(reset_pool(&lab, "HQ-DP1"), status);
        let noted = lab.log().iter().any(|entry| entry.what == "phones-reset");
        assert_eq!(noted, reset, "{mode:?}");
    }
}
