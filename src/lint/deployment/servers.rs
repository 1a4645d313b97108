//! Which services the servers of a balancer are, which of them are missing, and which do not exist.

use super::fleet::{Deployed, Fleet, nearness};
use crate::model::deployment::{Balancer, Server, Service};
use crate::model::fact::{Language, Value};

impl Fleet<'_> {
    /// Requests are passed to a group by its name, which another file declares.
    pub(super) fn is_elsewhere(&self, balancer: &Balancer) -> bool {
        let is_declared = |host: &str| self.balancers.iter().any(|(_, other)| other.declared && other.name == *host);
        !balancer.declared && balancer.servers.iter().any(|server| is_declared(&server.host))
    }

    /// Is the server of a balancer in `path` none of the services of the deployment that the balancer belongs to? Known only of a bare
    /// name, and only where the same file lists servers that are services.
    pub(super) fn is_absent(&self, server: &Server, path: &str) -> bool {
        is_bare(&server.host)
            && !self.services.iter().any(|it| it.service.is_called(&server.host) || names(&it.service, &server.host))
            && !self.is_declared(&server.host)
            && !self.services.iter().any(|it| is_container_of(&server.host, &it.service.name))
            && self.home(path).is_some_and(|home| !self.open.contains(&home))
    }

    fn is_declared(&self, name: &str) -> bool {
        self.balancers.iter().any(|(_, other)| other.declared && other.name == *name)
    }

    /// The Compose file whose services the balancers in `path` list.
    fn home(&self, path: &str) -> Option<&str> {
        let here = self.balancers.iter().filter(|(other, _)| *other == path);
        let mut hosts = here.flat_map(|(_, balancer)| &balancer.servers).filter(|server| is_bare(&server.host));
        hosts.find_map(|server| self.behind(server, path)).map(|it| &*it.path)
    }

    /// The service of a Compose file, the nearest one, that a server is.
    fn behind(&self, server: &Server, path: &str) -> Option<&Deployed<'_>> {
        let composed = self.services.iter().filter(|it| it.language == Language::Compose);
        composed.filter(|it| it.service.is_called(&server.host)).max_by_key(|it| nearness(&it.path, path))
    }

    /// How many instances of a service a name stands for, where the engine gives the address of each: within Compose, and not within
    /// a swarm, which has one address for all.
    pub(super) fn instances_behind(&self, server: &Server, path: &str) -> Option<u32> {
        let deployed = self.behind(server, path)?;
        let service = &deployed.service;
        // One that has a name of its own for its container runs once.
        if service.container_name.is_some() && service.copies.len() < 2 {
            return None;
        }
        let copy = service.copies.iter().position(|copy| *copy == server.host);
        let count = match copy.filter(|_| service.copies.len() > 1) {
            // Whoever lists copies, lists instances.
            Some(at) => service.instances.get(at).map(|count| count.value).filter(|count| *count > 1)?,
            None => service.most_replicas(),
        };
        (!deployed.is_stack()).then_some(count)
    }

    /// The copies of a service of which a balancer lists one, and nobody lists these; with the last server that it lists.
    pub(super) fn missing<'b>(&self, balancer: &'b Balancer, path: &str) -> Option<(&'b Server, String)> {
        let is_listed =
            |name: &str| self.balancers.iter().flat_map(|(_, other)| &other.servers).any(|server| server.host == *name);
        let last = balancer.servers.iter().rev().find(|server| {
            let service = self.behind(server, path).map(|it| &it.service);
            service.is_some_and(|service| service.instances.len() > 1 && service.copies.contains(&server.host))
        })?;
        let service = self.behind(last, path)?.declared;
        // Some are listed by other names: which of them these are, is not known.
        if service.aliases.iter().any(|alias| is_listed(alias)) {
            return None;
        }
        let copies = service.copies.iter().map(|copy| copy.as_str());
        let missing: Vec<&str> = copies.filter(|copy| !is_listed(copy)).collect();
        (!missing.is_empty()).then(|| (last, missing.join(", ")))
    }
}

/// A name without dots, which only the network of an engine knows.
fn is_bare(host: &str) -> bool {
    let is_name = !host.is_empty() && host.chars().all(|char| char.is_ascii_alphanumeric() || "-_".contains(char));
    is_name && host.parse::<u32>().is_err() && !matches!(host, "localhost" | "host")
}

/// Is it how Compose calls a container by itself: `project-service-1`, `project_service_1`?
fn is_container_of(host: &str, service: &str) -> bool {
    let Some(named) = host.trim_end_matches(|char: char| char.is_ascii_digit()).strip_suffix(['-', '_']) else {
        return false;
    };
    named.strip_suffix(service).is_some_and(|project| project.ends_with(['-', '_']))
}

/// Is it a name that the service gives another one, or an address, for itself: `extra_hosts`, `links`?
fn names(service: &Service, host: &str) -> bool {
    service.settings.iter().any(|setting| {
        let Some((group, key)) = setting.key.split_once('.') else { return false };
        let text = if let Value::Text(text) = &setting.value { text.as_str() } else { "" };
        match group {
            "extra_hosts" => key == host || text.split([':', '=']).next() == Some(host),
            "links" | "external_links" => text.rsplit(':').next() == Some(host),
            _ => false,
        }
    })
}
