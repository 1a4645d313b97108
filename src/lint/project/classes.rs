//! Classes by their names, what they extend, and what extends them.

use std::collections::HashMap;

use super::{ClassRef, FileId, FunctionRef, MOST_ANCESTORS, Project, folder};
use crate::model::Name;
use crate::model::fact::{Class, Language};
use crate::rules::clause::ClassPattern;

impl<'a> Project<'a> {
    /// The same where files share their types: `shop.Carts().add`, `Carts().add` and `Carts.items` of any file's class `Carts`.
    pub(super) fn resolve_type(&self, file: FileId, symbol: &str) -> Option<(FileId, Name)> {
        let language = self.files[file].language;
        if !language.shares_types_with(language) {
            return None;
        }
        let named_end = symbol.find("()").unwrap_or(symbol.len());
        let ends = symbol[..named_end].match_indices('.').map(|(at, _)| at);
        let ends: Vec<usize> = ends.chain([named_end]).collect();
        ends.into_iter().rev().find_map(|end| {
            let (home, class) = self.class_named(file, &symbol[..end])?;
            let local = Name::from(format!("{}{}", self.files[home].classes[class].symbol, &symbol[end..]));
            let declares = || self.declaring(std::iter::once(home), &local);
            Some((declares().or_else(|| self.reopening(file, &local)).unwrap_or(home), local))
        })
    }

    /// The only class by that name, or the only one of those in the folder that the qualified name tells.
    pub(super) fn class_named(&self, file: FileId, qualified: &str) -> Option<ClassRef> {
        let language = self.files[file].language;
        let (package, name) =
            qualified.rsplit_once('.').map_or((None, qualified), |(package, name)| (Some(package), name));
        // `Redis::Client` is none of ours where no `Redis` is.
        let foreign = |module: &str| module.split('.').any(|module| !self.classes.contains_key(module));
        if language.has_open_names() && package.is_some_and(foreign) {
            return None;
        }
        let of_language = |class: &&ClassRef| self.files[class.0].language.shares_types_with(language);
        let known: Vec<ClassRef> = self.classes.get(name)?.iter().filter(of_language).copied().collect();
        if let Some(own) = known.iter().find(|class| class.0 == file) {
            return Some(*own);
        }
        let last = package.and_then(|package| package.rsplit('.').next()).filter(|_| language.packages_are_folders());
        let folder_of = |class: &ClassRef| folder(&self.files[class.0].path).trim_end_matches('/').rsplit('/').next();
        let fits = |class: &&ClassRef| {
            last.is_none_or(|last| folder_of(class).is_some_and(|folder| folder.eq_ignore_ascii_case(last)))
        };
        let mut fitting = known.iter().filter(fits);
        match (fitting.next(), fitting.next()) {
            (Some(one), None) => Some(*one),
            // Of several the one that an import of the file means, else the one beside it, else the nearest.
            (Some(_), Some(_)) if package.is_none() => {
                self.imported(file, &known).or_else(|| self.nearest(file, &known))
            }
            (Some(one), Some(_)) if language.has_open_names() => Some(*one),
            _ => None,
        }
    }

    /// The only one of the classes whose folder is called as a namespace that the file imports.
    pub(super) fn imported(&self, file: FileId, classes: &[ClassRef]) -> Option<ClassRef> {
        let imports = &self.files[file].imports;
        let mut meant = classes.iter().filter(|class| {
            let folder = format!(".{}", folder(&self.files[class.0].path).trim_end_matches('/').replace('/', "."));
            imports.iter().any(|import| folder.strip_suffix(&*import.module).is_some_and(|rest| rest.ends_with('.')))
        });
        let one = meant.next().copied();
        one.filter(|_| meant.next().is_none())
    }

