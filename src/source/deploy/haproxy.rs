//! HAProxy: the servers of each `backend` and `listen`, with what `defaults` hand on to them.
//!
//! <https://docs.haproxy.org/3.2/configuration.html>.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use self::section::{Line, Section};
use super::directive::Word;
use super::page::{Page, setting, value};
use super::{File, Found, address};
use crate::model::Name;
use crate::model::deployment::{Affinity, AffinityKey, Balancer, HealthCheck, Route, Server};
use crate::model::fact::{Setting, Value};
use crate::model::location::Location;

mod section;
#[cfg(test)]
mod tests;

/// More ways and backends than these are data, and so are more lines of one section.
const MAX_ROUTES: usize = 2_000;
const MAX_GROUPS: usize = 2_000;
const MAX_LINES: usize = 2_000;
const MAX_DEFAULTS: usize = 200;

pub fn read(file: &File<'_>) -> Found {
    let mut page = Page::new(file);
    let sections = section::parse(&mut page);
    let mut reader = Reader { page, groups: HashMap::new() };
    let mut defaults: Vec<&Section> = Vec::new();
    let mut seen: HashSet<(&str, &str)> = HashSet::new();
    for section in &sections {
        reader.flatten(section);
        if let Some(name) = section.name.as_ref().filter(|name| !seen.insert((&section.kind.text, &name.text))) {
            let message = format!("the {} `{}` is here a second time", section.kind.text, name.text);
            reader.page.problem(message, "HAProxy refuses such a file; keep one of them.", &name.place);
        }
        match section.kind.text.as_str() {
            "defaults" => defaults.push(section),
            "backend" | "listen" => {
                // Without `from` the last section of defaults is meant.
                let named = section.from.as_ref().and_then(|from| {
                    defaults.iter().rev().find(|it| it.name.as_ref().is_some_and(|name| name.text == from.text))
                });
                reader.group(section, named.or(defaults.last()).copied());
            }
            _ => {}
        }
    }
    sections.iter().for_each(|section| reader.routes(section));
    reader.page.found
}

struct Reader<'t> {
    page: Page<'t>,
    /// Where the backends stand among those found, by name.
    groups: HashMap<String, usize>,
}

