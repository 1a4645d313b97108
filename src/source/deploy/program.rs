//! A program that something on a host starts and keeps running: a service told by its command line.

use std::sync::Arc;

use super::{Place, command, processes, role, span_between};
use crate::model::Name;
use crate::model::deployment::{Role, Service};
use crate::model::fact::Setting;
use crate::model::location::Span;

/// The service of that name, which stands at `span`, that runs a command line. The command tells the role before the name does.
pub fn service(
    path: &Arc<str>,
    kind: &'static str,
    (name, span): (&str, Span),
    letters: &[(Place, char)],
    environment: Vec<Setting>,
) -> Service {
    let commands = command::simple_commands(&command::words(letters));
    let line: String = letters.iter().map(|(_, char)| *char).collect();
    Service {
        kind: Name::new(kind),
        role: role::of_commands(&commands).or_else(|| role::of_name(name)).unwrap_or(Role::Unknown),
        command: (!line.is_empty()).then(|| Name::new(line)),
        command_span: letters.first().zip(letters.last()).map(|((first, _), (last, _))| span_between(*first, *last)),
        processes: processes::of(path, &commands, &environment).filter(|count| count.value != 1),
        environment,
        ..Service::named(name, span)
    }
}
