//! Process state: who writes it, who reads it, and whether that is on behalf of somebody outside.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::project::{CONSTRUCTORS, ClassRef, FileId, Project};
use super::reach::{Reach, Reached};
use super::sight::{Sightings, Watch};
use crate::model::fact::{Access, AccessKind, Call, FileFacts, FunctionId, Language, Level, Shape, State, Value};
use crate::rules::clause::{Occasion, ShapeName, StatePattern};
use crate::rules::entry_point::{EntryPoint, Objects, Trigger};

/// A state of the project: its file, and its index there.
pub type StateRef = (FileId, usize);

/// A class by its file and symbol.
type ClassKey = (FileId, String);

/// Objects that objects of objects of … keep are followed this far.
const MOST_OWNERS: usize = 4;

/// All states that anybody touches, with who does.
pub struct States<'a> {
    uses: BTreeMap<StateRef, Vec<(FileId, &'a Access)>>,
    /// Classes of which the program makes objects outside of handlers only.
    singletons: HashSet<(FileId, String)>,
    /// What says that programs of some languages begin each request with fresh memory.
    fresh: Vec<EntryPoint>,
}

/// How handlers use a state that fits a pattern.
pub struct Uses<'a> {
    pub writes: Vec<(FileId, &'a Access)>,
    pub reads: Vec<(FileId, &'a Access)>,
}

impl<'a> States<'a> {
    pub fn new(project: &Project<'a>, reach: &Reach, watch: &Watch<'_>, seen: &Sightings<'_>) -> Self {
        let mut uses: BTreeMap<StateRef, Vec<(FileId, &'a Access)>> = BTreeMap::new();
        for (file, facts) in project.files.iter().enumerate() {
            for access in &facts.accesses {
                if let Some(state) = project.state(file, &access.state) {
                    uses.entry(state).or_default().push((file, access));
                }
            }
        }
        let begins_anew = |entry: &&EntryPoint| {
            let kept = entry.unless_project.as_ref().is_some_and(|evidence| seen.in_project(evidence));
            matches!(entry.trigger, Trigger::FreshMemory) && !kept
        };
        let fresh = watch.entry_points.iter().filter(begins_anew).cloned().collect();
        States { uses, singletons: singletons(project, reach, watch, seen), fresh }
    }

    /// All states with a use, in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = StateRef> {
        self.uses.keys().copied()
    }

    /// How handlers use the state, if that is as the pattern describes.
    pub fn fits(&self, project: &Project<'a>, reach: &Reach, at: StateRef, pattern: &StatePattern) -> Option<Uses<'a>> {
        let state = project.state_facts(at);
        let accesses = self.uses.get(&at)?;
        if !declared_so(state, pattern) || !self.outlives_a_request(project, reach, at, state) {
            return None;
        }
        if !pattern.memo && is_memo(reach, accesses) {
            return None;
        }
        let wanted = |reached: &Reached| {
            reached.occasions.iter().any(|occasion| {
                let any = pattern.written_on.is_empty() && *occasion != Occasion::Timer;
                any || pattern.written_on.contains(occasion)
            })
        };
        let in_handlers = |kind: &dyn Fn(AccessKind) -> bool, wanted: &dyn Fn(&Reached) -> bool| {
            // Outside of functions it happens once, while loading, or in a script with variables of its own.
            let chosen = accesses.iter().filter(|(file, access)| {
                access.function.is_some()
                    && kind(access.kind)
                    && reach.get(*file, access.function).is_some_and(wanted)
                    && !makes_ready(&project.files[*file], access, state)
            });
            chosen.copied().collect::<Vec<_>>()
        };
        let is_wanted_write =
            |kind: AccessKind| kind.is_write() && (pattern.writes.is_empty() || pattern.writes.contains(&kind));
        let writes = in_handlers(&is_wanted_write, &wanted);
        let reads =
            in_handlers(&reads_back, &|reached| reached.occasions.iter().any(|occasion| *occasion != Occasion::Timer));
        let enough = !writes.is_empty() && (!pattern.read || !reads.is_empty());
        enough.then_some(Uses { writes, reads })
    }

    fn outlives_a_request(&self, project: &Project<'_>, reach: &Reach, at: StateRef, state: &State) -> bool {
        if self.fresh.iter().any(|entry| entry.speaks(project.files[at.0].language)) {
            return false;
        }
        match state.level {
            Level::Module | Level::ClassStatic => true,
            // A local of a handler that its inner functions share: one connection's own state.
            Level::Closure => reach.get(at.0, state.function).is_none(),
            Level::Instance => {
                // In Rust, what has a lock of its own is there to be shared, and a framework hands it to every handler.
                project.files[at.0].language == Language::Rust && !state.owned
                    || class_of(&state.symbol).is_some_and(|class| self.singletons.contains(&(at.0, class.to_owned())))
            }
        }
    }
}

/// A constructor that fills the fields of a new object changes none that is there.
fn makes_ready(facts: &FileFacts, access: &Access, state: &State) -> bool {
    let function = access.function.and_then(|function| facts.functions.get(function as usize));
    let constructor = function.is_some_and(|function| CONSTRUCTORS.contains(&name(&function.symbol)));
    state.level == Level::Instance && constructor
}

/// Reading, or a write that gives the old value as well.
fn reads_back(kind: AccessKind) -> bool {
    matches!(kind, AccessKind::Read | AccessKind::Increment | AccessKind::Remove)
}

fn declared_so(state: &State, pattern: &StatePattern) -> bool {
    let name = name(&state.symbol).trim_start_matches(['@', '$']).to_lowercase();
    let level = pattern.level.is_empty() || pattern.level.contains(&state.level);
    let named = pattern.named.as_ref().is_none_or(|patterns| patterns.matches(&name));
    let other = pattern.not_named.as_ref().is_some_and(|patterns| patterns.matches(&name));
    level && named && !other && shape_fits(&state.shape, pattern)
}

fn shape_fits(shape: &Shape, pattern: &StatePattern) -> bool {
    let shape = match shape {
        Shape::Result(callee) => return pattern.made_by.as_ref().is_some_and(|patterns| patterns.matches(callee)),
        Shape::Map => ShapeName::Map,
        Shape::List => ShapeName::List,
        Shape::Set => ShapeName::Set,
        Shape::Number => ShapeName::Number,
        Shape::Text => ShapeName::Text,
        Shape::Bool => ShapeName::Bool,
        Shape::Null => ShapeName::Null,
    };
    match pattern.shape.is_empty() {
        true => pattern.made_by.is_none(),
        false => pattern.shape.contains(&shape),
    }
}

/// One function alone fills and reads it, and is no handler: a memo of what that function computes.
fn is_memo(reach: &Reach, accesses: &[(FileId, &Access)]) -> bool {
    let mut users = accesses.iter().filter_map(|(file, access)| access.function.map(|function| (*file, function)));
    let Some(first) = users.next() else { return false };
    let fills_only = |kind| matches!(kind, AccessKind::Read | AccessKind::Insert | AccessKind::Assign);
    users.all(|user| user == first)
        && accesses.iter().all(|(_, access)| fills_only(access.kind))
        && reach.get(first.0, Some(first.1)).is_none_or(|reached| !reached.handler)
}

/// `carts` of `~Shop().carts`; `Carts` of `~Carts()`, a type that is its only field.
pub fn name(symbol: &str) -> &str {
    symbol.trim_end_matches("()").rsplit(['.', '~']).next().unwrap_or(symbol)
}

/// `~Shop` of `~Shop().carts`.
fn class_of(symbol: &str) -> Option<&str> {
    symbol.rsplit_once("().").map(|(class, _)| class)
}

/// How often objects of a class are made.
#[derive(Default)]
struct Made {
    once: HashSet<ClassKey>,
    often: HashSet<ClassKey>,
    /// Objects that objects of another class keep in a field, and live as long as these: owner, and what it made.
    fields: Vec<(ClassKey, ClassKey)>,
}

/// Classes with fields whose objects are made outside of handlers only, or whose methods a decorator made handlers: the
/// framework makes one object of such a class and keeps it.
fn singletons(project: &Project<'_>, reach: &Reach, watch: &Watch<'_>, seen: &Sightings<'_>) -> HashSet<ClassKey> {
    let mut made = Made::default();
    let classes = with_fields(project);
    for (file, facts) in project.files.iter().enumerate() {
        for call in &facts.calls {
            // `Shop::default()` of Rust, which nobody writes out.
            let made_by = call.callee.strip_suffix(".default").unwrap_or(&call.callee);
            let by_module = facts.language.has_default_exports() && made_by.contains('/');
            let known = classes.get(name(made_by));
            if known.is_none() && !by_module {
                continue;
            }
            let Some((home, class)) = project.resolve(file, made_by) else { continue };
            if let Some(given) = project.given_class(home).filter(|_| class == "~") {
                made.note(reach, (file, facts), call, (home, given.to_owned()));
            } else if let Some(known) = known
                && known.contains(&(home, class.as_str()))
            {
                made.note(reach, (file, facts), call, (home, class.to_string()));
            }
        }
        for (id, function) in facts.functions.iter().enumerate() {
            let decorated = reach.get(file, Some(id as FunctionId)).is_some_and(|reached| reached.decorated);
            if let (true, Some(class)) = (decorated, class_of(&function.symbol)) {
                made.once.insert((file, class.to_owned()));
            }
        }
    }
    for (id, entry) in watch.entry_points.iter().enumerate() {
        let Some(objects) = entry.objects else { continue };
        let kept = if objects == Objects::One { &mut made.once } else { &mut made.often };
        let classes = kept_classes(project, seen, id, entry).into_iter();
        kept.extend(classes.map(|at| (at.0, project.class_facts(at).symbol.to_string())));
    }
    let once = made.kept();
    inherited(project, once, &made.often)
}

/// The classes with fields, by their own names.
fn with_fields<'a>(project: &Project<'a>) -> HashMap<&'a str, Vec<(FileId, &'a str)>> {
    let mut classes: HashMap<&str, Vec<(FileId, &str)>> = HashMap::new();
    for (file, facts) in project.files.iter().enumerate() {
        for state in facts.states.iter().filter(|state| state.level == Level::Instance) {
            let Some(class) = class_of(&state.symbol) else { continue };
            let known = classes.entry(name(class)).or_default();
            if !known.contains(&(file, class)) {
                known.push((file, class));
            }
        }
    }
    classes
}

