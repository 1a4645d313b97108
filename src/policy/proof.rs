//! Lint proposes, test proves: which finding does a run confirm?

use crate::model::Name;
use crate::model::finding::{Finding, Proof};
use crate::model::outcome::Outcome;
use crate::model::verdict::CheckVerdict;

/// Marks each finding with what the run said of it.
///
/// A failed check confirms the findings that name it, but where some of these touch a route of the failing story, only
/// those: the others were not tried by this story. A passed check says "not reproduced" about a finding whose routes it
/// asked, or whose routes are unknown.
pub fn correlate(findings: &mut [Finding], outcomes: &[Outcome]) {
    let explained: Vec<bool> = findings
        .iter()
        .map(|finding| check_of(finding, outcomes).is_some_and(|check| meet(&finding.routes, &check.routes)))
        .collect();
    let some_explained = |check: &Name| {
        findings
            .iter()
            .zip(&explained)
            .any(|(finding, explained)| *explained && finding.confirm.as_ref() == Some(check))
    };
    let proofs: Vec<Proof> = findings
        .iter()
        .zip(&explained)
        .map(|(finding, explained)| match check_of(finding, outcomes) {
            Some(check) => judge(check, finding, *explained, some_explained(&check.id)),
            None => Proof::NotTried,
        })
        .collect();
    for (finding, proof) in findings.iter_mut().zip(proofs) {
        finding.proof = Some(proof);
    }
}

fn check_of<'a>(finding: &Finding, outcomes: &'a [Outcome]) -> Option<&'a Outcome> {
    let id = finding.confirm.as_ref()?;
    outcomes.iter().find(|outcome| outcome.id == *id)
}

fn judge(check: &Outcome, finding: &Finding, explained: bool, some_explained: bool) -> Proof {
    match check.verdict {
        CheckVerdict::Fail if explained || !some_explained => Proof::Confirmed,
        CheckVerdict::Pass if explained || finding.routes.is_empty() || check.routes.is_empty() => Proof::NotReproduced,
        _ => Proof::NotTried,
    }
}

/// Some route of the finding was asked. Routes are `METHOD /path`; a finding's path may hold parameters
/// (`/cart/:id`, `/cart/{id}`, `/cart/<id>`), its method may be `*`.
fn meet(declared: &[Name], asked: &[Name]) -> bool {
    declared.iter().any(|pattern| asked.iter().any(|route| route_matches(pattern, route)))
}

fn route_matches(pattern: &str, route: &str) -> bool {
    let (Some((wanted, pattern)), Some((method, path))) = (pattern.split_once(' '), route.split_once(' ')) else {
        return false;
    };
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let (pattern, path): (Vec<&str>, Vec<&str>) = (segments(pattern), segments(path));
    (wanted == "*" || wanted.eq_ignore_ascii_case(method))
        && pattern.len() == path.len()
        && pattern
            .iter()
            .zip(&path)
            .all(|(wanted, given)| is_parameter(wanted) || is_parameter(given) || wanted == given)
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|segment| !segment.is_empty()).collect()
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with([':', '{', '<', '[', '*'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_with_parameters_meets_what_was_asked() {
        assert!(route_matches("GET /cart/:id", "GET /cart/42?x=1"));
        assert!(route_matches("* /cart/<int:id>/", "POST /cart/42"));
        assert!(route_matches("get /", "GET /"));
        assert!(!route_matches("GET /cart", "POST /cart"));
        assert!(!route_matches("GET /cart/{id}", "GET /cart"));
    }
}
