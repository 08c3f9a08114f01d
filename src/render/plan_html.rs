//! A plan as one HTML page that loads nothing.

use minijinja::Environment;

use crate::model::Fingerprint;
use crate::plan::Plan;

use super::Beliefs;
use super::view::PlanView;
use super::words::clean;

/// Escaping is chosen by the ending of this name.
const NAME: &str = "plan.html";

/// Why a page could not be made. A fault of this program.
#[derive(Debug, thiserror::Error)]
#[error(
    "the plan could not be laid out as HTML, which is a fault of reissue; use the text and report it"
)]
pub struct RenderError(#[from] minijinja::Error);

/// The plan as an HTML page: every text escaped, style inside, no script.
///
/// # Errors
/// [`RenderError`].
pub fn plan_html(
    plan: &Plan,
    digest: &Fingerprint,
    beliefs: &Beliefs,
) -> Result<String, RenderError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.add_template(NAME, include_str!("plan.html"))?;
    environment.add_filter("clean", |text: String| clean(&text));
    let view = PlanView::of(plan, digest, beliefs);
    Ok(environment
        .get_template(NAME)?
        .render(minijinja::value::Serde(&view))?)
}
