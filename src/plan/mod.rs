//! The planner: findings and procedures to an ordered plan. Pure.

mod step;

pub use step::{
    Action, ClusterPlan, Condition, Disruption, Edge, IssueTerms, PLAN_FORMAT, Plan, Reversal,
    Stage, Step,
};
