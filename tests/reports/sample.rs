//! One report with everything awkward in it.

use scaleproof::model::deployment::{Count, Number, Role};
use scaleproof::model::fact::Language;
use scaleproof::model::finding::{Confidence, Finding, Proof, Related, ServiceName, Severity, Suppressed};
use scaleproof::model::location::{Excerpt, Location, Span};
use scaleproof::model::outcome::{Outcome, Story, StoryStep};
use scaleproof::model::problem::Problem;
use scaleproof::model::report::{
    AtLeast, Cause, Coverage, Foreign, LintReport, PassedOver, Raise, Reason, ServiceRow, Share, TestReport, Volume,
};
use scaleproof::model::rule::{Reading, RuleStory, Way};
use scaleproof::model::verdict::{CheckVerdict, Gate, Readiness, Scalability};

pub fn related(path: &str, line: u32, message: &str) -> Related {
    Related { location: Location::new(path, Span::on_line(line, 1, 6)), message: message.into(), excerpt: None }
}

pub fn finding(rule: &str, path: &str, severity: Severity, message: &str) -> Finding {
    Finding {
        rule: rule.into(),
        family: "session-store".into(),
        severity,
        confidence: Confidence::High,
        location: Location::new(path, Span::on_line(3, 9, 18)),
        excerpt: Some(Excerpt { first_line: 3, text: "app.use(session({ secret }));\n".into() }),
        message: message.into(),
        breaks: "A user signs in on replica A. Replica B has never heard of that session.".into(),
        fix: "Give `session()` a store that all replicas reach.".into(),
        fingerprint: "00112233445566aa".into(),
        content: "8899aabbccddeeff".into(),
        related: Vec::new(),
        context: Vec::new(),
        services: Vec::new(),
        confirm: Some("session-cross".into()),
        routes: Vec::new(),
        proof: None,
    }
}

fn rule(id: &str, severity: Severity) -> RuleStory {
    RuleStory {
        id: id.into(),
        family: "session-store".into(),
        title: "Sessions are kept in the memory of one replica".into(),
        severity,
        confidence: Confidence::High,
        breaks: "A user signs in on replica A. Replica B has never heard of that session.".into(),
        fix: "Give `session()` a store that all replicas reach.".into(),
        ways: vec![Way {
            languages: vec!["JavaScript/TypeScript".into()],
            say: "`session()` without `store`".into(),
            severity,
            confidence: Confidence::Medium,
            fix: None,
        }],
        confirm: Some("session-cross".into()),
        read: vec![Reading { title: "A manual".into(), address: "https://example.org/manual#store".into() }],
    }
}

/// A service with one process for each processor, and an autoscaler without an end.
fn several() -> ServiceRow {
    let location = Location::new("service.yaml", Span::on_line(4, 1, 2));
    ServiceRow {
        name: "hello".into(),
        role: Role::Web,
        replicas: 1,
        most: 2,
        processes: 2,
        at_least: AtLeast { replicas: false, most: true, processes: true },
        location: location.clone(),
        each: Number::Several,
        program: "hello".into(),
        shares_disk: false,
        instances: vec![],
        ceiling: None,
        workers: Some(Count::new(Number::Several, "gunicorn workers", location)),
        runs: "runs one instance, several processes (one per processor): gunicorn workers".into(),
        verdict: Scalability::Ready,
        reasons: vec![],
    }
}

