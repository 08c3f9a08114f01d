//! The shared vocabulary: data and `Display`. No input or output, no runtime, no types of a library that
//! talks to devices.

mod catalogue;
mod certificate;
mod desired;
mod expressway;
mod finding;
mod names;
pub mod neighbours;
mod observation;
mod observed;
mod phone;
mod port;
mod procedure;
mod release;
mod rollout;

pub use certificate::{
    Certificate, KeyAlgorithm, KeySpec, PublicKey, SigningRequest, SubjectName, Usages,
};
pub use desired::{
    Authority, DEFAULT_ORDER, DEFAULT_PHONE_POLLS, Desired, DesiredCertificate, Distribution,
    Issuer,
};
pub use expressway::{
    Alarm, Connection, Domain, Expressway, Interface, Tunnel, UnifiedServer, Zone, ZoneKind,
};
pub use finding::{Finding, Severity};
pub use names::{
    AccountName, ClaimId, ClusterName, FindingCode, Fingerprint, IssuerName, NodeName, Purpose,
    RunId, ServiceName, StepId, Store,
};
pub use observation::{
    BackupJob, ClusterState, NodeState, OBSERVATION_FORMAT, Observation, Replication, SecurityMode,
    ServedChain, ServiceState, ServiceStatus, SsoState, TrustEntry,
};
pub use observed::Observed;
pub use phone::{PhoneCensus, PhoneProfile, PhoneSecurity, TrustList, TrustRecord};
pub use port::{Listener, Port};
pub use procedure::{
    AttendedRule, ControlPath, Gate, GateRule, NodeSelection, PhoneRule, Procedure, Proof,
    ProofRule, ReleaseRange, RestartRule, RestartSet, SourcedText, StoreRule, UsageRule,
    WHOLE_PEER,
};
pub use release::{Appliance, Product, Release, Role};
pub use rollout::{Wave, Window};
