//! Lint proposes, test proves: which finding does a run confirm?

use crate::model::Name;
use crate::model::finding::{Finding, Proof};
use crate::model::outcome::Outcome;
use crate::model::verdict::CheckVerdict;

/// Marks each finding with what the run said of it.
///
/// | check | routes of the finding | proof |
/// |---|---|---|
/// | failed | meet those of the failing story | confirmed |
/// | failed | unknown, and no other finding of the check meets the story | confirmed |
/// | passed | were asked, to write and to read, as far as it has either | not reproduced |
/// | passed | unknown, but the check tries the app as a whole (a port, a session) | not reproduced |
/// | passed | any, but the check asks no routes (a port) | not reproduced |
/// | anything else | | not tried |
///
/// A finding whose routes are unknown may lie where no request went: a pass over some routes says nothing about it.
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
    let unknown = finding.routes.is_empty();
    let exercised =
        if unknown || check.routes.is_empty() { check.whole_app } else { covered(&finding.routes, &check.routes) };
    match check.verdict {
        CheckVerdict::Fail if explained || (unknown && !some_explained) => Proof::Confirmed,
        CheckVerdict::Pass if exercised => Proof::NotReproduced,
        _ => Proof::NotTried,
    }
}

/// Some route of the finding was asked. Routes are `METHOD /path`; a finding's path may hold parameters
/// (`/cart/:id`, `/cart/{id}`, `/cart/<id>`), its method may be `*`.
fn meet(declared: &[Name], asked: &[Name]) -> bool {
    declared.iter().any(|pattern| asked.iter().any(|route| route_matches(pattern, route)))
}

/// What the finding's routes write was written, and what they read was read: who only writes sees nothing missing.
fn covered(declared: &[Name], asked: &[Name]) -> bool {
    let (reading, writing): (Vec<Name>, Vec<Name>) = declared.iter().cloned().partition(|route| reads(route));
    meet(declared, asked) && [reading, writing].iter().all(|routes| routes.is_empty() || meet(routes, asked))
}

fn reads(route: &str) -> bool {
    route
        .split_once(' ')
        .is_some_and(|(method, _)| ["GET", "HEAD"].iter().any(|known| method.eq_ignore_ascii_case(known)))
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
    use crate::model::finding::{Confidence, Severity};
    use crate::model::location::{Location, Span};

    #[test]
    fn a_route_with_parameters_meets_what_was_asked() {
        assert!(route_matches("GET /cart/:id", "GET /cart/42?x=1"));
        assert!(route_matches("* /cart/<int:id>/", "POST /cart/42"));
        assert!(route_matches("get /", "GET /"));
        assert!(!route_matches("GET /cart", "POST /cart"));
        assert!(!route_matches("GET /cart/{id}", "GET /cart"));
    }

    fn names(routes: &[&str]) -> Vec<Name> {
        routes.iter().map(|route| Name::from(*route)).collect()
    }

    fn finding(routes: &[&str]) -> Finding {
        Finding {
            rule: "rule".into(),
            family: "process-state".into(),
            severity: Severity::Error,
            confidence: Confidence::High,
            location: Location::new("app.py", Span::default()),
            excerpt: None,
            message: String::new(),
            breaks: String::new(),
            fix: String::new(),
            fingerprint: String::new(),
            content: String::new(),
            related: Vec::new(),
            context: Vec::new(),
            services: Vec::new(),
            confirm: Some("check".into()),
            routes: names(routes),
            proof: None,
        }
    }

    fn outcome(verdict: CheckVerdict, routes: &[&str], whole_app: bool) -> Outcome {
        Outcome {
            id: "check".into(),
            verdict,
            severity: Severity::Error,
            summary: String::new(),
            evidence: Vec::new(),
            power: String::new(),
            story: None,
            routes: names(routes),
            whole_app,
        }
    }

    fn proofs(findings: &[&[&str]], outcome: Outcome) -> Vec<Proof> {
        let mut findings: Vec<Finding> = findings.iter().map(|routes| finding(routes)).collect();
        correlate(&mut findings, &[outcome]);
        findings.into_iter().filter_map(|finding| finding.proof).collect()
    }

    use CheckVerdict::{Fail, Pass, Skipped, Unknown};
    use Proof::{Confirmed, NotReproduced, NotTried};

    const CART: &[&str] = &["POST /cart", "GET /cart"];

    #[test]
    fn a_pass_says_nothing_about_routes_that_nobody_asked() {
        let pass = |asked: &[&str]| proofs(&[CART, &["POST /cart"], &[]], outcome(Pass, asked, false));
        assert_eq!(pass(&["POST /ping", "GET /"]), [NotTried, NotTried, NotTried]);
        assert_eq!(pass(&["POST /cart", "GET /"]), [NotTried, NotReproduced, NotTried]);
        assert_eq!(pass(&["POST /cart", "GET /cart"]), [NotReproduced, NotReproduced, NotTried]);
        assert_eq!(pass(&[]), [NotTried, NotTried, NotTried]);
    }

    #[test]
    fn a_pass_over_the_whole_app_speaks_of_unknown_routes_too() {
        assert_eq!(proofs(&[&[], CART], outcome(Pass, &["GET /me"], true)), [NotReproduced, NotTried]);
        assert_eq!(proofs(&[&[], CART], outcome(Pass, &[], true)), [NotReproduced, NotReproduced]);
    }

    #[test]
    fn a_failure_confirms_what_its_story_touches_and_no_strangers() {
        let fail = |findings| proofs(findings, outcome(Fail, &["POST /cart", "GET /cart"], false));
        assert_eq!(fail(&[CART, &["GET /admin"], &[]]), [Confirmed, NotTried, NotTried]);
        assert_eq!(fail(&[&["GET /admin"], &[]]), [NotTried, Confirmed]);
    }

    #[test]
    fn what_could_not_be_decided_proves_nothing() {
        for verdict in [Unknown, Skipped] {
            assert_eq!(proofs(&[CART, &[]], outcome(verdict, CART, true)), [NotTried, NotTried]);
        }
    }
}
