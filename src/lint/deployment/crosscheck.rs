//! What the deployment makes of a finding in code: worse, harmless, hidden, or nothing.

use super::code::Context;
use super::fleet::Deployed;
use crate::model::Name;
use crate::model::deployment::{Affinity, AffinityKey, Service, Sharing};
use crate::model::fact::{Setting, Value};
use crate::model::finding::{Related, SHARED_ON_ONE_DISK, Severity};

/// Families of what nobody sees as long as each client stays with one instance.
pub const HIDDEN_BY_AFFINITY: &[&str] = &["session-store", "balancer-affinity"];

/// Families of what one instance does as badly as several.
const WHATEVER_THE_NUMBER: &[&str] = &["no-graceful-shutdown", "no-health-check"];

/// The family of what asks for nothing but affinity.
const NEEDS_AFFINITY: &str = "balancer-affinity";

/// Families of what a client that stays with one instance sees less often.
const MASKED_BY_AFFINITY: &[&str] =
    &["session-store", "process-state", "local-cache", "rate-limit", "realtime-fanout", "boot-secret"];

/// Families of what is written to a disk.
const ON_DISK: &[&str] = &["local-file", "embedded-db", "session-store"];

/// The family of files that several programs write at once, trusting in locks that a network file system does not keep:
/// <https://sqlite.org/faq.html#q5>.
const TRUSTS_LOCKS: &str = "embedded-db";

/// A finding before the deployment is looked at.
pub struct Unweighed<'h> {
    pub family: &'h str,
    pub severity: Severity,
    /// The variable of the environment that, where it is set, makes it harmless.
    pub variable: Option<&'h Name>,
    /// It is so only under circumstances that nobody knows: a variable that is not set, one of several branches.
    pub conditional: bool,
    /// Texts that stand in it.
    pub texts: &'h [Name],
}

/// What the deployment makes of it.
#[derive(Debug, PartialEq)]
pub struct Weighed {
    pub severity: Severity,
    pub context: Vec<Related>,
}

/// Weighs a finding in code; `None` where the deployment makes it untrue.
pub fn weigh(finding: &Unweighed<'_>, context: &Context<'_>) -> Option<Weighed> {
    if !context.runs_once.is_empty() {
        // A second instance is out of the question there; whoever wants one is told by then.
        return Some(Weighed { severity: Severity::Info, context: context.runs_once.clone() });
    }
    let is_set = |app: &Deployed<'_>| {
        let named = |setting: &&Setting| Some(&setting.key) == finding.variable;
        app.service.environment.iter().filter(named).any(|setting| !is_empty(&setting.value))
    };
    let is_kept = |app: &Deployed<'_>| finding.family == NEEDS_AFFINITY && affinity(&app.service).is_some();
    if !context.apps.is_empty() && context.apps.iter().all(|app| is_set(app) || is_kept(app)) {
        return None;
    }
    let mut places = context.instances.clone();
    if !SHARED_ON_ONE_DISK.contains(&finding.family) {
        places.extend(context.processes.iter().cloned());
    }
    let already = !places.is_empty();
    let depends = !WHATEVER_THE_NUMBER.contains(&finding.family);
    places.extend(context.possible.iter().cloned());
    places.extend(masks(finding, context));
    let volumes = volumes(finding, context);
    let reach = volumes.iter().map(|volume| volume.reach).min();
    places.extend(volumes.into_iter().map(|volume| volume.place));
    let severity = match finding.severity {
        severity if reach == Some(Reach::Everybody) => severity.min(Severity::Info),
        severity if reach == Some(Reach::OneHost) => severity.min(Severity::Warning),
        Severity::Warning if already && !finding.conditional && depends => Severity::Error,
        severity => severity,
    };
    Some(Weighed { severity, context: places })
}

/// A variable without a text is one that is not set, to `or` and `||`.
fn is_empty(value: &Value) -> bool {
    matches!(value, Value::Text(text) if text.is_empty())
}

/// By the client, as opposed to by what is asked for.
fn affinity(service: &Service) -> Option<&Affinity> {
    service.affinity.as_ref().filter(|affinity| affinity.by != AffinityKey::Request)
}

/// Affinity does not mend it, it hides it: until an instance goes, or a client comes without cookie.
fn masks(finding: &Unweighed<'_>, context: &Context<'_>) -> Vec<Related> {
    if !MASKED_BY_AFFINITY.contains(&finding.family) {
        return Vec::new();
    }
    let affinities = context.apps.iter().filter_map(|app| Some((&app.service, affinity(&app.service)?)));
    let mask = |(app, affinity): (&Service, &Affinity)| Related {
        location: affinity.location.clone(),
        message: format!("masked, as long as clients stay with one instance of `{}`: {}", app.name, affinity.stated_as),
        excerpt: None,
    };
    affinities.map(mask).collect()
}

/// How far what is written to a volume is seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// Not by all instances, or not soundly.
    Nowhere,
    /// By all instances, for they run on one host.
    OneHost,
    Everybody,
}

