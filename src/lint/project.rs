//! All files together: what a symbol of one file means in another.

mod classes;
mod methods;
mod open;
mod package;

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};

use crate::model::Name;
use crate::model::fact::{FileFacts, FunctionId, Language, Level, State, Value};
use package::Package;

/// Index of a file in the facts.
pub type FileId = usize;

/// A function of the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionRef {
    pub file: FileId,
    pub function: FunctionId,
}

/// A class of the project: its file, and its index there.
pub type ClassRef = (FileId, usize);

/// The project's files that an import may mean: `(importing file, module, language) -> paths`, best first.
pub type Candidates<'a> = dyn Fn(&str, &str, Language) -> Vec<String> + 'a;

/// What languages call the method that makes an object ready.
pub const CONSTRUCTORS: [&str; 4] = ["__init__", "constructor", "initialize", "__construct"];

/// Classes that one class extends, through all steps, that are looked at.
const MOST_ANCESTORS: usize = 32;
/// Classes that extend one class that are looked at.
const MOST_HEIRS: usize = 32;

/// Modules that only hand on what another one declares are followed this far.
const MOST_HANDS: u32 = 2;

/// Bindings are followed this far: `store = make()`, `make = factory()` …
const MOST_STEPS: u32 = 4;

/// The facts of a project, and the tables to look things up in.
pub struct Project<'a> {
    pub files: &'a [FileFacts],
    candidates: &'a Candidates<'a>,
    by_path: HashMap<&'a str, FileId>,
    /// Folders whose files share their names; the folder ends with `/`, the topmost is empty.
    packages: HashMap<&'a str, Package<'a>>,
    tables: Vec<Tables<'a>>,
    /// Methods by their own names.
    methods: HashMap<&'a str, Vec<FunctionRef>>,
    /// Classes by their own names.
    classes: HashMap<&'a str, Vec<ClassRef>>,
    /// Functions outside of classes by their own names, where every file may call them.
    shared_functions: HashMap<&'a str, Vec<FileId>>,
    /// Variables outside of classes by their own names, where every file may use them.
    shared_variables: HashMap<&'a str, Vec<FileId>>,
    /// Those of few classes, as far as they were asked for.
    alike: RefCell<HashMap<(Language, Name), Vec<FunctionRef>>>,
    /// The classes that extend one of the project directly.
    heirs: OnceCell<HashMap<ClassRef, Vec<ClassRef>>>,
    /// The classes that name a base, by its own name.
    implementers: OnceCell<HashMap<Name, Vec<ClassRef>>>,
    /// Where constants and global variables are declared that all files see.
    open_names: HashMap<&'a str, FileId>,
    /// State that goes by one name in all files: `globalThis.users`, `app.state.users`.
    process_wide: HashMap<&'a str, (FileId, usize)>,
    modules: RefCell<HashMap<(FileId, Name), Vec<FileId>>>,
}

/// One file's own names.
#[derive(Default)]
struct Tables<'a> {
    functions: HashMap<&'a str, Vec<FunctionId>>,
    /// All of them in the order of their symbols, as soon as somebody asks.
    sorted: OnceCell<Vec<FunctionId>>,
    /// What a name is bound to, by the callee that made it.
    bindings: HashMap<&'a str, &'a str>,
    states: HashMap<&'a str, usize>,
    constants: HashMap<&'a str, &'a Value>,
    /// Classes with fields: `~Shop` for `~Shop().items`.
    classes: HashSet<&'a str>,
    by_class: HashMap<&'a str, usize>,
    /// Positions of settings by their keys, as soon as somebody asks.
    settings: OnceCell<HashMap<Name, Vec<usize>>>,
}

impl Tables<'_> {
    fn declare(&self, local: &str) -> bool {
        self.functions.contains_key(local)
            || self.states.contains_key(local)
            || self.classes.contains(local)
            || self.bindings.contains_key(head(local))
    }
}

impl<'a> Project<'a> {
    pub fn new(files: &'a [FileFacts], candidates: &'a Candidates<'a>) -> Self {
        let tables: Vec<Tables<'a>> = files.iter().map(tables).collect();
        Project {
            files,
            candidates,
            packages: package::packages(files, &tables),
            by_path: files.iter().enumerate().map(|(id, file)| (&*file.path, id)).collect(),
            tables,
            methods: methods::by_name(files),
            classes: classes(files),
            shared_functions: open::shared_functions(files),
            shared_variables: open::shared_variables(files),
            alike: RefCell::default(),
            heirs: OnceCell::new(),
            implementers: OnceCell::new(),
            open_names: open::open_names(files),
            process_wide: open::process_wide(files),
            modules: RefCell::default(),
        }
    }

