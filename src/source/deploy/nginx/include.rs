//! What `include` brings into a block of servers, of a virtual host or of a location.

use super::super::File;
use super::super::directive::Directive;
use super::super::page::Page;
use super::syntax;

/// Files that one file may include, those that they include counted.
const MAX_INCLUDES: usize = 32;
const MAX_DEPTH: usize = 4;
/// Where the engine keeps its configuration.
const HOME: &str = "/etc/nginx/";

pub(super) struct Includes<'t> {
    file: &'t File<'t>,
    left: usize,
}

impl<'t> Includes<'t> {
    pub fn new(file: &'t File<'t>) -> Self {
        Includes { file, left: MAX_INCLUDES }
    }

    /// Tells of what includes the file in turn.
    pub fn circles(&self, directives: &[Directive], page: &mut Page<'_>) {
        for directive in directives {
            if directive.is("include") && self.leads_back(directive.argument(0)) {
                let message = format!("`{}` includes this file in turn", directive.argument(0));
                page.problem(message, "nginx does not start with such a circle.", &directive.place());
            }
            self.circles(directive.block.as_deref().unwrap_or_default(), page);
        }
    }

    fn leads_back(&self, name: &str) -> bool {
        let path_of = |name: &str| self.file.path_of(name.strip_prefix(HOME).unwrap_or(name));
        let mut open: Vec<String> = path_of(name).into_iter().collect();
        let mut next = 0;
        while let Some(path) = open.get(next).cloned().filter(|_| next < MAX_DEPTH) {
            if *path == *self.file.path {
                return true;
            }
            next += 1;
            let text = (self.file.beside)(&path).unwrap_or_default();
            let included =
                |line: &str| path_of(line.trim().strip_prefix("include ")?.trim_end().strip_suffix(';')?.trim());
            let more: Vec<String> = text.lines().filter_map(included).filter(|path| !open.contains(path)).collect();
            open.extend(more.into_iter().take(MAX_INCLUDES));
        }
        false
    }

    /// Puts what is included in the place of the directive where the file is known. Whole files of groups and virtual hosts, which
    /// stand outside of such blocks, are read by themselves.
    pub fn expand(&mut self, directives: &mut [Directive]) {
        for directive in directives {
            let holds = ["server", "location", "upstream", "if"].contains(&directive.name.text.as_str());
            if let Some(block) = &mut directive.block {
                if holds {
                    self.replace(block, MAX_DEPTH);
                }
                self.expand(block);
            }
        }
    }

    fn replace(&mut self, block: &mut Vec<Directive>, depth: usize) {
        let mut at = 0;
        while at < block.len() {
            let included = block.get(at).filter(|it| it.is("include")).and_then(|it| self.read(it, depth));
            match included {
                Some(included) => {
                    let length = included.len();
                    block.splice(at..=at, included);
                    at += length;
                }
                None => at += 1,
            }
        }
    }

    fn read(&mut self, directive: &Directive, depth: usize) -> Option<Vec<Directive>> {
        let name = directive.argument(0);
        if self.left == 0 || depth == 0 || name.contains(['*', '$', '{', '<']) {
            return None;
        }
        let relative = name.strip_prefix(HOME).unwrap_or(name);
        let last = name.rsplit('/').next().unwrap_or(name);
        let above = format!("../{relative}");
        let paths = [relative, above.as_str(), last].into_iter().filter_map(|named| self.file.path_of(named));
        let (path, text) = paths.filter(|path| **path != *self.file.path).find_map(|path| {
            let text = (self.file.beside)(&path)?;
            Some((path, text))
        })?;
        self.left -= 1;
        let other = File { path: path.into(), text: &text, beside: self.file.beside };
        // Its own problems are told with it.
        let mut included = syntax::parse(&mut Page::new(&other), &text);
        let place = directive.place();
        included.iter_mut().for_each(|it| it.move_to(&place));
        self.replace(&mut included, depth - 1);
        Some(included)
    }
}
