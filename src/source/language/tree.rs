//! The tree that every adapter lowers its syntax to: what programs have in common, as far as facts need it.
//!
//! An adapter for a new language writes this tree and fills in a [`Dialect`](super::dialect::Dialect); scopes, symbols and facts
//! follow from it. Positions are byte offsets into the text.

use std::borrow::Cow;
use std::cell::Cell;

use crate::model::fact::{FunctionId, Shape};

pub(super) type ScopeId = u32;
pub(super) type ClassId = u32;

/// Set by the binder; no scope has this number.
pub(super) const UNBOUND: u32 = u32::MAX;

pub(super) struct Node<'t> {
    pub start: u32,
    pub end: u32,
    pub form: Form<'t>,
}

pub(super) enum Form<'t> {
    Name(&'t str),
    /// `self`, `this`.
    This,
    Member(Box<Node<'t>>, &'t str),
    Index(Box<Node<'t>>, Box<Node<'t>>),
    Call(Box<Call<'t>>),
    Text(Cow<'t, str>),
    Number(f64),
    Bool(bool),
    Null,
    /// A text that is put together: `"a $b"`, `'a' . b`.
    Joined(Vec<Node<'t>>),
    List(Vec<Node<'t>>),
    /// Keys as written; a spread has the key [`SPREAD`].
    Map(Vec<(Cow<'t, str>, Node<'t>)>),
    /// A value of a known shape that is computed from the nodes: a comprehension, a set.
    Made(Shape, Vec<Node<'t>>),
    Function(Box<Function<'t>>),
    Class(Box<Class<'t>>),
    Declare(Box<Declare<'t>>),
    Assign(Box<Assign<'t>>),
    Delete(Box<Node<'t>>),
    /// `a || b`, `a ?? b`, `a or b`.
    Either(Box<[Node<'t>; 2]>),
    /// Condition, then, else.
    Choice(Box<[Node<'t>; 3]>),
    /// The value of the inner node, whatever surrounds it: `await x`, `(x)`, `x as T`, `&x`, `x!`, `x?`.
    Through(Box<Node<'t>>),
    /// `for pattern in iterable`; the body follows it in the same block.
    Each(Box<(Pattern<'t>, Node<'t>)>),
    /// A scope of its own for [`Place::Block`] and [`Place::Following`].
    Block(Box<Block<'t>>),
    Import(Box<Import<'t>>),
    /// `global x`, `nonlocal x`.
    Outer(Vec<&'t str>),
    /// Decorators or attributes, and what they stand on.
    Decorated(Vec<Node<'t>>, Box<Node<'t>>),
    /// Whatever it declares can be imported by other files.
    Exported(Box<Node<'t>>),
    /// What a configuration file gives when it is run, under dotted keys; what is configured by a call.
    Settings(Vec<(Cow<'t, str>, Node<'t>)>),
    /// Anything else: what stands inside still counts.
    Other(Vec<Node<'t>>),
}

/// The key of `...x` in an object, the keyword of `*args`, `**options` and `...args` in a call.
pub(super) const SPREAD: &str = "...";

/// The keyword of the block that a call is handed in Ruby.
pub(super) const BLOCK: &str = "&";

pub(super) struct Call<'t> {
    pub callee: Node<'t>,
    pub arguments: Vec<(Option<&'t str>, Node<'t>)>,
}

pub(super) struct Function<'t> {
    /// Empty for a closure.
    pub name: &'t str,
    pub receiver: Receiver<'t>,
    /// Belongs to the class and not to its objects.
    pub is_static: bool,
    pub exported: bool,
    pub parameters: Vec<Parameter<'t>>,
    /// The name of the type that it gives, first of several.
    pub result: Option<Node<'t>>,
    pub body: Vec<Node<'t>>,
    pub id: Cell<FunctionId>,
    pub scope: Cell<ScopeId>,
}

/// The parameter that stands for the object or the class in a method, in languages that write it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Receiver<'t> {
    None,
    Object(&'t str),
    Class(&'t str),
}

pub(super) struct Parameter<'t> {
    pub pattern: Pattern<'t>,
    /// The name of its type.
    pub annotation: Option<Node<'t>>,
    pub default: Option<Node<'t>>,
    /// Set where the type itself is a container that is shared between calls.
    pub shape: Option<Shape>,
}

pub(super) struct Class<'t> {
    /// Empty for a class expression without a name.
    pub name: &'t str,
    /// Adds to a class of that name, as `impl` does.
    pub extends_declared: bool,
    pub exported: bool,
    /// Base classes and whatever else is evaluated where the class stands.
    pub bases: Vec<Node<'t>>,
    pub body: Vec<Node<'t>>,
    pub id: Cell<ClassId>,
    pub scope: Cell<ScopeId>,
}

pub(super) struct Block<'t> {
    pub body: Vec<Node<'t>>,
    pub scope: Cell<ScopeId>,
}

/// Where a declared name is visible.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Place {
    /// In the whole function: Python assignments, `var`.
    Function,
    /// In the whole block: `let`, `const`.
    Block,
    /// In the block, from the end of the declaration on: Rust's `let`.
    Following,
    /// In the whole module, wherever it is written: a `static` in a function.
    Module,
    /// A field of the enclosing class.
    Field { is_static: bool },
}

pub(super) struct Declare<'t> {
    pub pattern: Pattern<'t>,
    pub annotation: Option<Node<'t>>,
    pub value: Option<Node<'t>>,
    pub place: Place,
    /// Known from the declared type; else the value tells.
    pub shape: Option<Shape>,
    /// Its value can never change, not even inside: no state.
    pub constant: bool,
    /// Only who has the whole object for itself can change it: a field of Rust that no cell holds.
    pub owned: bool,
    pub exported: bool,
}

impl<'t> Declare<'t> {
    pub fn new(pattern: Pattern<'t>, value: Option<Node<'t>>, place: Place) -> Self {
        Declare { pattern, annotation: None, value, place, shape: None, constant: false, owned: false, exported: false }
    }
}

pub(super) enum Pattern<'t> {
    Name(&'t str, u32, u32),
    Members(Vec<(&'t str, Pattern<'t>)>),
    Elements(Vec<Pattern<'t>>),
    /// `pattern = default`.
    Default(Box<Pattern<'t>>, Box<Node<'t>>),
    /// Something that is there already: `self.x`, `xs[0]`.
    Target(Box<Node<'t>>),
    Ignored,
}

pub(super) struct Assign<'t> {
    pub target: Node<'t>,
    /// `None` where the value is not told, as in `[a, b] = f()`.
    pub value: Option<Node<'t>>,
    /// `+=`, `++`.
    pub update: bool,
}

impl<'t> Assign<'t> {
    /// What the target gets where it is empty, if that is all that happens: `target ||= default`, written as
    /// `target = target || default` with both targets at one place.
    pub fn default(&self) -> Option<&Node<'t>> {
        match self.value.as_ref().map(|value| &value.form) {
            Some(Form::Either(parts)) if parts[0].start == self.target.start && parts[0].end == self.target.end => {
                Some(&parts[1])
            }
            _ => None,
        }
    }
}

pub(super) struct Import<'t> {
    pub module: Cow<'t, str>,
    /// What is imported, and the local name for it.
    pub names: Vec<(Imported<'t>, &'t str)>,
    /// Gone at run time.
    pub type_only: bool,
}

pub(super) enum Imported<'t> {
    /// The module itself, or its default export.
    Module,
    /// `import a.b` binds `a`: the given prefix of the module.
    Prefix(&'t str),
    Member(&'t str),
}

impl<'t> Node<'t> {
    pub fn new(start: u32, end: u32, form: Form<'t>) -> Self {
        Node { start, end, form }
    }

    /// The node that gives this one its value.
    pub fn peeled(&self) -> &Node<'t> {
        let mut node = self;
        loop {
            node = match &node.form {
                Form::Through(inner) | Form::Exported(inner) => inner,
                Form::Declare(declare) if declare.value.is_some() => match &declare.value {
                    Some(value) => value,
                    None => return node,
                },
                Form::Assign(assign) if !assign.update => match &assign.value {
                    Some(value) => value,
                    None => return node,
                },
                _ => return node,
            }
        }
    }

    pub fn contains(&self, other: &Node<'_>) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The text of a literal.
    pub fn text(&self) -> Option<&str> {
        match &self.peeled().form {
            Form::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl<'t> Function<'t> {
    pub fn new(name: &'t str) -> Self {
        Function {
            name,
            receiver: Receiver::None,
            is_static: false,
            exported: false,
            parameters: Vec::new(),
            result: None,
            body: Vec::new(),
            id: Cell::new(UNBOUND),
            scope: Cell::new(UNBOUND),
        }
    }
}

impl<'t> Class<'t> {
    pub fn new(name: &'t str) -> Self {
        Class {
            name,
            extends_declared: false,
            exported: false,
            bases: Vec::new(),
            body: Vec::new(),
            id: Cell::new(UNBOUND),
            scope: Cell::new(UNBOUND),
        }
    }
}

impl<'t> Form<'t> {
    pub fn block(body: Vec<Node<'t>>) -> Self {
        Form::Block(Box::new(Block { body, scope: Cell::new(UNBOUND) }))
    }

    pub fn call(callee: Node<'t>, arguments: Vec<(Option<&'t str>, Node<'t>)>) -> Self {
        Form::Call(Box::new(Call { callee, arguments }))
    }
}
