//! JSON for programs. The wire shape is a contract of its own, so that a change inside never changes what users parse.

pub mod bench;
pub mod comparison;
pub mod lint;
pub mod test;

/// The JSON Schema of what `lint` writes.
pub const LINT_SCHEMA: &str = include_str!("json/lint.schema.json");
/// The JSON Schema of what `test` and `report` write.
pub const TEST_SCHEMA: &str = include_str!("json/test.schema.json");

/// The JSON Schema of what `bench` writes.
pub const BENCH_SCHEMA: &str = include_str!("json/bench.schema.json");
/// The JSON Schema of what `bench --compare` writes.
pub const COMPARISON_SCHEMA: &str = include_str!("json/comparison.schema.json");

use serde::Serialize;

use crate::model::finding::{Finding, Related};
use crate::model::location::Location;
use crate::model::problem::Problem;

/// A finding on the wire. Lines and columns count from 1, ends are exclusive.
#[derive(Serialize)]
struct FindingV1<'a> {
    rule: &'a str,
    family: &'a str,
    severity: crate::model::finding::Severity,
    confidence: crate::model::finding::Confidence,
    path: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    message: &'a str,
    breaks: &'a str,
    fix: &'a str,
    fingerprint: &'a str,
    related: Vec<PlaceV1<'a>>,
    context: Vec<PlaceV1<'a>>,
    routes: Vec<&'a str>,
    /// Names of the services that it is about.
    services: Vec<&'a str>,
    confirm: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<crate::model::finding::Proof>,
}

#[derive(Serialize)]
struct PlaceV1<'a> {
    path: &'a str,
    line: u32,
    column: u32,
    message: &'a str,
}

#[derive(Serialize)]
struct ProblemV1<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    message: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    help: &'a str,
}

impl<'a> From<&'a Finding> for FindingV1<'a> {
    fn from(finding: &'a Finding) -> Self {
        let Location { path, span } = &finding.location;
        FindingV1 {
            rule: &finding.rule,
            family: &finding.family,
            severity: finding.severity,
            confidence: finding.confidence,
            path,
            line: span.line,
            column: span.column,
            end_line: span.end_line,
            end_column: span.end_column,
            message: &finding.message,
            breaks: &finding.breaks,
            fix: &finding.fix,
            fingerprint: &finding.fingerprint,
            related: finding.related.iter().map(PlaceV1::from).collect(),
            context: finding.context.iter().map(PlaceV1::from).collect(),
            routes: finding.routes.iter().map(|route| route.as_str()).collect(),
            services: finding.services.iter().map(|service| service.name.as_str()).collect(),
            confirm: finding.confirm.as_deref(),
            proof: finding.proof,
        }
    }
}

impl<'a> From<&'a Related> for PlaceV1<'a> {
    fn from(related: &'a Related) -> Self {
        let Location { path, span } = &related.location;
        PlaceV1 { path, line: span.line, column: span.column, message: &related.message }
    }
}

impl<'a> From<&'a Problem> for ProblemV1<'a> {
    fn from(problem: &'a Problem) -> Self {
        let at = problem.location.as_ref();
        let placed = at.filter(|at| at.span.line > 0);
        ProblemV1 {
            path: at.map(|at| &*at.path),
            line: placed.map(|at| at.span.line),
            column: placed.map(|at| at.span.column),
            message: &problem.message,
            help: &problem.help,
        }
    }
}