/// A mount that what is written goes to.
struct Volume {
    reach: Reach,
    place: Related,
}

/// The mounts that what is written goes to. What copies of a service have in common is told once.
fn volumes(finding: &Unweighed<'_>, context: &Context<'_>) -> Vec<Volume> {
    if !ON_DISK.contains(&finding.family) {
        return Vec::new();
    }
    let mut found: Vec<Volume> = Vec::new();
    for app in &context.apps {
        let mounts = app.service.mounts.iter().filter(|mount| !mount.read_only);
        for mount in mounts.filter(|mount| finding.texts.iter().any(|text| lies_in(text, &mount.target))) {
            let Some((reach, what)) = seen_by(mount.sharing, app, finding.family) else { continue };
            let message = format!("`{}` keeps {} in {what}", app.service.name, mount.target);
            if !found.iter().any(|known| known.place.message == message) {
                let place = Related { location: app.place(mount.span), message, excerpt: None };
                found.push(Volume { reach, place });
            }
        }
    }
    found
}

/// Who sees what is written to a volume, and what it is called; `None` where nobody knows.
fn seen_by(sharing: Sharing, app: &Deployed<'_>, family: &str) -> Option<(Reach, &'static str)> {
    Some(match sharing {
        Sharing::Network if family == TRUSTS_LOCKS => {
            (Reach::Nowhere, "a volume that all instances share, and locks of files do not hold over a network")
        }
        Sharing::Network => (Reach::Everybody, "a volume that all instances share"),
        Sharing::Own => (Reach::Nowhere, "a volume that each instance has for itself"),
        Sharing::Ephemeral => (Reach::Nowhere, "a folder that is gone with the instance"),
        Sharing::Bind | Sharing::Host if family != TRUSTS_LOCKS && app.is_on_one_host() => {
            (Reach::OneHost, "a volume of one host: instances there share it, one on another host does not")
        }
        Sharing::Bind => (Reach::Nowhere, "a folder of one host"),
        Sharing::Host => (Reach::Nowhere, "a volume of one host"),
        Sharing::Unknown => return None,
    })
}