impl Made {
    /// A call of the file makes an object of the class.
    fn note(&mut self, reach: &Reach, (file, facts): (FileId, &FileFacts), call: &Call, class: ClassKey) {
        let keeps = facts.language.keeps_objects_by_name();
        let owner = call.bound_to.as_deref().and_then(class_of).map(|owner| (file, owner.to_owned()));
        let is_static = call.bound_to.as_ref().is_some_and(|name| name.contains('.')) && owner.is_none();
        // `instance ??= new Shop()`, made when it is first asked for.
        let lasts = |state: &State| matches!(state.level, Level::Module | Level::ClassStatic);
        let named = call.bound_to.as_ref().filter(|name| !keeps && name.starts_with('~'));
        let is_lasting = named.is_some_and(|name| facts.states.iter().any(|one| lasts(one) && one.symbol == *name));
        if keeps && is_static || is_lasting {
            self.once.insert(class);
        } else if runs_on_requests(reach, file, call.function) {
            self.often.insert(class);
        } else if let Some(owner) = owner.filter(|_| keeps) {
            self.fields.push((owner, class));
        } else if !keeps || is_kept(facts, call) {
            self.once.insert(class);
        }
    }

    /// The classes of which one object is there as long as the process.
    fn kept(&self) -> HashSet<ClassKey> {
        let is_one = |class: &&ClassKey| !self.often.contains(*class);
        let mut kept: HashSet<ClassKey> = self.once.iter().filter(is_one).cloned().collect();
        for _ in 0..MOST_OWNERS {
            let held = self.fields.iter().filter(|(owner, _)| kept.contains(owner)).map(|(_, class)| class);
            let held: Vec<ClassKey> = held.filter(is_one).cloned().collect();
            kept.extend(held);
        }
        kept
    }
}

