//! Which functions run on a request, a message or an event, directly or through others, and on which routes.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::edges::Edges;
use super::project::{CONSTRUCTORS, FileId, FunctionRef, Project};
use super::sight::{Sightings, Watch};
use super::state::name;
use super::value::{Fit, fit};
use crate::model::Name;
use crate::model::fact::{Argument, Call, FunctionId, Value};
use crate::rules::clause::Occasion;
use crate::rules::entry_point::{EntryPoint, Objects, Trigger};

/// Routes that are kept for one function: a report names a few, not all of a large app.
const MOST_ROUTES: usize = 12;

/// Methods that a callee's last segment may name.
const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// What is known of a function that handlers reach.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    pub occasions: BTreeSet<Occasion>,
    /// As `METHOD /path`.
    pub routes: BTreeSet<Name>,
    /// It is itself a handler.
    pub handler: bool,
    /// It was made one by a decorator, on an object that the framework keeps.
    pub decorated: bool,
}

/// The functions that handlers reach.
#[derive(Debug, Default)]
pub struct Reach {
    reached: HashMap<FunctionRef, Reached>,
    /// Files whose code outside of functions runs on behalf of somebody: scripts, and what they include.
    scripts: HashMap<FileId, Reached>,
    /// Files with a function that answers somebody; told when first asked.
    answering: OnceCell<HashSet<FileId>>,
}

/// A function that a framework was told about.
struct Handler {
    function: FunctionRef,
    occasion: Occasion,
    route: Option<Name>,
    decorated: bool,
}

impl Handler {
    /// One of which no route is known.
    fn new(function: FunctionRef, occasion: Occasion) -> Self {
        Handler { function, occasion, route: None, decorated: false }
    }
}

impl Reach {
    pub fn new(project: &Project<'_>, watch: &Watch<'_>, seen: &Sightings<'_>) -> Self {
        let mut reach = Reach::default();
        let mut edges = Edges::new(project);
        for handler in handlers(project, watch, seen) {
            let start = reach.reached.entry(handler.function).or_default();
            start.handler = true;
            start.decorated |= handler.decorated;
            reach.spread(&handler, &mut edges);
        }
        let includers = includers(project);
        for (script, occasion) in scripts(project, watch, seen) {
            reach.run(script, occasion, &mut edges);
            // What includes code that answers a request answers it too.
            for includer in includers.get(&script).into_iter().flatten() {
                reach.run(*includer, occasion, &mut edges);
            }
        }
        reach
    }

    /// Marks what a script runs: the files that it includes, and the functions that these call.
    fn run(&mut self, script: FileId, occasion: Occasion, edges: &mut Edges<'_, '_>) {
        let mut waiting = vec![script];
        while let Some(file) = waiting.pop() {
            let reached = self.scripts.entry(file).or_default();
            if !reached.occasions.insert(occasion) {
                continue;
            }
            reached.handler |= file == script;
            for function in edges.of_file(file) {
                self.spread(&Handler::new(function, occasion), edges);
            }
            let imports = edges.project.files[file].imports.iter();
            waiting.extend(imports.flat_map(|import| edges.project.module(file, &import.module)));
        }
    }

    /// Marks what the handler reaches; stops at functions that have nothing to learn from it.
    fn spread(&mut self, handler: &Handler, edges: &mut Edges<'_, '_>) {
        let mut waiting = vec![handler.function];
        let mut visited = BTreeSet::from([handler.function]);
        while let Some(function) = waiting.pop() {
            let reached = self.reached.entry(function).or_default();
            let mut learned = reached.occasions.insert(handler.occasion);
            if let Some(route) = handler.route.as_ref().filter(|_| reached.routes.len() < MOST_ROUTES) {
                learned |= reached.routes.insert(route.clone());
            }
            if learned {
                waiting.extend(edges.of(function).iter().filter(|next| visited.insert(**next)));
            }
        }
    }

    /// What is known of a function, or of what the file does outside of all.
    pub fn get(&self, file: FileId, function: Option<FunctionId>) -> Option<&Reached> {
        match function {
            Some(function) => self.reached.get(&FunctionRef { file, function }),
            None => self.scripts.get(&file),
        }
    }