    /// The file of this path.
    pub fn file(&self, path: &str) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    /// What a constant that a symbol names holds: its file, and the value as that file writes it. Of a module it is what the
    /// module gives.
    pub fn held(&self, file: FileId, symbol: &str) -> Option<(FileId, &'a Value)> {
        let (home, local) = self.resolve(file, symbol)?;
        Some((home, self.constant(home, &local)?))
    }

    /// Positions of the settings of a file that have a key.
    pub fn settings_of(&self, file: FileId, key: &str) -> &[usize] {
        let by_key = self.tables[file].settings.get_or_init(|| {
            let mut by_key: HashMap<Name, Vec<usize>> = HashMap::new();
            for (index, setting) in self.files[file].settings.iter().enumerate() {
                by_key.entry(setting.key.clone()).or_default().push(index);
            }
            by_key
        });
        by_key.get(key).map_or(&[], Vec::as_slice)
    }

    /// What a constant of the file holds.
    pub fn constant(&self, file: FileId, symbol: &str) -> Option<&'a Value> {
        let own = self.tables[file].constants.get(symbol);
        own.or_else(|| self.package(file)?.constants.get(symbol)).copied()
    }

    /// The file that declares what a symbol names, and the symbol as that file writes it; `~` alone for the module itself.
    pub fn resolve(&self, file: FileId, symbol: &str) -> Option<(FileId, Name)> {
        self.resolve_within(file, symbol, MOST_HANDS)
    }

    fn resolve_within(&self, file: FileId, symbol: &str, steps: u32) -> Option<(FileId, Name)> {
        // `~/shop` is a module.
        if symbol.strip_prefix('~').is_some_and(|rest| !rest.starts_with(['/', '~'])) {
            let home = self.declaring(std::iter::once(file), symbol);
            let home = home.or_else(|| self.package(file)?.declaring(symbol));
            let home = home.or_else(|| self.reopening(file, symbol));
            let nested =
                || self.resolve_type(file, &symbol[1..]).filter(|_| home.is_none() && self.has_open_names(file));
            return nested().or_else(|| Some((home.unwrap_or(file), symbol.into())));
        }
        let is_variable = self.files[file].language.shares_functions() && !self.has_open_names(file);
        if let Some(name) = symbol.strip_prefix('$').filter(|_| is_variable) {
            // What the language itself declares, no file does.
            return if name.starts_with('_') { None } else { self.resolve_included(file, symbol) };
        }
        let module_end = symbol.find("()").unwrap_or(symbol.len());
        let ends = symbol[..module_end].rmatch_indices('.').map(|(at, _)| at);
        // What a module gives may be made or called: `./shop().add`.
        let gives = self.files[file].language.has_default_exports();
        let whole = (module_end == symbol.len() || gives).then_some(module_end);
        // `from . import carts`: what a package itself declares.
        let dots = match self.files[file].language.counts_dots() {
            true => symbol.bytes().take_while(|byte| *byte == b'.').count(),
            false => 0,
        };
        let package = (dots > 0).then_some(dots);
        for end in whole.into_iter().chain(ends.filter(|end| *end > dots)).chain(package) {
            let files = self.module(file, &symbol[..end]);
            if let Some(first) = files.first() {
                let rest = symbol[end..].strip_prefix('.').unwrap_or(&symbol[end..]);
                let local = Name::from(format!("~{rest}"));
                // `import Shop from "./shop"; new Shop().add()`
                let given = Some(rest).filter(|rest| rest.starts_with("()"));
                if let Some((class, rest)) = given.and_then(|rest| Some((self.given_class(*first)?, rest))) {
                    return Some((*first, Name::from(format!("{class}{rest}"))));
                }
                let declared = self.declaring(files.iter().copied(), &local).map(|target| (target, local.clone()));
                return declared.or_else(|| self.handed_on(*first, &local, steps)).or(Some((*first, local)));
            }
        }
        let shared = self.resolve_type(file, symbol).or_else(|| self.resolve_function(file, symbol));
        shared.or_else(|| self.resolve_variable(file, symbol)).or_else(|| self.resolve_open(file, symbol))
    }

    /// The class that a module gives instead of many things by their names: the one that it names, or its only one.
    pub fn given_class(&self, file: FileId) -> Option<&'a str> {
        let facts = &self.files[file];
        if !facts.language.has_default_exports() {
            return None;
        }
        let named = match self.constant(file, "~") {
            Some(Value::Name(name)) => facts.classes.iter().find(|class| class.symbol == *name),
            _ => None,
        };
        let only = || facts.classes.first().filter(|_| facts.classes.len() == 1);
        named.or_else(only).map(|class| class.symbol.as_str())
    }

    /// What a file only imports and hands on: `export * from "./carts"`, `from .carts import Cart`, `pub use store::Cart`.
    fn handed_on(&self, file: FileId, local: &str, steps: u32) -> Option<(FileId, Name)> {
        let steps = steps.checked_sub(1)?;
        let (name, rest) = local[1..].split_at(local[1..].find(['.', '(']).unwrap_or(local.len() - 1));
        let by_item = self.files[file].language.imports_items();
        self.files[file].imports.iter().find_map(|import| match import.module.rsplit_once('.') {
            Some((_, item)) if by_item && item == name => {
                self.resolve_within(file, &format!("{}{rest}", import.module), steps)
            }
            _ => self.module(file, &import.module).into_iter().filter(|from| *from != file).find_map(|from| {
                let own = self.declaring(std::iter::once(from), local).map(|home| (home, Name::from(local)));
                own.or_else(|| self.handed_on(from, local, steps))
            }),
        })
    }

    /// The files that share their names with this one, where files do.
    fn package(&self, file: FileId) -> Option<&Package<'a>> {
        let facts = &self.files[file];
        self.packages.get(folder(&facts.path)).filter(|_| facts.language.shares_names())
    }

    /// The first of the files that declares what a symbol of theirs names.
    fn declaring(&self, mut files: impl Iterator<Item = FileId>, local: &str) -> Option<FileId> {
        files.find(|file| self.tables[*file].declare(local))
    }

    /// The files that a module is: one, or all of a package.
    pub fn module(&self, file: FileId, module: &str) -> Vec<FileId> {
        let key = (file, Name::from(module));
        if let Some(known) = self.modules.borrow().get(&key) {
            return known.clone();
        }
        let from = &self.files[file];
        let paths = (self.candidates)(&from.path, module, from.language);
        let found = paths.iter().find_map(|path| match path.ends_with('/') {
            true => self.packages.get(path.as_str()).map(|package| package.files.clone()),
            false => self.by_path.get(path.as_str()).map(|file| vec![*file]),
        });
        let found = found.unwrap_or_default();
        self.modules.borrow_mut().insert(key, found.clone());
        found
    }

    /// The functions that a symbol names: one, or none where it is not the project's.
    pub fn functions(&self, file: FileId, symbol: &str) -> Vec<FunctionRef> {
        let found = self.follow(file, symbol, MOST_STEPS, &|file, local| {
            let overrides = self.overrides(file, local);
            match self.functions_here(file, local) {
                None if overrides.is_empty() => None,
                here => Some(here.into_iter().flatten().chain(overrides).collect()),
            }
        });
        found.unwrap_or_else(|| self.sole_method(file, symbol))
    }

    /// The methods by which classes of the project implement or override the one that `~Shop().add` of the file names: their
    /// own, or those that they inherit from another class.
    fn overrides(&self, file: FileId, local: &str) -> Vec<FunctionRef> {
        let Some((class, method)) = local.rsplit_once("().") else { return Vec::new() };
        let Some(index) = self.tables[file].by_class.get(class) else { return self.implementations(class, method) };
        let mut heirs = vec![(file, *index)];
        let mut next = 0;
        while let Some(class) = heirs.get(next).copied().filter(|_| next < MOST_HEIRS) {
            let more: Vec<_> = self.heirs(class).iter().filter(|heir| !heirs.contains(heir)).copied().collect();
            heirs.extend(more);
            next += 1;
        }
        let of = |class: &ClassRef| self.methods_called(*class, method);
        let mut found: Vec<FunctionRef> = Vec::new();
        for heir in heirs.iter().skip(1).take(MOST_HEIRS) {
            let own = of(heir);
            let inherited =
                || self.ancestry(*heir).iter().skip(1).filter(|class| **class != (file, *index)).flat_map(of).collect();
            found.extend(if own.is_empty() { inherited() } else { own });
        }
        found
    }

    /// The methods of classes that name as a base what no file declares as a class: an interface of TypeScript.
    fn implementations(&self, interface: &str, method: &str) -> Vec<FunctionRef> {
        let implementers = self.implementers.get_or_init(|| {
            let mut implementers: HashMap<Name, Vec<ClassRef>> = HashMap::new();
            let scripts = self.files.iter().enumerate().filter(|(_, facts)| facts.language.has_default_exports());
            for (file, facts) in scripts {
                for (index, class) in facts.classes.iter().enumerate() {
                    let names = class.bases.iter().map(|base| base.rsplit(['.', '~']).next().unwrap_or(base));
                    names.for_each(|name| implementers.entry(name.into()).or_default().push((file, index)));
                }
            }
            implementers
        });
        let classes = implementers.get(interface.trim_start_matches('~')).map_or(&[][..], Vec::as_slice);
        classes.iter().take(MOST_HEIRS).flat_map(|class| self.methods_called(*class, method)).collect()
    }

    /// The methods of that name that a class itself declares.
    fn methods_called(&self, (file, class): ClassRef, method: &str) -> Vec<FunctionRef> {
        let symbol = format!("{}().{method}", self.files[file].classes[class].symbol);
        let ids = self.tables[file].functions.get(symbol.as_str());
        ids.into_iter().flatten().map(|function| FunctionRef { file, function: *function }).collect()
    }

    /// The methods of the class that a symbol names.
    pub fn methods(&self, file: FileId, symbol: &str) -> Vec<FunctionRef> {
        let Some((file, local)) = self.resolve(file, symbol) else { return Vec::new() };
        if local == "~" {
            return Vec::new();
        }
        let prefix = format!("{local}().");
        match self.package(file) {
            None => self.functions_below(file, &prefix),
            Some(package) => package.files.iter().flat_map(|file| self.functions_below(*file, &prefix)).collect(),
        }
    }

    /// The state that a symbol names; where files share their types, also the one that it names a part of: `Shop.Carts.Count`.
    pub fn state(&self, file: FileId, symbol: &str) -> Option<(FileId, usize)> {
        let language = self.files[file].language;
        if let Some(state) = self.process_wide.get(symbol).filter(|state| self.files[state.0].language.calls(language))
        {
            return Some(*state);
        }
        let in_parts = language.shares_types_with(language) || language.has_default_exports();
        let steps = if in_parts { MOST_STEPS as usize } else { 1 };
        std::iter::successors(Some(symbol), |symbol| whole(symbol)).take(steps).find_map(|symbol| {
            self.follow(file, symbol, MOST_STEPS, &|file, local| {
                self.tables[file].states.get(local).map(|state| (file, *state))
            })
        })
    }

    pub fn state_facts(&self, (file, state): (FileId, usize)) -> &'a State {
        &self.files[file].states[state]
    }

    /// Looks a symbol up in the file that declares it; where its first segment is bound to the result of a call there, in what
    /// that call makes.
    fn follow<T>(&self, file: FileId, symbol: &str, steps: u32, find: &dyn Fn(FileId, &str) -> Option<T>) -> Option<T> {
        let (file, local) = self.resolve(file, symbol)?;
        if let Some(found) = find(file, &local) {
            return Some(found);
        }
        if steps == 0 {
            return None;
        }
        // `import shop from "./shop"; shop.add()` where that module gives its `shop`.
        let foreign = !symbol.starts_with('~') || symbol.starts_with("~/");
        if let Some(Value::Name(given)) = self.constant(file, "~").filter(|_| foreign) {
            let rest = local.trim_start_matches('~');
            let separator = if rest.is_empty() { "" } else { "." };
            return self.follow(file, &format!("{given}{separator}{rest}"), steps - 1, find);
        }
        let (head, rest) = local.split_once('.')?;
        // `shop.carts`, and `Shop.Instance.carts`.
        let member = rest.split_once('.').map(|(member, rest)| (&local[..head.len() + 1 + member.len()], rest));
        for (head, rest) in std::iter::once((head, rest)).chain(member) {
            if let Some(maker) = self.tables[file].bindings.get(head) {
                return self.follow(file, &format!("{maker}().{rest}"), steps - 1, find);
            }
            // `Shop.instance().add`, where the function says what it gives.
            let called = head.strip_suffix("()").and_then(|function| self.tables[file].functions.get(function));
            if let Some(given) =
                called.and_then(|ids| self.files[file].functions[*ids.first()? as usize].returns.as_ref())
            {
                return self.follow(file, &format!("{given}.{rest}"), steps - 1, find);
            }
            // A property that is computed gives what it declares.
            let computed =
                self.tables[file].functions.get(head).and_then(|ids| ids.first()).filter(|_| head.contains('.'));
            if let Some(given) = computed.and_then(|id| self.files[file].functions[*id as usize].returns.as_ref()) {
                return self.follow(file, &format!("{given}.{rest}"), steps - 1, find);
            }
        }
        // What a class does not declare itself, one that it extends may.
        let class = self.tables[file].by_class.get(head.trim_end_matches("()"))?;
        let own = if head.ends_with("()") { "()" } else { "" };
        let bases = &self.files[file].classes[*class].bases;
        bases.iter().find_map(|base| self.follow(file, &format!("{base}{own}.{rest}"), steps - 1, find))
    }

    fn functions_here(&self, file: FileId, local: &str) -> Option<Vec<FunctionRef>> {
        let to_ref = |function: &FunctionId| FunctionRef { file, function: *function };
        let by_name = |symbol: &str| self.tables[file].functions.get(symbol);
        let constructors = || {
            let constructor = |name| by_name(&format!("{local}().{name}"));
            CONSTRUCTORS.iter().find_map(constructor)
        };
        if local == "~" {
            return self.default_export(file);
        }
        let as_called = || by_name(&by_other_owner(local)?).filter(|_| self.files[file].language.shares_functions());
        if let Some(ids) = by_name(local).or_else(constructors).or_else(as_called) {
            return Some(ids.iter().map(to_ref).collect());
        }
        // `import store from "./store"; store.add()` where the module's default export is an object of some class.
        let method = local.strip_prefix('~').filter(|name| !name.contains('.'))?;
        let found = self.methods_here(file, method);
        (found.len() == 1).then(|| found.to_vec())
    }

    /// The one function that a module exports without a name, or the only one that it exports at all.
    fn default_export(&self, file: FileId) -> Option<Vec<FunctionRef>> {
        let exported = |nameless: bool| {
            let functions = self.files[file].functions.iter().enumerate();
            let mut found = functions
                .filter(|(_, f)| f.exported && f.parent.is_none() && (!nameless || f.symbol.is_empty()))
                .map(|(id, _)| FunctionRef { file, function: id as FunctionId });
            let first = found.next()?;
            found.next().is_none().then_some(vec![first])
        };
        exported(true).or_else(|| exported(false))
    }
}

