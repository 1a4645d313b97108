//! L1, scenarios: a subset of the Hurl format, parsed to steps; rendered to requests; judged over responses.
//!
//! The syntax is Hurl's (<https://hurl.dev/docs/hurl-file.html>), so the same file runs under stock `hurl` against one
//! instance. What this tool wants to know beyond it stands in comments that begin with `@`:
//!
//! | hint | where | meaning |
//! |---|---|---|
//! | `# @scenario NAME` | before the first request | the story's name; else the file's name |
//! | `# @write KEY token=TEMPLATE` | before a request | it adds TEMPLATE to the set KEY |
//! | `# @read KEY tokens=QUERY` | before a request | QUERY over its response lists the set KEY: all that this user wrote must be in it |
//! | `# @replica same\|other\|any\|N` | before a request | on the replica of the step before; a switch is tried here first; no wish; always replica N |
//!
//! Each journey is a new user, who knows these variables besides those of the configuration: `base` (the balancer's URL),
//! `vu` (the user's number, never used twice in a run), `token` (twelve characters, never used twice), `run_id`,
//! `iteration`, and Hurl's functions `newUuid` and `newDate`.
//!
//! A construct outside the subset is an error with its place, never skipped. Everything here is pure: no file is opened,
//! no clock is read; whoever sends the requests reads the files that a body names.

mod cursor;
mod evaluate;
mod filter;
mod hint;
mod judge;
mod parse;
mod query;
mod render;
mod sections;
mod template;
mod value;

use crate::model::Name;
use crate::model::event::{ScenarioSummary, StepKind, StepSummary};
use crate::model::location::Span;

pub use judge::{ResponseParts, judge, take_for_written};
pub use parse::parse;
pub use render::{BodyParts, PartContent, RenderError, RequestParts, render};
pub use template::Variables;

use hint::{ReadHint, WriteHint};
use query::{Assert, Capture};
use template::Template;

pub use hint::ReplicaHint;

/// One story, from one file.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: Name,
    /// As given to [`parse`].
    pub path: String,
    pub steps: Vec<Step>,
}

/// One request and what is expected of its response.
#[derive(Clone, Debug)]
pub struct Step {
    /// Line of the method.
    pub line: u32,
    pub method: Name,
    pub kind: StepKind,
    pub replica: ReplicaHint,
    pub options: Options,
    /// The URL's path as written, templates not filled in.
    pub path: String,
    url: Template,
    headers: Vec<(Template, Template)>,
    query: Vec<(Template, Template)>,
    form: Option<Vec<(Template, Template)>>,
    multipart: Option<Vec<(Template, MultipartValue)>>,
    cookies: Vec<(Template, Template)>,
    basic_auth: Option<(Template, Template)>,
    body: Option<Body>,
    expected: Option<Expected>,
    write: Option<WriteHint>,
    read: Option<ReadHint>,
}

/// The `[Options]` that this subset knows.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Follow redirects; each hop is a balancing decision and an event of its own.
    pub location: bool,
    /// `None`: as many as the sender allows.
    pub max_redirects: Option<u32>,
    /// Milliseconds to wait before the request.
    pub delay_ms: u64,
    variables: Vec<(String, query::Operand)>,
}

#[derive(Clone, Debug)]
enum MultipartValue {
    Text(Template),
    File { path: Template, content_type: Option<String> },
}

#[derive(Clone, Debug)]
enum Body {
    Json(Template),
    Text(Template),
    File(Template),
}

/// The response section: what must hold and what is kept.
#[derive(Clone, Debug)]
struct Expected {
    /// `None` for `HTTP *`.
    status: Option<u16>,
    /// The line as written, and where.
    text: String,
    line: u32,
    headers: Vec<ExpectedHeader>,
    captures: Vec<Capture>,
    asserts: Vec<Assert>,
    body: Option<(Body, u32)>,
}

#[derive(Clone, Debug)]
struct ExpectedHeader {
    name: Template,
    value: Template,
    text: String,
    line: u32,
}

impl Scenario {
    /// What the run log says about this scenario.
    pub fn summary(&self) -> ScenarioSummary {
        let steps = self
            .steps
            .iter()
            .map(|step| StepSummary {
                line: step.line,
                method: step.method.to_string(),
                path: step.path.clone(),
                kind: step.kind,
                asserts_content: step.asserts_content(),
            })
            .collect();
        ScenarioSummary { name: self.name.clone(), path: self.path.clone(), steps }
    }

