//! From places in rendered text back to the template and the values.

use super::render::{From, Output, Part};
use crate::model::deployment::{Affinity, Count, Says, Service};
use crate::model::fact::Setting;
use crate::model::location::{Location, Span};
use crate::source::deploy::{File, Found};
use crate::source::language::lines::Lines;

/// Letters that are counted one by one in a line.
const MAX_COLUMN: usize = 2_000;

/// Where rendered text comes from.
pub(super) struct Origins<'o> {
    parts: &'o [Part],
    text: &'o str,
    /// The byte at which each line of the text begins.
    lines: Vec<usize>,
    is_ascii: bool,
    template: Lines<'o>,
}

impl<'o> Origins<'o> {
    /// `source` is the template.
    pub fn new(output: &'o Output, source: &'o str) -> Self {
        let ends = output.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Origins {
            parts: &output.parts,
            text: &output.text,
            lines: [0].into_iter().chain(ends.map(|(at, _)| at + 1)).collect(),
            is_ascii: output.text.is_ascii(),
            template: Lines::new(source),
        }
    }

    /// Everything that was found in the text, at the places of the template.
    pub fn lead_back(&self, mut found: Found, file: &File<'_>) -> Found {
        found.services.iter_mut().for_each(|service| self.service(service));
        for attachment in &mut found.attachments {
            self.span(&mut attachment.span);
            match &mut attachment.says {
                Says::Replicas(count) => self.count(count),
                Says::Scales { least, most } => [least, most].into_iter().for_each(|count| self.count(count)),
                Says::Affinity(affinity) => self.affinity(affinity),
                Says::Environment(settings) | Says::Settings(settings) => self.settings(settings),
                // Others' own.
                Says::Shares(_) | Says::Renames { .. } | Says::Overlays(_) | Says::Replaces => {}
            }
        }
        self.settings(&mut found.settings);
        found.comments.iter_mut().for_each(|comment| self.span(&mut comment.span));
        let problems = found.problems.into_iter().map(|problem| match problem.location.clone() {
            Some(location) => problem.at(&file.path, self.origin(location.span).0, file.text),
            None => problem,
        });
        found.problems = problems.collect();
        found
    }

    fn service(&self, service: &mut Service) {
        let Service { span, command_span, container, container_name, host_network, .. } = service;
        self.span(span);
        let spans = [command_span, container, host_network].into_iter().flatten();
        spans.chain(container_name.iter_mut().map(|(_, span)| span)).for_each(|span| self.span(span));
        let counts = [&mut service.ceiling, &mut service.processes].into_iter().flatten();
        counts.chain(&mut service.instances).for_each(|count| self.count(count));
        service.ports.iter_mut().for_each(|port| self.span(&mut port.span));
        service.mounts.iter_mut().for_each(|mount| self.span(&mut mount.span));
        service.affinity.iter_mut().for_each(|affinity| self.affinity(affinity));
        self.settings(&mut service.environment);
        self.settings(&mut service.settings);
    }

    fn settings(&self, settings: &mut [Setting]) {
        settings.iter_mut().for_each(|setting| self.span(&mut setting.span));
    }

    fn affinity(&self, affinity: &mut Affinity) {
        self.span(&mut affinity.location.span);
    }

    /// A number stands where somebody would change it.
    fn count(&self, count: &mut Count) {
        let (span, value) = self.origin(count.location.span);
        match value {
            Some(value) => count.location = value,
            None => count.location.span = span,
        }
    }

    fn span(&self, span: &mut Span) {
        *span = self.origin(*span).0;
    }

    /// The place in the template, and in the values where the whole span comes from there.
    fn origin(&self, span: Span) -> (Span, Option<Location>) {
        let start = self.byte(span.line, span.column);
        let last = self.byte(span.end_line, span.end_column).saturating_sub(1).max(start);
        let (first, value) = self.part(start);
        let (end, _) = self.part(last);
        // What was included between them may come from further up.
        let end = if (end.end_line, end.end_column) < (first.line, first.column) { first } else { end };
        let whole = Span { end_line: end.end_line, end_column: end.end_column, ..first };
        (whole, value.filter(|_| end == first))
    }

    fn byte(&self, line: u32, column: u32) -> usize {
        let begins = |line: u32| self.lines.get(line as usize).copied().unwrap_or(self.text.len());
        let start = begins(line.saturating_sub(1));
        let line = self.text.get(start..begins(line)).unwrap_or_default();
        let column = column.saturating_sub(1) as usize;
        let within = match self.is_ascii {
            true => Some(column),
            false => line.char_indices().nth(column.min(MAX_COLUMN)).map(|(at, _)| at),
        };
        start + within.unwrap_or(line.len()).min(line.len())
    }

    fn part(&self, byte: usize) -> (Span, Option<Location>) {
        let next = self.parts.partition_point(|part| part.start <= byte);
        // Parts that are empty stand before the one that has the byte.
        match next.checked_sub(1).and_then(|index| self.parts.get(index)) {
            Some(Part { start, from: From::Text(origin) }) => {
                let at = (origin + byte - start) as u32;
                (self.template.span(at, at + 1), None)
            }
            Some(Part { from: From::Action(range, value), .. }) => {
                (self.template.span(range.start as u32, range.end as u32), value.clone())
            }
            None => (Span::on_line(1, 1, 1), None),
        }
    }
}