impl Reader<'_> {
    fn flatten(&mut self, section: &Section) {
        let kind = &section.kind.text;
        let home = section.name.as_ref().map_or_else(|| kind.clone(), |name| format!("{kind}.{}", name.text));
        for line in &section.lines {
            let setting = self.setting(line);
            self.page.set(&format!("{home}.{}", setting.key), setting.value, setting.span);
        }
    }

    fn setting(&self, line: &Line) -> Setting {
        let (key, text, is_on) = line.meaning();
        setting(key, if is_on { value(&text) } else { Value::Bool(false) }, self.page.span(&line.place()))
    }

    fn group(&mut self, section: &Section, defaults: Option<&Section>) {
        let Some(name) = &section.name else {
            let message = format!("this `{}` has no name", section.kind.text);
            return self.page.problem(message, "", &section.kind.place);
        };
        let handed_on = defaults.iter().flat_map(|defaults| defaults.lines.iter().take(MAX_DEFAULTS));
        let lines: Vec<&Line> = handed_on.chain(section.lines.iter().take(MAX_LINES)).collect();
        let mut balancer = Balancer::named(name.text.as_str(), self.page.span(&name.place));
        let mut every = Vec::new();
        let (mut cookie, mut other) = (None, None);
        for line in lines {
            match line.words[0].text.as_str() {
                "default-server" => every.extend(self.parameters(&line.words[1..])),
                "server" => balancer.servers.extend(self.server(line, 2, &every)),
                "server-template" => balancer.servers.extend(self.template(line, &every)),
                _ => {
                    let setting = self.setting(line);
                    let affinity = affinity(line).map(|by| Affinity {
                        by,
                        stated_as: line.text().into(),
                        location: Location::new(self.page.file.path.clone(), setting.span),
                    });
                    let is_cookie = setting.key == "cookie";
                    let balances = setting.key == "balance";
                    balancer.settings.retain(|known| known.key != setting.key);
                    balancer.settings.push(setting);
                    match affinity {
                        affinity if is_cookie => cookie = affinity,
                        // A later `balance` takes the place of an earlier one, whatever it keeps together.
                        affinity if balances || affinity.is_some() => other = affinity,
                        _ => {}
                    }
                }
            }
        }
        // Clients are kept by cookies that servers have.
        let marked = balancer.servers.iter().any(|server| has(&server.settings, "cookie"));
        let marks = cookie.as_ref().is_some_and(|cookie| cookie.stated_as.split(' ').any(|word| word == "dynamic"));
        balancer.affinity = cookie.filter(|_| marked || marks).or(other);
        balancer.health_check = balancer.servers.iter().map(health_check).min().unwrap_or_default();
        if !balancer.servers.is_empty() && self.groups.len() < MAX_GROUPS {
            self.groups.insert(name.text.clone(), self.page.found.balancers.len());
            self.page.found.balancers.push(balancer);
        }
    }

    /// `server name address parameters`; the address is the word `at`.
    fn server(&mut self, line: &Line, at: usize, every: &[Setting]) -> Option<Server> {
        let Some(address) = line.words.get(at) else {
            self.page.problem("this `server` has no address", "Write a name and an address.", &line.place());
            return None;
        };
        let mut server = address::server(&address.text, self.page.span(&address.place));
        server.settings = every.to_vec();
        for parameter in self.parameters(&line.words[at + 1..]) {
            let base = parameter.key.strip_prefix("no-").unwrap_or(&parameter.key).to_owned();
            server.settings.retain(|known| known.key != base);
            server.settings.push(parameter);
        }
        Some(server)
    }

    /// `server-template prefix 1-5 name:port parameters`: as many servers as the name has addresses, up to a number.
    fn template(&mut self, line: &Line, every: &[Setting]) -> Option<Server> {
        let mut server = self.server(line, 3, every)?;
        let count = line.words.get(2)?;
        server.settings.push(setting("template", value(&count.text), self.page.span(&count.place)));
        Some(server)
    }

    fn parameters(&self, words: &[Word]) -> Vec<Setting> {
        /// Those that the next word belongs to: <https://docs.haproxy.org/3.2/configuration.html#5.2>.
        const WITH_VALUE: &str = " addr agent-addr agent-inter agent-port agent-send alpn backup-weight ca-file check-alpn \
            check-proto check-sni ciphers ciphersuites cookie crl-file crt error-limit fall fastinter downinter init-addr \
            inter log-proto maxconn maxqueue max-reuse minconn namespace observe on-error on-marked-down on-marked-up \
            pool-low-conn pool-max-conn pool-purge-delay port proto redir rise resolve-net resolve-opts resolve-prefer \
            resolvers shard slowstart sni source ssl-max-ver ssl-min-ver tcp-ut track verify verifyhost weight ws ";
        let mut found = Vec::new();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let takes = WITH_VALUE.contains(&format!(" {} ", word.text));
            let text = if takes { words.next() } else { None };
            let place = word.place.start..text.unwrap_or(word).place.end;
            found.push(setting(word.text.as_str(), value(text.map_or("", |text| &text.text)), self.page.span(&place)));
        }
        found
    }

    /// `default_backend name` and `use_backend name if condition`.
    fn routes(&mut self, section: &Section) {
        for line in section.lines.iter().take(MAX_ROUTES) {
            let [word, name, condition @ ..] = line.words.as_slice() else { continue };
            let group = self
                .groups
                .get(&name.text)
                .filter(|_| ["default_backend", "use_backend"].contains(&word.text.as_str()));
            let span = self.page.span(&line.place());
            let Some(balancer) = group.and_then(|at| self.page.found.balancers.get_mut(*at)) else { continue };
            if balancer.routes.len() < MAX_ROUTES {
                let path: Vec<&str> = condition.iter().map(|word| word.text.as_str()).collect();
                balancer.routes.push(Route { path: Name::new(path.join(" ")), span, settings: Vec::new() });
            }
        }
    }
}

fn has(settings: &[Setting], key: &str) -> bool {
    settings.iter().any(|setting| setting.key == key)
}

/// Without `check` a server counts as up forever: <https://docs.haproxy.org/3.2/configuration.html#5.2-check>.
fn health_check(server: &Server) -> HealthCheck {
    let asks = ["check", "agent-check", "track"].iter().any(|key| has(&server.settings, key));
    if asks { HealthCheck::Active } else { HealthCheck::None }
}

/// What keeps the requests of one client together: `balance source`, `cookie`, `stick on src`.
fn affinity(line: &Line) -> Option<AffinityKey> {
    let words: Vec<&str> = line.words.iter().map(|word| word.text.as_str()).collect();
    let by = |expression: &str| match expression {
        it if it.starts_with("src") || it.contains("x-forwarded-for") || it.contains("X-Forwarded-For") => {
            AffinityKey::Address
        }
        it if it.contains("cook") => AffinityKey::Cookie,
        _ => AffinityKey::Request,
    };
    match words.as_slice() {
        ["balance", "source", ..] => Some(AffinityKey::Address),
        ["balance", "roundrobin" | "static-rr" | "leastconn" | "first" | "random" | "sticky", ..] => None,
        ["balance", it, ..] if it.starts_with("random") => None,
        ["balance", "hash", expression, ..] => Some(by(expression)),
        ["balance", it, ..] => Some(by(it)),
        ["cookie" | "appsession", ..] => Some(AffinityKey::Cookie),
        ["stick", "on" | "match", expression, ..] => Some(by(expression)),
        _ => None,
    }
}

/// From the first to the last of these words.
fn place(words: &[Word]) -> Range<usize> {
    let start = words.first().map_or(0, |word| word.place.start);
    start..words.last().map_or(start, |word| word.place.end)
}