    /// GET requests without expectations: what the tool asks by itself. Targets are taken as they are.
    pub fn of_gets(name: &str, targets: &[String]) -> Self {
        Scenario {
            name: Name::from(name),
            path: String::new(),
            steps: targets.iter().map(|to| Step::get(to)).collect(),
        }
    }

    /// Names of variables that no step before defines and that are not in `known`, each with the place of its first use.
    /// The variables that every user has ([`Variables::BUILT_IN`]) need not be in `known`.
    pub fn undefined(&self, known: &[&str]) -> Vec<(String, Span)> {
        let mut defined: Vec<&str> = known.iter().copied().chain(Variables::BUILT_IN.iter().copied()).collect();
        let mut missing: Vec<(String, Span)> = Vec::new();
        for step in &self.steps {
            defined.extend(step.options.variables.iter().map(|(name, _)| name.as_str()));
            let mut check = |template: &Template, defined: &[&str]| {
                for (name, span) in template.names() {
                    if !defined.contains(&name) && !missing.iter().any(|(seen, _)| seen == name) {
                        missing.push((name.to_string(), span));
                    }
                }
            };
            step.sent_templates().into_iter().for_each(|template| check(template, &defined));
            defined.extend(step.captures());
            step.judging_templates().into_iter().for_each(|template| check(template, &defined));
        }
        missing
    }
}

impl Step {
    fn new(line: u32, method: &str, kind: StepKind, path: String, url: Template) -> Self {
        Step {
            line,
            method: Name::from(method),
            kind,
            replica: ReplicaHint::Any,
            options: Options::default(),
            path,
            url,
            headers: Vec::new(),
            query: Vec::new(),
            form: None,
            multipart: None,
            cookies: Vec::new(),
            basic_auth: None,
            body: None,
            expected: None,
            write: None,
            read: None,
        }
    }

    fn get(target: &str) -> Self {
        Step::new(0, "GET", StepKind::Read, target.to_string(), Template::of(target))
    }

    /// Names of the variables that this step captures.
    pub fn captures(&self) -> impl Iterator<Item = &str> {
        self.expected.iter().flat_map(|expected| expected.captures.iter().map(|capture| capture.name.as_str()))
    }

    /// Names of the variables that are needed to send this step and to judge it.
    pub fn uses(&self) -> Vec<&str> {
        let templates = self.sent_templates().into_iter().chain(self.judging_templates());
        templates.flat_map(|template| template.names().map(|(name, _)| name)).collect()
    }

    /// Names of the variables that this step's options define.
    pub fn defines(&self) -> impl Iterator<Item = &str> {
        self.options.variables.iter().map(|(name, _)| name.as_str())
    }

    /// True when something is asserted beyond the status: only then can a lost write show in a `200`.
    pub fn asserts_content(&self) -> bool {
        self.read.is_some()
            || self
                .expected
                .as_ref()
                .is_some_and(|e| !e.asserts.is_empty() || e.body.is_some() || !e.headers.is_empty())
    }

    fn sent_templates(&self) -> Vec<&Template> {
        let pairs = self.headers.iter().chain(&self.query).chain(&self.cookies).chain(&self.basic_auth);
        let mut all: Vec<&Template> = vec![&self.url];
        all.extend(pairs.chain(self.form.iter().flatten()).flat_map(|(key, value)| [key, value]));
        for (key, value) in self.multipart.iter().flatten() {
            all.push(key);
            match value {
                MultipartValue::Text(template) | MultipartValue::File { path: template, .. } => all.push(template),
            }
        }
        all.extend(self.body.iter().map(Body::template));
        all.extend(self.options.variables.iter().filter_map(|(_, value)| value.template()));
        all.extend(self.write.iter().map(|write| &write.token));
        all
    }

    fn judging_templates(&self) -> Vec<&Template> {
        let Some(expected) = &self.expected else {
            return self.read.iter().flat_map(|read| read.tokens.templates()).collect();
        };
        let mut all: Vec<&Template> =
            expected.headers.iter().flat_map(|header| [&header.name, &header.value]).collect();
        all.extend(expected.captures.iter().flat_map(|capture| capture.query.templates()));
        all.extend(expected.asserts.iter().flat_map(Assert::templates));
        all.extend(expected.body.iter().map(|(body, _)| body.template()));
        all.extend(self.read.iter().flat_map(|read| read.tokens.templates()));
        all
    }
}

impl Body {
    fn template(&self) -> &Template {
        match self {
            Body::Json(template) | Body::Text(template) | Body::File(template) => template,
        }
    }
}

#[cfg(test)]
mod tests;