/// `Shop.Carts` of `Shop.Carts.Count`, `CARTS` of `CARTS.size`.
fn whole(symbol: &str) -> Option<&str> {
    let is_constant = |whole: &str| whole.starts_with(|first: char| first.is_uppercase() || first == '$');
    symbol.rsplit_once('.').map(|(whole, _)| whole).filter(|whole| whole.contains('.') || is_constant(whole))
}

/// `~Shop.add` for `~Shop().add`, and the other way round: `parent::add()` is a method of the object, `$shop->make()` may be one
/// of the class.
fn by_other_owner(local: &str) -> Option<String> {
    let (owner, method) = local.rsplit_once('.')?;
    Some(match owner.strip_suffix("()") {
        Some(class) => format!("{class}.{method}"),
        None => format!("{owner}().{method}"),
    })
}

/// `~shop` of `~shop.carts`.
fn head(symbol: &str) -> &str {
    symbol.split('.').next().unwrap_or(symbol)
}

/// `cmd/` of `cmd/main.go`.
fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
}

fn classes(files: &[FileFacts]) -> HashMap<&str, Vec<ClassRef>> {
    let mut classes: HashMap<&str, Vec<ClassRef>> = HashMap::new();
    for (file, facts) in files.iter().enumerate() {
        for (index, class) in facts.classes.iter().enumerate() {
            classes.entry(class.symbol.trim_start_matches('~')).or_default().push((file, index));
        }
    }
    classes
}