    /// Is there a function that answers somebody, and not only the clock?
    pub fn any_in(&self, file: Option<FileId>) -> bool {
        let answering = self.answering.get_or_init(|| self.answering());
        file.map_or(!answering.is_empty(), |file| answering.contains(&file))
    }

    fn answering(&self) -> HashSet<FileId> {
        let functions = self.reached.iter().map(|(at, reached)| (at.file, reached));
        let scripts = self.scripts.iter().map(|(at, reached)| (*at, reached));
        let answers = |reached: &Reached| {
            reached.handler && reached.occasions.iter().any(|occasion| *occasion != Occasion::Timer)
        };
        functions.chain(scripts).filter(|(_, reached)| answers(reached)).map(|(file, _)| file).collect()
    }
}

fn handlers(project: &Project<'_>, watch: &Watch<'_>, seen: &Sightings<'_>) -> Vec<Handler> {
    let mut handlers = Vec::new();
    for &(entry, file, call) in &seen.entry_points {
        let entry = &watch.entry_points[entry];
        if seen.counts_in(entry, file) && entry.speaks(project.files[file].language) {
            by_call(project, entry, file, &project.files[file].calls[call], &mut handlers);
        }
    }
    for (function, occasion) in code(project, watch, seen)
        .filter_map(|(file, function, occasion)| function.map(|function| (FunctionRef { file, function }, occasion)))
    {
        handlers.push(Handler::new(function, occasion));
    }
    for entry in watch.entry_points {
        by_class(project, entry, seen, &mut handlers);
        let Trigger::Named { functions, files } = &entry.trigger else { continue };
        for (file, facts) in project.files.iter().enumerate() {
            if !entry.speaks(facts.language) || !files.matches(&facts.path) || !seen.counts_in(entry, file) {
                continue;
            }
            for (id, function) in facts.functions.iter().enumerate() {
                // What no other file can name is called by no framework; in a package every file can.
                // A constructor is called by whoever makes the object.
                let constructs = CONSTRUCTORS.contains(&name(&function.symbol));
                let callable = (function.exported || facts.language.shares_names()) && !constructs;
                if callable && functions.matches(&function.symbol) {
                    let function = FunctionRef { file, function: id as FunctionId };
                    handlers.extend(entry.occasion.map(|occasion| Handler::new(function, occasion)));
                }
            }
        }
    }
    handlers
}

/// The files that include each file, where including one runs it.
fn includers(project: &Project<'_>) -> HashMap<FileId, Vec<FileId>> {
    let mut includers: HashMap<FileId, Vec<FileId>> = HashMap::new();
    for (file, facts) in project.files.iter().enumerate().filter(|(_, facts)| facts.language.shares_functions()) {
        for included in facts.imports.iter().flat_map(|import| project.module(file, &import.module)) {
            includers.entry(included).or_default().push(file);
        }
    }
    includers
}

/// Files whose code outside of functions does what only handlers do.
fn scripts<'p>(
    project: &'p Project<'_>,
    watch: &'p Watch<'_>,
    seen: &'p Sightings<'_>,
) -> impl Iterator<Item = (FileId, Occasion)> {
    let scripts = code(project, watch, seen).filter(|(_, function, _)| function.is_none());
    // Elsewhere what stands outside of functions runs once, while the program starts.
    let scripts = scripts.filter(|(file, ..)| project.files[*file].language.shares_functions());
    scripts.map(|(file, _, occasion)| (file, occasion))
}

