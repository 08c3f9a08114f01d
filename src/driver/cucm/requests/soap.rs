//! AXL, Control Center, RIS and PerfMon documents.

use std::collections::BTreeMap;
use std::io;

use quick_xml::Writer;
use quick_xml::events::BytesText;

use crate::model::ServiceName;

/// One call: where it goes and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The path on port 8443.
    pub path: &'static str,
    /// The header `SOAPAction`, without quotes.
    pub action: String,
    /// The document.
    pub document: Vec<u8>,
}

/// A version of the AXL schema, such as 14.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AxlVersion {
    /// The first number.
    pub major: u32,
    /// The second number.
    pub minor: u32,
}

impl AxlVersion {
    /// The version under which a node is first asked for its release.
    // claim: CUCM-AXL-START-VERSION (assumed)
    pub const START: Self = Self {
        major: 12,
        minor: 5,
    };
}

impl std::fmt::Display for AxlVersion {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

/// Asks for the release of the addressed node.
///
/// # Errors
/// Never in practice: the document is written to memory.
// claim: CUCM-AXL-VERSION
pub fn release() -> io::Result<Call> {
    axl(AxlVersion::START, "getCCMVersion", |_| Ok(()))
}

/// Asks for the nodes of the cluster.
///
/// # Errors
/// Never in practice: the document is written to memory.
// claim: CUCM-AXL-NODES
pub fn nodes(version: AxlVersion) -> io::Result<Call> {
    axl(version, "listProcessNode", |writer| {
        parent(writer, "searchCriteria", |writer| leaf(writer, "name", "%"))?;
        parent(writer, "returnedTags", |writer| {
            for tag in ["name", "description", "nodeUsage", "processNodeRole"] {
                leaf(writer, tag, "")?;
            }
            Ok(())
        })
    })
}

/// Asks for the security mode.
///
/// # Errors
/// Never in practice: the document is written to memory.
// claim: CUCM-AXL-SECURITY-MODE
pub fn security_mode(version: AxlVersion) -> io::Result<Call> {
    sql(
        version,
        "select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'",
    )
}

/// Which rows of a long answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    /// How many to pass over.
    pub skip: usize,
    /// How many to give.
    pub first: usize,
}

/// Asks for every phone that the database has, or for some rows of the list in the order of names.
///
/// # Errors
/// Never in practice: the document is written to memory.
// claim: CUCM-AXL-PHONE-PROFILES (assumed)
pub fn phone_profiles(version: AxlVersion, rows: Option<Rows>) -> io::Result<Call> {
    let columns = "d.name,dp.name as pool,sp.tkdevicesecuritymode as mode,d.tkcertificatestatus as lsc \
         from device d left join devicepool dp on d.fkdevicepool=dp.pkid \
         left join securityprofile sp on d.fksecurityprofile=sp.pkid where d.tkclass=1";
    // Without an order, two answers may give a row twice and leave out another.
    let query = match rows {
        None => format!("select {columns}"),
        Some(Rows { skip, first }) => {
            format!("select skip {skip} first {first} {columns} order by d.name")
        }
    };
    sql(version, &query)
}

/// Has every phone of a device pool reset.
///
/// # Errors
/// Never in practice: the document is written to memory.
// claim: CUCM-AXL-RESET-POOL
pub fn reset_pool(version: AxlVersion, pool: &str) -> io::Result<Call> {
    axl(version, "resetDevicePool", |writer| {
        leaf(writer, "name", pool)
    })
}

fn sql(version: AxlVersion, query: &str) -> io::Result<Call> {
    axl(version, "executeSQLQuery", |writer| {
        leaf(writer, "sql", query)
    })
}

/// Only the operation is in the namespace; its children are in none.
// claim: CUCM-AXL-CALL, CUCM-AXL-CHILDREN
fn axl(
    version: AxlVersion,
    operation: &'static str,
    children: impl FnOnce(&mut Xml) -> io::Result<()>,
) -> io::Result<Call> {
    let namespace = format!("http://www.cisco.com/AXL/API/{version}");
    Ok(Call {
        path: "/axl/",
        action: format!("CUCM:DB ver={version} {operation}"),
        document: envelope(operation, &namespace, children)?,
    })
}

const CONTROL: &str = "/controlcenterservice2/services/ControlCenterServices";
const RIS: &str = "/realtimeservice2/services/RISService70";
const PERFMON: &str = "/perfmonservice2/services/PerfmonService";

