//! What is wrong with a file, and the words in which a person is told.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::{Document, Place};

/// The widest line of a report.
const WIDTH: usize = 100;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    place: Option<Place>,
    message: String,
    label: String,
    others: Vec<(Place, String)>,
    help: Option<String>,
}

impl Problem {
    /// Something wrong at a place.
    pub fn at(place: Place, message: impl Into<String>) -> Self {
        Self {
            place: Some(place),
            message: message.into(),
            label: String::new(),
            others: Vec::new(),
            help: None,
        }
    }

    /// Something wrong with the file as a whole.
    pub fn of_file(message: impl Into<String>) -> Self {
        Self {
            place: None,
            ..Self::at(Place::default(), message)
        }
    }

    /// Adds a few words right at the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Points at another place that has to do with it.
    #[must_use]
    pub fn also(mut self, place: Place, label: impl Into<String>) -> Self {
        self.others.push((place, label.into()));
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Where a problem is and what it is, for programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 if it is the file as a whole.
    pub line: usize,
    /// The column in characters, from 1; 0 if it is the file as a whole.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

/// Everything that is wrong, in the order of the file. Displays as excerpts with file, line and column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{rendered}")]
pub struct Problems {
    rendered: String,
    spots: Vec<Spot>,
}

impl Problems {
    pub(super) fn new(document: &Document, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.place);
        let mut rendered = Vec::new();
        let mut spots = Vec::new();
        for problem in &problems {
            rendered.push(render(document, problem));
            let (line, column) = problem
                .place
                .map_or((0, 0), |place| document.line_and_column(place));
            spots.push(Spot {
                file: document.name().to_owned(),
                line,
                column,
                message: problem.message.clone(),
            });
        }
        Self {
            rendered: rendered.join("\n\n"),
            spots,
        }
    }

    /// Where and what, in the order of the file.
    pub fn spots(&self) -> &[Spot] {
        &self.spots
    }

    /// Adds what is wrong with another file.
    pub fn append(&mut self, other: Self) {
        self.rendered.push_str("\n\n");
        self.rendered.push_str(&other.rendered);
        self.spots.extend(other.spots);
    }
}

fn render(document: &Document, problem: &Problem) -> String {
    let group = Level::ERROR.primary_title(&problem.message);
    let group = match problem.place {
        None => group.element(annotate_snippets::Origin::path(document.name())),
        Some(place) => {
            let primary = AnnotationKind::Primary.span(document.range(place));
            let primary = if problem.label.is_empty() {
                primary
            } else {
                primary.label(&problem.label)
            };
            let mut snippet = Snippet::source(document.shown())
                .path(document.name())
                .annotation(primary);
            for (other, label) in &problem.others {
                let range = document.range(*other);
                snippet = snippet.annotation(AnnotationKind::Context.span(range).label(label));
            }
            group.element(snippet)
        }
    };
    let group = match &problem.help {
        Some(help) => group.element(Level::HELP.message(help)),
        None => group,
    };
    Renderer::plain().term_width(WIDTH).render(&[group])
}
