//! Facts as compact lines, for tests: one line a fact, in the order of the kinds.

use crate::model::Name;
use crate::model::fact::{Access, Argument, Call, Class, FileFacts, FunctionId, State, Value};
use crate::model::location::Span;

pub(crate) fn render(facts: &FileFacts) -> String {
    let mut out = Vec::new();
    let within = |function: Option<FunctionId>| function.map_or(String::new(), |id| format!(" in #{id}"));
    out.extend(facts.imports.iter().map(|import| format!("{} import {}", at(import.span), import.module)));
    for (id, function) in facts.functions.iter().enumerate() {
        let exported = if function.exported { " exported" } else { "" };
        let returns = function.returns.as_ref().map_or(String::new(), |symbol| format!(" gives {symbol}"));
        out.push(format!(
            "{} function #{id} {}{}{exported}{returns}",
            at(function.span),
            function.symbol,
            within(function.parent)
        ));
    }
    for Call { callee, arguments, function, decorates, bound_to, span } in &facts.calls {
        let decorates = decorates.map_or(String::new(), |id| format!(" decorates #{id}"));
        let bound = bound_to.as_ref().map_or(String::new(), |name| format!(" -> {name}"));
        out.push(format!("{} call {callee}({}){}{decorates}{bound}", at(*span), list(arguments), within(*function)));
    }
    for Class { symbol, bases, decorators, span } in &facts.classes {
        let said = |word: &str, names: &[Name]| match names {
            [] => String::new(),
            names => format!(" {word} {}", names.join(", ")),
        };
        let (bases, decorators) = (said("extends", bases), said("decorated", decorators));
        out.push(format!("{} class {symbol}{bases}{decorators}", at(*span)));
    }
    for State { symbol, level, shape, owned, function, span } in &facts.states {
        let owned = if *owned { " owned" } else { "" };
        out.push(format!("{} state {symbol} {level:?} {shape:?}{owned}{}", at(*span), within(*function)));
    }
    for Access { state, kind, function, span } in &facts.accesses {
        out.push(format!("{} {kind:?} {state}{}", at(*span), within(*function)));
    }
    for setting in &facts.settings {
        let within = within(setting.function);
        out.push(format!("{} setting {} = {}{within}", at(setting.span), setting.key, value(&setting.value)));
    }
    for dependency in &facts.dependencies {
        let dev = if dependency.dev { " dev" } else { "" };
        out.push(format!("{} dependency {} {}{dev}", at(dependency.span), dependency.name, dependency.version));
    }
    for directive in &facts.directives {
        let own_line = if directive.own_line { " (own line)" } else { "" };
        out.push(format!("{} directive {}{own_line}", at(directive.span), directive.text));
    }
    out.join("\n")
}

fn at(span: Span) -> String {
    format!("{}:{}", span.line, span.column)
}

fn list(arguments: &[Argument]) -> String {
    let one = |argument: &Argument| match &argument.name {
        Some(name) => format!("{name}={}", value(&argument.value)),
        None => value(&argument.value),
    };
    arguments.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn value(value: &Value) -> String {
    let all = |values: &[Value], with: &str| values.iter().map(self::value).collect::<Vec<_>>().join(with);
    match value {
        Value::Text(text) => format!("{text:?}"),
        Value::Number(number) => number.to_string(),
        Value::Bool(bool) => bool.to_string(),
        Value::Null => "null".to_string(),
        Value::Name(name) => name.to_string(),
        Value::Call { callee, arguments } => format!("{callee}({})", list(arguments)),
        Value::Function(id) => format!("#{id}"),
        Value::List(values) => format!("[{}]", all(values, ", ")),
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{key}: {}", self::value(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Environment { name, fallback: None } => format!("${name}"),
        Value::Environment { name, fallback: Some(fallback) } => format!("${name} or {}", self::value(fallback)),
        Value::OneOf(values) => all(values, " | "),
        Value::Unknown => "?".to_string(),
    }
}
