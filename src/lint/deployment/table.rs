//! Services as rows of a report.

use super::fleet::Fleet;
use crate::model::deployment::{Count, Service};
use crate::model::report::ServiceRow;

/// All services as rows, in the order of the files.
pub fn rows(fleet: &Fleet<'_>) -> Vec<ServiceRow> {
    let row = |deployed: &super::Deployed<'_>| ServiceRow {
        name: deployed.service.name.clone(),
        role: deployed.service.role,
        replicas: deployed.service.replicas(),
        processes: deployed.service.running_processes(),
        location: deployed.location(),
        verdict: in_words(&deployed.service, &deployed.path),
    };
    fleet.services.iter().filter(|deployed| deployed.is_row).map(row).collect()
}

/// "runs 3 instances: server :26, server2 :46, server3 :51". What stands in another file than `path` is told with its name.
pub(super) fn in_words(service: &Service, path: &str) -> String {
    let place = |count: &Count| match &*count.location.path == path {
        true => format!("{} :{}", count.stated_as, count.location.span.line),
        false => format!("{} {}:{}", count.stated_as, count.location.path, count.location.span.line),
    };
    let mut words = match (service.replicas(), service.instances.as_slice()) {
        (0, _) => "is switched off".to_owned(),
        (1, _) => "runs one instance".to_owned(),
        (replicas, [count]) => format!("runs {replicas} instances: {}", place(count)),
        (replicas, counts) => {
            format!("runs {replicas} instances: {}", counts.iter().map(place).collect::<Vec<_>>().join(", "))
        }
    };
    if let Some(ceiling) = service.ceiling.as_ref().filter(|ceiling| ceiling.value > service.replicas()) {
        words += &format!(", up to {}: {}", ceiling.value, place(ceiling));
    }
    if let Some(processes) = service.processes.as_ref().filter(|count| count.value != 1) {
        let each = if service.replicas() > 1 { " each" } else { "" };
        words += &format!(", {} processes{each}: {}", processes.value, processes.stated_as);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::location::{Location, Span};

    fn count(value: u32, stated_as: &str, line: u32) -> Count {
        let location = Location::new("docker-compose.yml", Span::on_line(line, 1, 2));
        Count { value, stated_as: stated_as.into(), location }
    }

    #[test]
    fn copies_are_named_with_their_lines() {
        let mut service = Service::named("server", Span::default());
        service.instances = vec![count(1, "server", 26), count(1, "server2", 46), count(1, "server3", 51)];
        assert_eq!(in_words(&service, "docker-compose.yml"), "runs 3 instances: server :26, server2 :46, server3 :51");
    }

    #[test]
    fn an_autoscaler_in_another_file_is_named_with_it() {
        let mut service = Service::named("web", Span::default());
        service.ceiling = Some(count(5, "maxReplicas", 9));
        assert_eq!(in_words(&service, "k8s/web.yaml"), "runs one instance, up to 5: maxReplicas docker-compose.yml:9");
    }
}