/// Asks for every service of the addressed node: one empty name stands for all.
///
/// # Errors
/// Never in practice: the document is written to memory.
// claim: CUCM-CONTROL-STATUS
pub fn service_status() -> io::Result<Call> {
    serviceability(CONTROL, "soapGetServiceStatus", |writer| {
        leaf(writer, "n:ServiceStatus", "")
    })
}

/// Restarts one service of the addressed node. The node is left nil, which the schema allows and which means
/// the node that is called: clients report trouble with names here (cucm-soap §3.1).
///
/// # Errors
/// Never in practice: the document is written to memory.
// claim: CUCM-CONTROL-RESTART, CUCM-CONTROL-LOCAL
pub fn restart(service: &ServiceName) -> io::Result<Call> {
    serviceability(CONTROL, "soapDoControlServices", |writer| {
        parent(writer, "n:ControlServiceRequest", |writer| {
            writer
                .create_element("n:NodeName")
                .with_attribute(("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"))
                .with_attribute(("xsi:nil", "true"))
                .write_empty()?;
            leaf(writer, "n:ControlType", "Restart")?;
            parent(writer, "n:ServiceList", |writer| {
                leaf(writer, "n:item", service.as_str())
            })
        })
    })
}

/// Phones in one RIS answer. Documents and samples use 1000; one shows 2000 (cucm-soap §4).
// claim: CUCM-RIS-SELECT
pub const RIS_PAGE: usize = 1000;

/// Names in one RIS question: half a page, since a phone can have a row under more than one node.
const NAMES: usize = RIS_PAGE / 2;

/// Asks which phones are registered: all, or those of a list of names. An empty node name is assumed to mean
/// every node.
///
/// # Errors
/// Never in practice: the document is written to memory.
// claim: CUCM-RIS-SELECT
pub fn registered_phones(names: &[&str]) -> io::Result<Call> {
    let everyone = ["*"];
    let names = if names.is_empty() { &everyone } else { names };
    serviceability(RIS, "selectCmDevice", |writer| {
        leaf(writer, "n:StateInfo", "")?;
        parent(writer, "n:CmSelectionCriteria", |writer| {
            let page = RIS_PAGE.to_string();
            let before = [
                ("n:MaxReturnedDevices", page.as_str()),
                ("n:DeviceClass", "Phone"),
                ("n:Model", "255"),
                ("n:Status", "Registered"),
                ("n:NodeName", ""),
                ("n:SelectBy", "Name"),
            ];
            for (name, value) in before {
                leaf(writer, name, value)?;
            }
            parent(writer, "n:SelectItems", |writer| {
                for name in names {
                    parent(writer, "n:item", |writer| leaf(writer, "n:Item", name))?;
                }
                Ok(())
            })?;
            leaf(writer, "n:Protocol", "Any")?;
            leaf(writer, "n:DownloadStatus", "Any")
        })
    })
}

/// Asks a node for the call-processing counters of a host of its cluster.
///
/// # Errors
/// Never in practice: the document is written to memory.
// claim: CUCM-PERFMON-COUNT
pub fn call_processing_counters(host: &str) -> io::Result<Call> {
    serviceability(PERFMON, "perfmonCollectCounterData", |writer| {
        leaf(writer, "n:Host", host)?;
        leaf(writer, "n:Object", "Cisco CallManager")
    })
}

/// Here the children are in the namespace too, and the action is the bare operation (cucm-soap §3).
fn serviceability(
    path: &'static str,
    operation: &'static str,
    children: impl FnOnce(&mut Xml) -> io::Result<()>,
) -> io::Result<Call> {
    Ok(Call {
        path,
        action: operation.to_owned(),
        document: envelope(operation, "http://schemas.cisco.com/ast/soap", children)?,
    })
}

type Xml = Writer<Vec<u8>>;

fn envelope(
    operation: &str,
    namespace: &str,
    children: impl FnOnce(&mut Xml) -> io::Result<()>,
) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new(Vec::new());
    writer
        .create_element("e:Envelope")
        .with_attribute(("xmlns:e", "http://schemas.xmlsoap.org/soap/envelope/"))
        .with_attribute(("xmlns:n", namespace))
        .write_inner_content(|writer| {
            parent(writer, "e:Body", |writer| {
                parent(writer, &["n:", operation].concat(), children)
            })
        })?;
    Ok(writer.into_inner())
}

fn parent(
    writer: &mut Xml,
    name: &str,
    children: impl FnOnce(&mut Xml) -> io::Result<()>,
) -> io::Result<()> {
    writer.create_element(name).write_inner_content(children)?;
    Ok(())
}

