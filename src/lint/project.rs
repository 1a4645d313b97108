//! All files together: what a symbol of one file means in another.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use crate::model::Name;
use crate::model::fact::{FileFacts, FunctionId, Language, State, Value};

/// Index of a file in the facts.
pub type FileId = usize;

/// A function of the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionRef {
    pub file: FileId,
    pub function: FunctionId,
}

/// The project's files that an import may mean: `(importing file, module, language) -> paths`, best first.
pub type Candidates<'a> = dyn Fn(&str, &str, Language) -> Vec<String> + 'a;

/// Bindings are followed this far: `store = make()`, `make = factory()` …
const MOST_STEPS: u32 = 4;

/// The facts of a project, and the tables to look things up in.
pub struct Project<'a> {
    pub files: &'a [FileFacts],
    candidates: &'a Candidates<'a>,
    by_path: HashMap<&'a str, FileId>,
    /// The files of each folder whose files share their names; the folder ends with `/`, the topmost is empty.
    packages: HashMap<&'a str, Vec<FileId>>,
    tables: Vec<Tables<'a>>,
    modules: RefCell<HashMap<(FileId, Name), Vec<FileId>>>,
}

/// One file's own names.
#[derive(Default)]
struct Tables<'a> {
    functions: HashMap<&'a str, Vec<FunctionId>>,
    /// What a name is bound to, by the callee that made it.
    bindings: HashMap<&'a str, &'a str>,
    states: HashMap<&'a str, usize>,
    constants: HashMap<&'a str, &'a Value>,
    /// Classes with fields: `~Shop` for `~Shop().items`.
    classes: HashSet<&'a str>,
}

impl<'a> Project<'a> {
    pub fn new(files: &'a [FileFacts], candidates: &'a Candidates<'a>) -> Self {
        let mut packages: HashMap<&str, Vec<FileId>> = HashMap::new();
        for (id, file) in files.iter().enumerate().filter(|(_, file)| file.language.shares_names()) {
            packages.entry(folder(&file.path)).or_default().push(id);
        }
        Project {
            files,
            candidates,
            packages,
            by_path: files.iter().enumerate().map(|(id, file)| (&*file.path, id)).collect(),
            tables: files.iter().map(tables).collect(),
            modules: RefCell::default(),
        }
    }