/// An object of a class has the fields of the classes that it extends, which make none of their own.
fn inherited(project: &Project<'_>, mut kept: HashSet<ClassKey>, often: &HashSet<ClassKey>) -> HashSet<ClassKey> {
    let ancestors = |classes: &HashSet<ClassKey>| -> HashSet<ClassKey> {
        let classes = classes.iter().filter_map(|(file, symbol)| project.class(*file, symbol));
        let ancestors = classes.flat_map(|class| project.ancestry(class).into_iter().skip(1));
        ancestors.map(|at| (at.0, project.class_facts(at).symbol.to_string())).collect()
    };
    let shared = ancestors(often);
    kept.extend(ancestors(&kept).into_iter().filter(|class| !often.contains(class) && !shared.contains(class)));
    kept
}

/// Where a framework makes the objects that live long, one that start-up code makes is most often data. It lives as long as the
/// process where a variable of the program or of its `main` keeps it.
fn is_kept(facts: &FileFacts, call: &Call) -> bool {
    let function = call.function.and_then(|function| facts.functions.get(function as usize));
    match (&call.bound_to, function) {
        // A script of Ruby ends with the object that it makes: `Bot.new.run`.
        (None, None) => facts.language.has_open_names(),
        (None, Some(_)) => false,
        (Some(_), None) => true,
        (Some(_), Some(function)) => matches!(name(&function.symbol), "Main" | "main"),
    }
}