    /// The one of the classes that shares more folders with the file than any other.
    pub(super) fn nearest(&self, file: FileId, classes: &[ClassRef]) -> Option<ClassRef> {
        let here = folder(&self.files[file].path);
        let shared = |class: &ClassRef| {
            let there = folder(&self.files[class.0].path);
            here.split('/').zip(there.split('/')).take_while(|(a, b)| a == b).count()
        };
        let most = classes.iter().map(shared).max()?;
        let mut nearest = classes.iter().filter(|class| shared(class) == most);
        // Several in one folder are parts of one class.
        let one = *nearest.next()?;
        let home = folder(&self.files[one.0].path);
        nearest.all(|other| folder(&self.files[other.0].path) == home).then_some(one)
    }

    /// The class that a symbol names.
    pub fn class(&self, file: FileId, symbol: &str) -> Option<ClassRef> {
        let (home, local) = self.resolve(file, symbol)?;
        let index = self.tables[home].by_class.get(local.as_str())?;
        Some((home, *index))
    }

    pub fn class_facts(&self, (file, class): ClassRef) -> &'a Class {
        &self.files[file].classes[class]
    }

    /// All classes that fit the pattern, of files in the languages that are asked for.
    pub fn classes_like(&self, pattern: &ClassPattern, speaks: &dyn Fn(Language) -> bool) -> Vec<ClassRef> {
        let mut found = Vec::new();
        for (file, facts) in self.files.iter().enumerate().filter(|(_, facts)| speaks(facts.language)) {
            found.extend(
                (0..facts.classes.len()).map(|class| (file, class)).filter(|class| self.is_like(*class, pattern)),
            );
        }
        found
    }

    pub(super) fn is_like(&self, at: ClassRef, pattern: &ClassPattern) -> bool {
        let class = self.class_facts(at);
        let named = |patterns: &crate::rules::pattern::Patterns| patterns.matches(class.symbol.trim_start_matches('~'));
        pattern.named.as_ref().is_none_or(named)
            && pattern
                .decorated
                .as_ref()
                .is_none_or(|patterns| class.decorators.iter().any(|name| patterns.matches(name)))
            && pattern.extends.as_ref().is_none_or(|patterns| {
                self.ancestry(at)
                    .iter()
                    .flat_map(|class| &self.class_facts(*class).bases)
                    .any(|base| patterns.matches(base))
            })
    }

    /// The class itself and the classes of the project that it extends, the nearest first.
    pub fn ancestry(&self, class: ClassRef) -> Vec<ClassRef> {
        let mut found = vec![class];
        let mut next = 0;
        while let Some(current) = found.get(next).copied().filter(|_| next < MOST_ANCESTORS) {
            for base in &self.class_facts(current).bases {
                found.extend(self.class(current.0, base).filter(|class| !found.contains(class)));
            }
            next += 1;
        }
        found
    }

    /// The classes that extend this one directly.
    pub(super) fn heirs(&self, class: ClassRef) -> &[ClassRef] {
        let heirs = self.heirs.get_or_init(|| {
            let mut heirs: HashMap<ClassRef, Vec<ClassRef>> = HashMap::new();
            for (file, facts) in self.files.iter().enumerate() {
                for (index, class) in facts.classes.iter().enumerate() {
                    for base in class.bases.iter().filter_map(|base| self.class(file, base)) {
                        heirs.entry(base).or_default().push((file, index));
                    }
                }
            }
            heirs
        });
        heirs.get(&class).map_or(&[], Vec::as_slice)
    }

    /// The methods that a class itself declares.
    pub fn methods_of(&self, (file, class): ClassRef) -> Vec<FunctionRef> {
        let symbol = &self.files[file].classes[class].symbol;
        let owners = [format!("{symbol}()."), format!("{symbol}.")];
        let mates = self.package(file).map_or(&[][..], |package| &package.files).iter().copied();
        std::iter::once(file)
            .chain(mates.filter(|mate| *mate != file))
            .flat_map(|file| owners.iter().flat_map(move |owner| self.functions_below(file, owner)))
            .collect()
    }
}