/// Two findings in a file whose name is awkward, one whose texts are, one that a comment silences; problems with and without a
/// place; everything that a summary can say.
pub fn lint() -> LintReport {
    let path = "src/größe|1 %.js";
    let context = vec![related("docker-compose.yml", 7, "already more than one: `web` runs 3 instances")];
    let mut first =
        finding("memory-session", path, Severity::Error, "`session()` without `store` keeps sessions in memory");
    first.related = vec![Related {
        excerpt: Some(Excerpt { first_line: 9, text: "\tsessions.é = {}\n".into() }),
        ..related(path, 9, "written here")
    }];
    first.context = context.clone();
    first.routes = vec!["POST /cart".into()];
    let mut second = Finding { context, fingerprint: "00112233445566ab".into(), ..first.clone() };
    second.location.span = Span { line: 12, column: 1, end_line: 14, end_column: 2 };
    second.excerpt = Some(Excerpt { first_line: 12, text: "app.use(session({\n  secret,\n}));\n".into() });
    let awkward = Finding {
        confidence: Confidence::Medium,
        confirm: None,
        fingerprint: "00112233445566ac".into(),
        ..finding(
            "awkward-text",
            "templates/<b>.py",
            Severity::Info,
            "ends ]]> a | cell, **bold**, @you\n::error::no \u{1b}[31m",
        )
    };
    let silenced =
        Finding { fingerprint: "00112233445566ad".into(), ..finding("memory-session", "old.js", Severity::Error, "x") };
    LintReport {
        findings: vec![first, second, awkward],
        suppressed: vec![Suppressed {
            finding: silenced,
            reason: "one replica for ever".into(),
            said_at: Location::new("old.js", Span::on_line(2, 1, 60)),
        }],
        services: vec![
            ServiceRow {
                name: "web".into(),
                role: Role::Web,
                replicas: 3,
                most: 5,
                processes: 12,
                at_least: Default::default(),
                location: Location::new("docker-compose.yml", Span::on_line(7, 3, 6)),
                each: Number::Exactly(4),
                program: "shop".into(),
                shares_disk: false,
                ceiling: None,
                workers: None,
                instances: vec![Count::new(
                    3,
                    "deploy.replicas",
                    Location::new("docker-compose.yml", Span::on_line(9, 17, 18)),
                )],
                runs: "runs 3 instances: deploy.replicas :9".into(),
                verdict: Scalability::SingleInstance,
                reasons: vec![
                    Cause {
                        message: "`session()` without `store` keeps sessions in memory".into(),
                        location: Some(Location::new(path, Span::on_line(3, 9, 18))),
                    },
                    Cause { message: "every | instance *starts* every job".into(), location: None },
                ],
            },
            several(),
        ],
        raised: vec![Raise {
            service: ServiceName { name: "web".into(), path: "docker-compose.yml".into(), line: 2 },
            what: "instances".into(),
            before: Some(1.into()),
            now: 3.into(),
            shares_disk: false,
            location: Location::new("docker-compose.yml", Span::on_line(9, 17, 18)),
        }],
        problems: vec![
            Problem::new("there is no rule `x`")
                .at("a.py", Span::on_line(2, 3, 4), "a\nb # scaleproof\nc\n")
                .help("Look."),
            Problem::new("2.4 MB: larger than 1 MB, not analysed").in_file("big.js"),
            Problem::new("no place at all"),
        ],
        files: 5,
        lines: 321,
        hidden: 2,
        coverage: Coverage {
            languages: vec![
                Volume { language: Language::JavaScript, files: 3, lines: 300 },
                Volume { language: Language::Compose, files: 2, lines: 21 },
            ],
            in_part: 1,
            lost: 0,
            passed_over: vec![
                PassedOver { path: "big.js".into(), reason: Reason::TooLarge },
                PassedOver { path: "x.min.js".into(), reason: Reason::Minified },
            ],
            not_understood: vec![
                Foreign { format: "Helm".into(), files: 3 },
                Foreign { format: "Terraform".into(), files: 2 },
            ],
        },
        rules: vec![rule("memory-session", Severity::Error), rule("awkward-text", Severity::Info)],
        fail_on: Some(Severity::Error),
        verdict: Gate::Fail,
        ..LintReport::default()
    }
}

fn check(id: &str, verdict: CheckVerdict, summary: &str) -> Outcome {
    Outcome {
        id: id.into(),
        verdict,
        severity: Severity::Error,
        summary: summary.into(),
        evidence: vec!["written on r1, read on r2 0/1 FAILED".into()],
        power: "What shows in more than 39 % would have been seen.".into(),
        story: None,
        routes: Vec::new(),
        whole_app: false,
    }
}

fn step(method: &str, replica: Option<&str>, status: Option<u16>, note: &str, failed: bool) -> StoryStep {
    StoryStep {
        at_ms: 1.5,
        line: 4,
        method: method.into(),
        target: "/körbe?q=a|b".into(),
        replica: replica.map(Into::into),
        status,
        note: note.into(),
        failed,
    }
}

/// A check of each verdict, a story whose last request got no response, findings with each proof.
pub fn test() -> TestReport {
    let mut failed = check("ryw", CheckVerdict::Fail, "`GET /cart` on r2 does not see what `POST /cart` on r1 wrote");
    failed.story = Some(Story {
        scenario: "cart | ``` \u{1b}[2J".into(),
        path: "stories/cart.hurl".into(),
        user: 1,
        steps: vec![
            step("POST", Some("r1"), Some(201), "sets sid", false),
            step("GET", None, None, "expected 1 item", true),
        ],
        control: "these steps pass on one replica".into(),
    });
    let proven = |proof| Finding { proof, ..finding("memory-session", "a.js", Severity::Error, "sessions in memory") };
    TestReport {
        app: "shop".into(),
        verdict: Readiness::Unknown,
        reason: "the run was interrupted".into(),
        replicas: 3,
        seed: 42,
        command: vec!["node".into(), "server.js".into()],
        checks: vec![
            check("port", CheckVerdict::Pass, "3 replicas listen on their own ports"),
            failed,
            check("session-cross", CheckVerdict::Unknown, "no session was begun"),
            check("sigterm", CheckVerdict::Skipped, "nothing to look at"),
        ],
        distribution: vec![Share { replica: "r1".into(), requests: 16 }],
        findings: vec![
            proven(Some(Proof::Confirmed)),
            proven(Some(Proof::NotReproduced)),
            proven(Some(Proof::NotTried)),
        ],
        notes: vec!["r2 ended by itself".into()],
        problems: vec![Problem::new("no place at all")],
        seconds: 1.25,
        log: None,
    }
}
