//! Services as rows of a report: how many of each run, what each is, and whether its number may be raised.

use super::code;
use super::crosscheck::HIDDEN_BY_AFFINITY;
use super::fleet::{Deployed, Fleet};
use super::image;
use crate::model::Name;
use crate::model::deployment::{Count, Number, ONE_PER_PROCESSOR, Role, SEVERAL_WORD, Service, UNREAD};
use crate::model::fact::FileFacts;
use crate::model::finding::{Finding, Severity};
use crate::model::location::Location;
use crate::model::report::{AtLeast, Cause, ServiceRow};
use crate::model::verdict::Scalability;

/// Families that keep a second instance from starting, though nothing is lost by that: a warning is reason enough.
const IN_THE_WAY: &[&str] = &["container-name", "host-port"];

/// Reasons of a verdict that are told; the findings tell the others.
const MOST_REASONS: usize = 5;

/// The finding tells the rest.
const LONGEST_REASON: usize = 200;

/// All services as rows, in the order of the files. `findings` are those that nobody has accepted.
pub fn rows(fleet: &Fleet<'_>, files: &[FileFacts], findings: &[Finding], singletons: &[Name]) -> Vec<ServiceRow> {
    let row = |deployed: &Deployed<'_>| {
        let service = &deployed.service;
        let name = deployed.name();
        let findings: Vec<&Finding> = findings.iter().filter(|finding| finding.services.contains(&name)).collect();
        let (verdict, mut reasons) =
            verdict(deployed, &findings, singletons, || code::is_known(fleet, deployed, files));
        if reasons.len() > MOST_REASONS {
            let more = reasons.len() - (MOST_REASONS - 1);
            reasons.truncate(MOST_REASONS - 1);
            reasons.push(Cause { message: format!("{more} more findings"), location: None });
        }
        ServiceRow {
            name: service.name.clone(),
            role: service.role,
            replicas: service.replicas(),
            most: service.most_replicas(),
            processes: service.running_processes(),
            at_least: at_least(service),
            location: deployed.location(),
            each: service.processes.as_ref().map_or(Number::Exactly(1), Count::number),
            program: program(service),
            shares_disk: deployed.shares_disk(),
            instances: service.instances.clone(),
            ceiling: service.ceiling.clone(),
            workers: service.processes.clone(),
            runs: in_words(service, &deployed.path),
            verdict,
            reasons,
        }
    };
    fleet.services.iter().filter(|deployed| deployed.is_row).map(row).collect()
}