fn leaf(writer: &mut Xml, name: &str, text: &str) -> io::Result<()> {
    writer
        .create_element(name)
        .write_text_content(BytesText::new(text))?;
    Ok(())
}

/// Names of phones, in pieces that one RIS answer can hold.
pub fn pages<T>(wanted: &BTreeMap<String, T>) -> Vec<Vec<&str>> {
    let names: Vec<&str> = wanted.keys().map(String::as_str).collect();
    names.chunks(NAMES).map(<[&str]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(call: io::Result<Call>) -> (String, String) {
        let call = call.unwrap();
        (call.action, String::from_utf8(call.document).unwrap())
    }

    #[test]
    fn axl_puts_only_the_operation_into_the_namespace_of_its_version() {
        let version = AxlVersion {
            major: 14,
            minor: 0,
        };
        let (action, document) = shown(security_mode(version));
        assert_eq!(action, "CUCM:DB ver=14.0 executeSQLQuery");
        assert_eq!(
            document,
            r#"<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:n="http://www.cisco.com/AXL/API/14.0"><e:Body><n:executeSQLQuery><sql>select paramname,paramvalue from processconfig where paramname=&apos;ClusterSecurityMode&apos;</sql></n:executeSQLQuery></e:Body></e:Envelope>"#
        );
        assert_eq!(shown(release()).0, "CUCM:DB ver=12.5 getCCMVersion");
    }

    #[test]
    fn phones_of_the_database_are_asked_for_whole_or_by_rows() {
        let version = AxlVersion {
            major: 15,
            minor: 0,
        };
        let (action, whole) = shown(phone_profiles(version, None));
        assert_eq!(action, "CUCM:DB ver=15.0 executeSQLQuery");
        assert!(
            whole.contains("<sql>select d.name,dp.name as pool,sp.tkdevicesecuritymode as mode,d.tkcertificatestatus as lsc from device d left join devicepool dp on d.fkdevicepool=dp.pkid left join securityprofile sp on d.fksecurityprofile=sp.pkid where d.tkclass=1</sql>"),
            "{whole}"
        );
        let rows = Rows {
            skip: 500,
            first: 250,
        };
        let (_, some) = shown(phone_profiles(version, Some(rows)));
        assert!(
            some.contains("<sql>select skip 500 first 250 d.name,"),
            "{some}"
        );
        assert!(some.contains(" order by d.name</sql>"), "{some}");
    }

    #[test]
    fn a_pool_is_reset_by_its_name_and_nothing_else() {
        let version = AxlVersion {
            major: 14,
            minor: 0,
        };
        let (action, document) = shown(reset_pool(version, "HQ <&> Lobby"));
        assert_eq!(action, "CUCM:DB ver=14.0 resetDevicePool");
        assert!(
            document.contains(r#"xmlns:n="http://www.cisco.com/AXL/API/14.0"><e:Body><n:resetDevicePool><name>HQ &lt;&amp;&gt; Lobby</name></n:resetDevicePool>"#),
            "{document}"
        );
    }

    #[test]
    fn a_service_name_cannot_break_out_of_its_place() {
        let (action, document) = shown(restart(&ServiceName::from(
            "A</n:item><n:item>Cisco Tomcat",
        )));
        assert_eq!(action, "soapDoControlServices");
        assert!(
            document.contains("<n:item>A&lt;/n:item&gt;&lt;n:item&gt;Cisco Tomcat</n:item>"),
            "{document}"
        );
        assert!(
            document.contains(r#"xsi:nil="true"/><n:ControlType>Restart</n:ControlType>"#),
            "{document}"
        );
    }

    #[test]
    fn phones_are_asked_by_star_or_by_name() {
        let (_, all) = shown(registered_phones(&[]));
        assert!(
            all.contains("<n:SelectItems><n:item><n:Item>*</n:Item></n:item></n:SelectItems>"),
            "{all}"
        );
        let (_, two) = shown(registered_phones(&["SEP1", "SEP2"]));
        assert!(
            two.contains("<n:Item>SEP1</n:Item></n:item><n:item><n:Item>SEP2</n:Item>"),
            "{two}"
        );
        assert!(!two.contains('*'), "{two}");
    }

    #[test]
    fn long_lists_are_cut_into_pages() {
        let names: BTreeMap<String, u32> = (0..2500).map(|n| (n.to_string(), n)).collect();
        let sizes: Vec<usize> = pages(&names).iter().map(Vec::len).collect();
        assert_eq!(sizes, [500, 500, 500, 500, 500]);
    }
}