/// Does a path of the program lie in a mounted folder? A relative path does where the folder is called like its beginning:
/// `uploads/a.png` and `/app/uploads`.
fn lies_in(path: &str, target: &str) -> bool {
    let target = target.trim_end_matches('/');
    let path = path.split_once("://").map_or(path, |(_, path)| path);
    let within = |path: &str, folder: &str| {
        path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if path.starts_with('/') {
        return !target.is_empty() && within(path.trim_start_matches('/'), target.trim_start_matches('/'));
    }
    let path = path.trim_start_matches("./");
    let (_, name) = target.rsplit_once('/').unwrap_or(("", target));
    name.len() > 2 && within(path, name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::deployment::Fleet;
    use crate::model::deployment::Mount;
    use crate::model::fact::{FileFacts, Language};
    use crate::model::location::{Location, Span};

    fn place(message: &str) -> Related {
        Related {
            location: Location::new("compose.yml", Span::on_line(3, 1, 2)),
            message: message.into(),
            excerpt: None,
        }
    }

    fn weighed(
        family: &str,
        texts: &[&str],
        variable: Option<&str>,
        service: &Service,
        several: &[&str],
    ) -> Option<(Severity, Vec<String>)> {
        let texts: Vec<Name> = texts.iter().map(Name::new).collect();
        let variable = variable.map(Name::new);
        let finding = Unweighed {
            family,
            severity: Severity::Warning,
            variable: variable.as_ref(),
            conditional: variable.is_some(),
            texts: &texts,
        };
        let mut file = FileFacts::empty("compose.yml", Language::Compose);
        file.services = vec![service.clone()];
        let files = [file];
        let fleet = Fleet::new(&files);
        let context = Context {
            apps: fleet.services.iter().collect(),
            instances: several.iter().filter(|it| **it == "instances").map(|it| place(it)).collect(),
            possible: several.iter().filter(|it| **it == "possible").map(|it| place(it)).collect(),
            processes: several.iter().filter(|it| **it == "processes").map(|it| place(it)).collect(),
            runs_once: several.iter().filter(|it| **it == "once").map(|it| place(it)).collect(),
        };
        let Weighed { severity, context } = weigh(&finding, &context)?;
        Some((severity, context.into_iter().map(|related| related.message).collect()))
    }

    fn web() -> Service {
        Service::named("web", Span::default())
    }

    #[test]
    fn what_a_platform_may_do_is_told_and_raises_nothing() {
        let (severity, places) = weighed("local-cache", &[], None, &web(), &["possible"]).unwrap();
        assert_eq!((severity, places), (Severity::Warning, vec!["possible".to_owned()]));
    }

    #[test]
    fn what_is_true_already_is_raised() {
        let (severity, places) = weighed("local-cache", &[], None, &web(), &["instances"]).unwrap();
        assert_eq!((severity, places), (Severity::Error, vec!["instances".to_owned()]));
        assert_eq!(weighed("local-cache", &[], None, &web(), &["processes"]).unwrap().0, Severity::Error);
        assert_eq!(
            weighed("local-file", &[], None, &web(), &["processes"]).unwrap().0,
            Severity::Warning,
            "they share a disk"
        );
        let stop = weighed("no-graceful-shutdown", &[], None, &web(), &["instances"]).unwrap();
        assert_eq!(stop.0, Severity::Warning, "it is as bad with one");
        assert_eq!(weighed("local-cache", &[], None, &web(), &["possible"]).unwrap().0, Severity::Warning);
        assert_eq!(weighed("local-cache", &[], None, &web(), &["once"]).unwrap().0, Severity::Info);
    }

    #[test]
    fn a_variable_that_the_deployment_sets_makes_a_fallback_untrue() {
        let mut service = web();
        let setting =
            |key: &str| Setting { key: key.into(), value: Value::Unknown, function: None, span: Span::default() };
        service.environment = vec![setting("SECRET_KEY")];
        assert_eq!(weighed("boot-secret", &[], Some("SECRET_KEY"), &service, &[]), None);
        service.environment[0].value = Value::Text("".into());
        assert!(weighed("boot-secret", &[], Some("SECRET_KEY"), &service, &[]).is_some(), "it is empty");
        let (severity, _) = weighed("boot-secret", &[], Some("JWT_KEY"), &service, &["instances"]).unwrap();
        assert_eq!(severity, Severity::Warning, "whether it is true already nobody knows");
    }

    #[test]
    fn affinity_is_named_as_the_mask() {
        let mut service = web();
        let location = Location::new("nginx.conf", Span::on_line(3, 1, 2));
        service.affinity = Some(Affinity { by: AffinityKey::Address, stated_as: "ip_hash".into(), location });
        let (_, places) = weighed("session-store", &[], None, &service, &[]).unwrap();
        assert_eq!(places, ["masked, as long as clients stay with one instance of `web`: ip_hash"]);
        assert_eq!(weighed("local-file", &[], None, &service, &[]).unwrap().1, Vec::<String>::new());
        if let Some(affinity) = &mut service.affinity {
            affinity.by = AffinityKey::Request;
        }
        assert_eq!(weighed("session-store", &[], None, &service, &[]).unwrap().1, Vec::<String>::new(), "by address");
    }

    #[test]
    fn what_asks_for_affinity_is_content_with_it() {
        let mut service = web();
        assert!(weighed("balancer-affinity", &[], None, &service, &[]).is_some());
        let location = Location::new("nginx.conf", Span::on_line(3, 1, 2));
        service.affinity = Some(Affinity { by: AffinityKey::Cookie, stated_as: "sticky cookie".into(), location });
        assert_eq!(weighed("balancer-affinity", &[], None, &service, &[]), None);
    }

    #[test]
    fn files_are_judged_by_the_volume_that_they_lie_in() {
        let mut service = web();
        let mount = |sharing| Mount {
            source: "data".into(),
            target: "/app/uploads".into(),
            read_only: false,
            sharing,
            span: Span::default(),
        };
        service.mounts = vec![mount(Sharing::Network)];
        assert_eq!(
            weighed("local-file", &["uploads/x.png"], None, &service, &["instances"]).unwrap().0,
            Severity::Info
        );
        let network = weighed("embedded-db", &["/app/uploads/a.db"], None, &service, &["instances"]).unwrap();
        assert_eq!(network.0, Severity::Error, "locks of files do not hold there");
        service.mounts = vec![mount(Sharing::Own)];
        let (severity, places) = weighed("local-file", &["/app/uploads"], None, &service, &["instances"]).unwrap();
        assert_eq!(severity, Severity::Error);
        assert_eq!(places[1], "`web` keeps /app/uploads in a volume that each instance has for itself");
    }

    #[test]
    fn what_instances_of_one_host_share_breaks_only_on_a_second_host() {
        let mut service = web();
        let (source, target) = ("data".into(), "/app/uploads".into());
        service.mounts =
            vec![Mount { source, target, read_only: false, sharing: Sharing::Host, span: Span::default() }];
        let severity =
            |service: &Service| weighed("local-file", &["/app/uploads"], None, service, &["instances"]).unwrap().0;
        assert_eq!(severity(&service), Severity::Warning);
        let value = Value::Text("global".into());
        service.settings = vec![Setting { key: "deploy.mode".into(), value, function: None, span: Span::default() }];
        assert_eq!(severity(&service), Severity::Error, "a swarm has many hosts");
    }

    #[test]
    fn paths_lie_in_mounted_folders() {
        for (path, target, expected) in [
            ("/data/app.db", "/data", true),
            ("/database/app.db", "/data", false),
            ("sqlite:////data/app.db", "/data", true),
            ("./uploads", "/app/uploads/", true),
            ("uploads2", "/app/uploads", false),
            ("x", "/", false),
        ] {
            assert_eq!(lies_in(path, target), expected, "{path} in {target}");
        }
    }
}