fn program(service: &Service) -> String {
    let origin = service.build.as_deref().or(service.image.as_deref().map(image::repository));
    [origin, service.command.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(": ")
}

fn at_least(service: &Service) -> AtLeast {
    let replicas = service.instances.iter().any(|count| count.at_least);
    let several = |count: &Option<Count>| count.as_ref().is_some_and(|count| count.at_least);
    let (most, processes) = (several(&service.ceiling), several(&service.processes));
    AtLeast { replicas, most: replicas || most, processes: replicas || processes }
}

/// May the number of instances be raised, and why not?
fn verdict(
    deployed: &Deployed<'_>,
    findings: &[&Finding],
    singletons: &[Name],
    is_known: impl Fn() -> bool,
) -> (Scalability, Vec<Cause>) {
    let service = &deployed.service;
    let say = |message: &str| Cause { message: message.to_owned(), location: None };
    let because = |findings: Vec<&&Finding>| findings.into_iter().map(|finding| cause(finding)).collect::<Vec<_>>();
    if service.kind == UNREAD {
        return (Scalability::Unknown, vec![say("what its file says of it could not be read")]);
    }
    match service.role {
        Role::Database | Role::Cache | Role::Broker => {
            return (
                Scalability::NotByCount,
                vec![say("it keeps data of its own: it scales by replication, not by a number")],
            );
        }
        Role::Balancer => {
            return (
                Scalability::NotByCount,
                vec![say("it stands before the instances; what is behind it is counted")],
            );
        }
        _ => {}
    }
    if singletons.contains(&service.name) {
        return (Scalability::SingleInstance, vec![say("scaleproof.yaml declares it a singleton")]);
    }
    let grave = |finding: &&&Finding| {
        finding.severity == Severity::Error
            || finding.severity == Severity::Warning && IN_THE_WAY.contains(&finding.family.as_str())
    };
    let mut blocking: Vec<&&Finding> = findings.iter().filter(grave).collect();
    blocking.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let hidden = |finding: &&&Finding| HIDDEN_BY_AFFINITY.contains(&finding.family.as_str());
    if !blocking.is_empty() && blocking.iter().all(hidden) {
        return (Scalability::StickySessions, because(blocking));
    }
    if !blocking.is_empty() {
        return (Scalability::SingleInstance, because(blocking));
    }
    if service.role == Role::Cron {
        return (Scalability::SingleInstance, vec![say("every instance would start every job")]);
    }
    if service.role == Role::Unknown && service.build.is_none() && !is_known() {
        return (Scalability::Unknown, vec![say("nothing tells what it is for, and its code is not here")]);
    }
    if !is_known() && service.role != Role::Static {
        return (Scalability::Unknown, vec![say("its code is not here")]);
    }
    let warnings: Vec<&&Finding> = findings.iter().filter(|finding| finding.severity == Severity::Warning).collect();
    (Scalability::Ready, because(warnings))
}

fn cause(finding: &Finding) -> Cause {
    let Finding { message, location, .. } = finding;
    let short = message.chars().take(LONGEST_REASON).collect::<String>();
    let mark = if short.len() < message.len() { "…" } else { "" };
    Cause { message: short + mark, location: Some(Location::clone(location)) }
}

/// How many instances it runs at most, and how often that is: "5" and "up to 5 times".
pub fn how_many(service: &Service) -> (String, String) {
    let (least, most) = (service.replicas(), service.most_replicas());
    match at_least(service) {
        AtLeast { replicas: false, most: false, .. } if most > least => {
            (most.to_string(), format!("up to {most} times"))
        }
        AtLeast { replicas: false, most: false, .. } => (most.to_string(), format!("{most} times")),
        _ => (SEVERAL_WORD.to_owned(), format!("{SEVERAL_WORD} times")),
    }
}

/// "runs 3 instances: server :26, server2 :46, server3 :51". What stands in another file than `path` is told with its name.
pub(super) fn in_words(service: &Service, path: &str) -> String {
    let place = |count: &Count| match &*count.location.path == path {
        true => format!("{} :{}", count.stated_as, count.location.span.line),
        false => format!("{} {}:{}", count.stated_as, count.location.path, count.location.span.line),
    };
    let mut words = match (service.replicas(), service.instances.as_slice()) {
        (0, _) if service.ceiling.is_some() => "runs when there is something to do".to_owned(),
        (0, _) => "is switched off".to_owned(),
        (1, _) => "runs one instance".to_owned(),
        (_, [count]) if count.at_least => format!("runs {SEVERAL_WORD} instances: {}", place(count)),
        (replicas, [count]) => format!("runs {replicas} instances: {}", place(count)),
        (replicas, counts) => {
            format!("runs {replicas} instances: {}", counts.iter().map(place).collect::<Vec<_>>().join(", "))
        }
    };
    if let Some(ceiling) = service.ceiling.as_ref().filter(|ceiling| ceiling.value > service.replicas()) {
        let most = if ceiling.at_least { SEVERAL_WORD.to_owned() } else { ceiling.value.to_string() };
        words += &format!(", up to {most}: {}", place(ceiling));
    }
    if let Some(processes) = service.processes.as_ref().filter(|count| count.value != 1) {
        let each = if service.replicas() > 1 { " each" } else { "" };
        let number = match processes.at_least {
            true => format!("{SEVERAL_WORD} processes ({ONE_PER_PROCESSOR})"),
            false => format!("{} processes", processes.value),
        };
        words += &format!(", {number}{each}: {}", place(processes));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fact::Language;
    use crate::model::finding::Confidence;
    use crate::model::location::Span;

    fn finding(family: &str, severity: Severity) -> Finding {
        Finding {
            rule: "r".into(),
            family: family.into(),
            severity,
            confidence: Confidence::High,
            location: Location::new("a.py", Span::on_line(1, 1, 2)),
            excerpt: None,
            message: family.to_owned(),
            breaks: String::new(),
            fix: String::new(),
            fingerprint: String::new(),
            content: String::new(),
            related: Vec::new(),
            context: Vec::new(),
            services: Vec::new(),
            confirm: None,
            routes: Vec::new(),
            proof: None,
        }
    }

    fn verdict_of(role: Role, findings: &[Finding], is_known: bool, singletons: &[&str]) -> Scalability {
        let mut file = FileFacts::empty("compose.yml", Language::Compose);
        file.services = vec![Service { role, ..Service::named("app", Span::default()) }];
        let files = [file];
        let fleet = Fleet::new(&files);
        let deployed = &fleet.services[0];
        let singletons: Vec<Name> = singletons.iter().map(Name::new).collect();
        let (verdict, reasons) = verdict(deployed, &findings.iter().collect::<Vec<_>>(), &singletons, || is_known);
        assert!(verdict == Scalability::Ready || !reasons.is_empty(), "every other verdict has a reason");
        verdict
    }

    #[test]
    fn what_may_be_scaled_and_what_not() {
        let (session, state) = (finding("session-store", Severity::Error), finding("process-state", Severity::Error));
        let (port, cache) = (finding("host-port", Severity::Warning), finding("local-cache", Severity::Warning));
        let web = |findings: &[Finding]| verdict_of(Role::Web, findings, true, &[]);
        assert_eq!(web(&[]), Scalability::Ready);
        assert_eq!(web(std::slice::from_ref(&cache)), Scalability::Ready);
        assert_eq!(web(std::slice::from_ref(&session)), Scalability::StickySessions);
        assert_eq!(web(&[session, state]), Scalability::SingleInstance);
        assert_eq!(web(&[port]), Scalability::SingleInstance);
        assert_eq!(verdict_of(Role::Web, &[], false, &[]), Scalability::Unknown);
        assert_eq!(verdict_of(Role::Web, &[], true, &["app"]), Scalability::SingleInstance);
        assert_eq!(verdict_of(Role::Cron, &[], true, &[]), Scalability::SingleInstance);
        assert_eq!(verdict_of(Role::Bot, &[], true, &[]), Scalability::Ready, "it may be a webhook");
        assert_eq!(verdict_of(Role::Database, &[], true, &[]), Scalability::NotByCount);
        assert_eq!(verdict_of(Role::Static, &[], false, &[]), Scalability::Ready);
    }

    fn count(value: u32, stated_as: &str, line: u32) -> Count {
        let location = Location::new("docker-compose.yml", Span::on_line(line, 1, 2));
        Count::new(value, stated_as, location)
    }

    #[test]
    fn copies_are_named_with_their_lines() {
        let mut service = Service::named("server", Span::default());
        service.instances = vec![count(1, "server", 26), count(1, "server2", 46), count(1, "server3", 51)];
        assert_eq!(in_words(&service, "docker-compose.yml"), "runs 3 instances: server :26, server2 :46, server3 :51");
    }

    #[test]
    fn what_no_file_counts_is_several() {
        let mut service = Service::named("web", Span::default());
        let location = Location::new("docker-compose.yml", Span::on_line(4, 1, 2));
        service.processes = Some(Count::new(Number::Several, "gunicorn workers", location.clone()));
        assert_eq!(
            in_words(&service, "docker-compose.yml"),
            "runs one instance, several processes (one per processor): gunicorn workers :4"
        );
        assert_eq!(at_least(&service), AtLeast { processes: true, ..AtLeast::default() });
        service.instances = vec![Count::new(Number::Several, "deploy.mode: global", location)];
        service.processes = None;
        assert_eq!(in_words(&service, "docker-compose.yml"), "runs several instances: deploy.mode: global :4");
        assert_eq!(at_least(&service), AtLeast { replicas: true, most: true, processes: true });
    }

    #[test]
    fn an_autoscaler_in_another_file_is_named_with_it() {
        let mut service = Service::named("web", Span::default());
        service.ceiling = Some(count(5, "maxReplicas", 9));
        assert_eq!(in_words(&service, "k8s/web.yaml"), "runs one instance, up to 5: maxReplicas docker-compose.yml:9");
        service.instances = vec![count(0, "minReplicaCount", 8)];
        let idle = "runs when there is something to do, up to 5: maxReplicas docker-compose.yml:9";
        assert_eq!(in_words(&service, "k8s/web.yaml"), idle);
    }
}