/// The classes of which an entry point says how many objects there are: those that it is about, those that its call names, and
/// those whose methods its decorator made handlers.
fn kept_classes(project: &Project<'_>, seen: &Sightings<'_>, id: usize, entry: &EntryPoint) -> Vec<ClassRef> {
    if let Trigger::Class { class, .. } = &entry.trigger {
        let mut classes = project.classes_like(class, &|language| entry.speaks(language));
        classes.retain(|(file, _)| seen.counts_in(entry, *file));
        return classes;
    }
    let calls = seen.entry_points.iter().filter(|(entry, ..)| *entry == id);
    let calls = calls.filter(|(_, file, _)| entry.speaks(project.files[*file].language));
    let mut found = Vec::new();
    for (_, file, call) in calls {
        let call = &project.files[*file].calls[*call];
        let named = call.arguments.iter().filter_map(|argument| match &argument.value {
            Value::Name(symbol) | Value::Call { callee: symbol, .. } => project.class(*file, symbol),
            _ => None,
        });
        found.extend(named);
        // `AddSingleton(services => new Carts(…))`; `@Bean Carts carts() { return new Carts(…); }`.
        let factories = call.arguments.iter().filter_map(|argument| match argument.value {
            Value::Function(function) => Some(function),
            _ => None,
        });
        let decorated = call.decorates.filter(|_| entry.occasion.is_none());
        for factory in factories.chain(decorated) {
            let made = project.files[*file].calls.iter().filter(|call| call.function == Some(factory));
            found.extend(made.filter_map(|call| project.class(*file, &call.callee)));
        }
        let method = call.decorates.and_then(|function| project.files[*file].functions.get(function as usize));
        found.extend(method.and_then(|method| project.class(*file, class_of(&method.symbol)?)));
    }
    found
}

fn runs_on_requests(reach: &Reach, file: FileId, function: Option<FunctionId>) -> bool {
    reach.get(file, function).is_some()
}
