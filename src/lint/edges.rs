//! Who calls whom.

use std::collections::{BTreeSet, HashMap};

use super::project::{FileId, FunctionRef, Project};
use crate::model::fact::{FunctionId, Value};

/// Functions that are looked at from one start.
const MOST_REACHED: usize = 1_000;

/// Who calls whom, worked out for the functions that are asked about.
pub struct Edges<'p, 'a> {
    pub project: &'p Project<'a>,
    known: HashMap<FunctionRef, Vec<FunctionRef>>,
    /// Calls and inner functions of each function of a file.
    bodies: HashMap<FileId, HashMap<Option<FunctionId>, Body>>,
}

#[derive(Default)]
struct Body {
    calls: Vec<usize>,
    inner: Vec<FunctionId>,
}

impl<'p, 'a> Edges<'p, 'a> {
    pub fn new(project: &'p Project<'a>) -> Self {
        Edges { project, known: HashMap::new(), bodies: HashMap::new() }
    }

    /// The functions that a function calls, hands on or holds.
    pub fn of(&mut self, function: FunctionRef) -> &[FunctionRef] {
        if !self.known.contains_key(&function) {
            let edges = self.work_out(function);
            self.known.insert(function, edges);
        }
        &self.known[&function]
    }

    /// The functions themselves and all that they reach, as far as is looked.
    pub fn reached_from(&mut self, start: Vec<FunctionRef>) -> BTreeSet<FunctionRef> {
        let mut reached: BTreeSet<FunctionRef> = start.iter().copied().collect();
        let mut waiting = start;
        while let Some(function) = waiting.pop().filter(|_| reached.len() < MOST_REACHED) {
            waiting.extend(self.of(function).iter().filter(|next| reached.insert(**next)));
        }
        reached
    }

    fn work_out(&mut self, FunctionRef { file, function }: FunctionRef) -> Vec<FunctionRef> {
        self.called(file, Some(function))
    }

    /// What a file calls outside of functions.
    pub fn of_file(&mut self, file: FileId) -> Vec<FunctionRef> {
        self.called(file, None)
    }

    fn called(&mut self, file: FileId, function: Option<FunctionId>) -> Vec<FunctionRef> {
        let project = self.project;
        let bodies = self.bodies.entry(file).or_insert_with(|| bodies(project, file));
        let Some(body) = bodies.get(&function) else { return Vec::new() };
        let inner = body.inner.iter().map(|function| FunctionRef { file, function: *function });
        let mut edges: BTreeSet<FunctionRef> = inner.collect();
        for call in &body.calls {
            let call = &project.files[file].calls[*call];
            let called = project.functions(file, &call.callee);
            let alike = if called.is_empty() { project.methods_alike(file, &call.callee) } else { Vec::new() };
            edges.extend(called.into_iter().chain(alike));
            for argument in &call.arguments {
                if let Value::Name(_) | Value::Call { .. } | Value::Function(_) = argument.value {
                    edges.extend(callbacks(project, file, &argument.value));
                }
            }
        }
        edges.into_iter().collect()
    }
}

/// Functions that are handed to a call; classes are not, since naming one runs nothing of it.
fn callbacks(project: &Project<'_>, file: FileId, value: &Value) -> Vec<FunctionRef> {
    match value {
        Value::Function(function) => vec![FunctionRef { file, function: *function }],
        Value::Name(symbol) => project.functions(file, symbol),
        _ => Vec::new(),
    }
}

fn bodies(project: &Project<'_>, file: FileId) -> HashMap<Option<FunctionId>, Body> {
    let mut bodies: HashMap<Option<FunctionId>, Body> = HashMap::new();
    for (id, call) in project.files[file].calls.iter().enumerate() {
        bodies.entry(call.function).or_default().calls.push(id);
    }
    for (id, function) in project.files[file].functions.iter().enumerate() {
        // What a file declares outside of functions is not run by that.
        if function.parent.is_some() {
            bodies.entry(function.parent).or_default().inner.push(id as FunctionId);
        }
    }
    bodies
}