/// Where code does what only handlers do.
fn code<'p>(
    project: &'p Project<'_>,
    watch: &'p Watch<'_>,
    seen: &'p Sightings<'_>,
) -> impl Iterator<Item = (FileId, Option<FunctionId>, Occasion)> {
    let calls = seen.entry_points.iter().filter_map(|&(entry, file, call)| {
        let entry = &watch.entry_points[entry];
        let calls = matches!(entry.trigger, Trigger::Code { .. }) && entry.speaks(project.files[file].language);
        Some((file, project.files[file].calls[call].function, entry.occasion.filter(|_| calls)?))
    });
    let reads = watch.entry_points.iter().filter_map(|entry| match &entry.trigger {
        Trigger::Code { reads: Some(reads), .. } => Some((entry, reads, entry.occasion?)),
        _ => None,
    });
    let reads = reads.flat_map(|(entry, reads, occasion)| {
        let files = project.files.iter().enumerate().filter(|(_, file)| entry.speaks(file.language));
        files.flat_map(move |(id, file)| {
            let accesses = file.accesses.iter().filter(|access| reads.matches(&access.state));
            accesses.map(move |access| (id, access.function, occasion))
        })
    });
    calls.chain(reads)
}

/// Methods of classes that a framework calls because of what the class is.
fn by_class<'r>(project: &Project<'_>, entry: &'r EntryPoint, seen: &Sightings<'r>, handlers: &mut Vec<Handler>) {
    let (Trigger::Class { class, functions }, Some(occasion)) = (&entry.trigger, entry.occasion) else { return };
    let classes = project.classes_like(class, &|language| entry.speaks(language));
    for found in classes.into_iter().filter(|(file, _)| seen.counts_in(entry, *file)) {
        for function in project.methods_of(found) {
            let symbol = &project.files[function.file].functions[function.function as usize].symbol;
            let called = match functions {
                Some(names) => names.matches(name(symbol)),
                None => !CONSTRUCTORS.contains(&name(symbol)),
            };
            if called {
                handlers.push(Handler::new(function, occasion));
            }
        }
    }
}

fn by_call(project: &Project<'_>, entry: &EntryPoint, file: FileId, call: &Call, handlers: &mut Vec<Handler>) {
    let (Trigger::Call { path, path_like, method, within, .. }, Some(occasion)) = (&entry.trigger, entry.occasion)
    else {
        return;
    };
    let path_value = path.as_ref().and_then(|path| argument(&call.arguments, path));
    if let Some(pattern) = path_like {
        let constants = |name: &str| project.constant(file, name);
        if path_value.is_none_or(|value| fit(pattern, value, &constants) == Fit::No) {
            return;
        }
    }
    let path = match path_value {
        Some(Value::Text(path)) => Some(path.as_str()),
        _ => None,
    };
    let route = |callee: &str| {
        let path = path?;
        // `mux.HandleFunc("POST /cart", …)`
        if path.split_once(' ').is_some_and(|(method, _)| METHODS.contains(&method.to_lowercase().as_str())) {
            return Some(Name::from(path));
        }
        let method = method.as_deref().map(str::to_owned).or_else(|| verb(callee, &call.arguments))?;
        Some(Name::from(format!("{} {path}", method.to_uppercase())))
    };
    let mut add = |function, callee: &str, decorated| {
        let decorated = decorated && entry.objects != Some(Objects::Each);
        handlers.push(Handler { function, occasion, route: route(callee), decorated });
    };
    if let Some(function) = call.decorates {
        add(FunctionRef { file, function }, &call.callee, true);
    }
    let inner = project.files[file].calls.iter().filter(|other| *within && call.span.contains(&other.span));
    for (nested, call) in std::iter::once((false, call)).chain(inner.map(|call| (true, call))) {
        // `get(list)` within the route speaks for itself, and knows its method.
        let own = |argument: &&Argument| !*within || nested || !matches!(argument.value, Value::Call { .. });
        for argument in call.arguments.iter().filter(own) {
            for function in named_functions(project, file, &argument.value) {
                add(function, &call.callee, false);
            }
        }
    }
}

fn argument<'a>(arguments: &'a [Argument], key: &str) -> Option<&'a Value> {
    match key.parse::<usize>() {
        Ok(position) => arguments.iter().filter(|argument| argument.name.is_none()).nth(position),
        Err(_) => arguments.iter().find(|argument| argument.name.as_deref() == Some(key)),
    }
    .map(|argument| &argument.value)
}