    /// What a constant of the file holds.
    pub fn constant(&self, file: FileId, symbol: &str) -> Option<&'a Value> {
        let files = std::iter::once(file).chain(self.package(file).iter().copied());
        files.into_iter().find_map(|file| self.tables[file].constants.get(symbol).copied())
    }

    /// The file that declares what a symbol names, and the symbol as that file writes it; `~` alone for the module itself.
    pub fn resolve(&self, file: FileId, symbol: &str) -> Option<(FileId, Name)> {
        if symbol.starts_with('~') {
            let mates = self.package(file).iter().copied();
            return Some((self.declaring(std::iter::once(file).chain(mates), symbol).unwrap_or(file), symbol.into()));
        }
        let module_end = symbol.find("()").unwrap_or(symbol.len());
        let ends = symbol[..module_end].rmatch_indices('.').map(|(at, _)| at);
        let whole = (module_end == symbol.len()).then_some(module_end);
        for end in whole.into_iter().chain(ends).filter(|end| *end > 0) {
            let files = self.module(file, &symbol[..end]);
            if let Some(first) = files.first() {
                let rest = symbol[end..].strip_prefix('.').unwrap_or_default();
                let local = Name::from(format!("~{rest}"));
                let target = self.declaring(files.iter().copied(), &local).unwrap_or(*first);
                return Some((target, local));
            }
        }
        None
    }

    /// All files that share their names with this one, itself included; none where files do not.
    fn package(&self, file: FileId) -> &[FileId] {
        let facts = &self.files[file];
        let files = self.packages.get(folder(&facts.path)).filter(|_| facts.language.shares_names());
        files.map_or(&[], Vec::as_slice)
    }

    /// The first of the files that declares what a symbol of theirs names.
    fn declaring(&self, mut files: impl Iterator<Item = FileId>, local: &str) -> Option<FileId> {
        files.find(|file| {
            let tables = &self.tables[*file];
            tables.functions.contains_key(local)
                || tables.states.contains_key(local)
                || tables.classes.contains(local)
                || tables.bindings.contains_key(local.split('.').next().unwrap_or(local))
        })
    }

    /// The files that a module is: one, or all of a package.
    fn module(&self, file: FileId, module: &str) -> Vec<FileId> {
        let key = (file, Name::from(module));
        if let Some(known) = self.modules.borrow().get(&key) {
            return known.clone();
        }
        let from = &self.files[file];
        let paths = (self.candidates)(&from.path, module, from.language);
        let found = paths.iter().find_map(|path| match path.ends_with('/') {
            true => self.packages.get(path.as_str()).cloned(),
            false => self.by_path.get(path.as_str()).map(|file| vec![*file]),
        });
        let found = found.unwrap_or_default();
        self.modules.borrow_mut().insert(key, found.clone());
        found
    }

    /// The functions that a symbol names: one, or none where it is not the project's.
    pub fn functions(&self, file: FileId, symbol: &str) -> Vec<FunctionRef> {
        self.follow(file, symbol, MOST_STEPS, &|file, local| self.functions_here(file, local)).unwrap_or_default()
    }

    /// The methods of the class that a symbol names.
    pub fn methods(&self, file: FileId, symbol: &str) -> Vec<FunctionRef> {
        let Some((file, local)) = self.resolve(file, symbol) else { return Vec::new() };
        if local == "~" {
            return Vec::new();
        }
        let prefix = format!("{local}().");
        let of_class = |symbol: &str| symbol.starts_with(&prefix);
        match self.package(file) {
            [] => self.functions_where(file, of_class),
            files => files.iter().flat_map(|file| self.functions_where(*file, of_class)).collect(),
        }
    }

    /// The state that a symbol names.
    pub fn state(&self, file: FileId, symbol: &str) -> Option<(FileId, usize)> {
        self.follow(file, symbol, MOST_STEPS, &|file, local| {
            self.tables[file].states.get(local).map(|state| (file, *state))
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
        let (head, rest) = local.split_once('.')?;
        let maker = self.tables[file].bindings.get(head)?;
        if steps == 0 {
            return None;
        }
        self.follow(file, &format!("{maker}().{rest}"), steps - 1, find)
    }

    fn functions_here(&self, file: FileId, local: &str) -> Option<Vec<FunctionRef>> {
        let to_ref = |function: &FunctionId| FunctionRef { file, function: *function };
        let by_name = |symbol: &str| self.tables[file].functions.get(symbol);
        let constructors = || {
            let constructor = |name| by_name(&format!("{local}().{name}"));
            constructor("__init__").or_else(|| constructor("constructor"))
        };
        if local == "~" {
            return self.default_export(file);
        }
        if let Some(ids) = by_name(local).or_else(constructors) {
            return Some(ids.iter().map(to_ref).collect());
        }
        // `import store from "./store"; store.add()` where the module's default export is an object of some class.
        let method = local.strip_prefix('~').filter(|name| !name.contains('.'))?;
        let suffix = format!("().{method}");
        let found = self.functions_where(file, |symbol| symbol.ends_with(&suffix));
        (found.len() == 1).then_some(found)
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

    fn functions_where(&self, file: FileId, wanted: impl Fn(&str) -> bool) -> Vec<FunctionRef> {
        let functions = self.files[file].functions.iter().enumerate();
        functions
            .filter(|(_, function)| wanted(&function.symbol))
            .map(|(id, _)| FunctionRef { file, function: id as FunctionId })
            .collect()
    }
}

/// `cmd/` of `cmd/main.go`.
fn folder(path: &str) -> &str {
    path.rfind('/').map_or("", |at| &path[..=at])
}

fn tables(file: &FileFacts) -> Tables<'_> {
    let mut tables = Tables::default();
    for (id, function) in file.functions.iter().enumerate().filter(|(_, function)| !function.symbol.is_empty()) {
        tables.functions.entry(&function.symbol).or_default().push(id as FunctionId);
    }
    for call in &file.calls {
        if let (Some(name), None) = (&call.bound_to, call.function) {
            tables.bindings.entry(name).or_insert(&call.callee);
        }
    }
    for (id, state) in file.states.iter().enumerate() {
        tables.states.entry(&state.symbol).or_insert(id);
        tables.classes.extend(state.symbol.split_once("().").map(|(class, _)| class));
    }
    for setting in &file.settings {
        tables.constants.entry(&setting.key).or_insert(&setting.value);
    }
    tables
}