fn tables(file: &FileFacts) -> Tables<'_> {
    let mut tables = Tables::default();
    for (id, function) in file.functions.iter().enumerate().filter(|(_, function)| !function.symbol.is_empty()) {
        tables.functions.entry(&function.symbol).or_default().push(id as FunctionId);
    }
    let kept = file.states.iter().filter(|state| state.level == Level::ClassStatic);
    let kept: HashSet<&str> = kept.map(|state| state.symbol.as_str()).collect();
    for call in &file.calls {
        let Some(name) = &call.bound_to else { continue };
        // What a class keeps is there for all, whichever method made it: `@instance ||= new`.
        if call.function.is_none() || kept.contains(name.as_str()) {
            tables.bindings.entry(name).or_insert(&call.callee);
        }
    }
    for (id, state) in file.states.iter().enumerate() {
        tables.states.entry(&state.symbol).or_insert(id);
        tables.classes.extend(state.symbol.split_once("().").map(|(class, _)| class));
    }
    for (id, class) in file.classes.iter().enumerate() {
        tables.by_class.entry(&class.symbol).or_insert(id);
        tables.classes.insert(&class.symbol);
    }
    for setting in &file.settings {
        tables.constants.entry(&setting.key).or_insert(&setting.value);
    }
    tables
}