/// `get` of `express().get` and of `web.get().to`, or the first of `methods=["POST"]`; `any` where nothing tells.
fn verb(callee: &str, arguments: &[Argument]) -> Option<String> {
    let mut segments = callee.rsplit('.').map(|segment| segment.trim_end_matches("()").to_lowercase());
    let last = segments.clone().next().unwrap_or_default();
    if let Some(method) = segments.find(|segment| METHODS.contains(&segment.as_str())) {
        return Some(method);
    }
    match argument(arguments, "methods") {
        Some(Value::List(methods)) => match methods.first() {
            Some(Value::Text(method)) => Some(method.to_string()),
            _ => Some("any".into()),
        },
        // Flask's and Sanic's `route` answers GET unless it is told otherwise; elsewhere every method comes through.
        _ if last == "route" && callee.ends_with("().route") => Some("get".into()),
        _ => Some("any".into()),
    }
}

/// Tables of functions within tables are looked into this far.
const MOST_TABLES: u32 = 4;

/// Functions that a value stands for or carries; a class stands for its methods.
pub fn named_functions(project: &Project<'_>, file: FileId, value: &Value) -> Vec<FunctionRef> {
    functions_in(project, file, value, MOST_TABLES)
}

fn functions_in(project: &Project<'_>, file: FileId, value: &Value, tables: u32) -> Vec<FunctionRef> {
    let named_functions = |project, file, value| functions_in(project, file, value, tables);
    match value {
        Value::Function(function) => vec![FunctionRef { file, function: *function }],
        Value::Name(symbol) => match by_symbol(project, file, symbol) {
            found if !found.is_empty() => found,
            // A table of functions: `const resolvers = { Query: { … } }`.
            _ => match (project.held(file, symbol), tables.checked_sub(1)) {
                (Some((home, held @ (Value::Object(_) | Value::List(_) | Value::Name(_)))), Some(tables)) => {
                    functions_in(project, home, held, tables)
                }
                _ => Vec::new(),
            },
        },
        Value::Call { callee, arguments } => {
            // `handler.bind(this)`, `View.as_view()`, `asyncHandler(fn)`, `handle(stream)`.
            let owner = callee.rsplit_once('.').map(|(owner, _)| by_symbol(project, file, owner)).unwrap_or_default();
            let of_arguments = arguments.iter().flat_map(|argument| named_functions(project, file, &argument.value));
            // `new View()`, `Shop{…}`: an object of a class that this project declares.
            let class = project.methods(file, callee);
            owner.into_iter().chain(project.functions(file, callee)).chain(class).chain(of_arguments).collect()
        }
        Value::Text(text) if project.files[file].language.names_functions_in_texts() => by_text(project, file, text),
        Value::List(values) => match method_of(project, file, values) {
            methods if !methods.is_empty() => methods,
            _ => values.iter().flat_map(|value| named_functions(project, file, value)).collect(),
        },
        Value::OneOf(values) => values.iter().flat_map(|value| named_functions(project, file, value)).collect(),
        Value::Object(fields) => fields.iter().flat_map(|(_, value)| named_functions(project, file, value)).collect(),
        _ => Vec::new(),
    }
}

/// `[CartController::class, 'add']`.
fn method_of(project: &Project<'_>, file: FileId, values: &[Value]) -> Vec<FunctionRef> {
    match values {
        [Value::Name(owner) | Value::Call { callee: owner, .. }, Value::Text(method)] => {
            project.functions(file, &format!("{}().{method}", owner.trim_end_matches("()")))
        }
        _ => Vec::new(),
    }
}

/// `'CartController@add'`, `'App\\Cart::add'`, `'cart_add'`.
fn by_text(project: &Project<'_>, file: FileId, text: &str) -> Vec<FunctionRef> {
    let symbol = text.trim_start_matches('\\').replace('\\', ".");
    match symbol.split_once('@').or(symbol.split_once("::")) {
        Some((class, method)) => project.functions(file, &format!("{class}().{method}")),
        None => project.functions(file, &symbol),
    }
}

fn by_symbol(project: &Project<'_>, file: FileId, symbol: &str) -> Vec<FunctionRef> {
    // An object of a class stands for its methods, as the class does.
    let methods = project.methods(file, symbol.strip_suffix("()").unwrap_or(symbol));
    if methods.is_empty() { project.functions(file, symbol) } else { methods }
}
