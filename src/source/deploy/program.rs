//! A program that something on a host starts and keeps running: a service told by its command line.

use std::sync::Arc;

use super::{Place, command, processes, role};
use crate::model::Name;
use crate::model::deployment::{Role, Service};
use crate::model::fact::Setting;
use crate::model::location::Span;

/// The service of that name that runs `command`, each with its place. The command tells the role before the name does.
pub fn service(
    path: &Arc<str>,
    kind: &'static str,
    (name, span): (&str, Span),
    (line, line_span): (&str, Span),
    environment: Vec<Setting>,
) -> Service {
    let at: Place = (line_span.line, line_span.column);
    let commands = command::simple_commands(&command::at(line, at));
    Service {
        kind: Name::new(kind),
        role: role::of_commands(&commands).or_else(|| role::of_name(name)).unwrap_or(Role::Unknown),
        command: (!line.is_empty()).then(|| Name::new(line)),
        command_span: (!line.is_empty()).then_some(line_span),
        processes: processes::of(path, &commands, &environment).filter(|count| count.value != 1),
        environment,
        ..Service::named(name, span)
    }
}
