//! What a type says about the state behind it.

use syn::punctuated::Punctuated;
use syn::{Expr, GenericArgument, PathArguments, Token, Type};

use super::super::tree::{Form, Node};
use super::Lower;
use crate::model::fact::Shape;

/// Types that let several owners reach one value, or make it when it is first used.
const HANDLES: &[&str] = &[
    "Arc",
    "Rc",
    "Box",
    "Pin",
    "LazyLock",
    "OnceLock",
    "Lazy",
    "OnceCell",
    "LazyCell",
    "State",
    "Data",
    "Extension",
    "ThinData",
    "CachePadded",
    "Option",
];
/// Types that let a shared value be changed.
const CELLS: &[&str] = &["Mutex", "RwLock", "RefCell", "Cell", "FairMutex", "ReentrantMutex", "UnsafeCell", "ArcSwap"];
const MAPS: &[&str] =
    &["HashMap", "BTreeMap", "IndexMap", "LinkedHashMap", "FxHashMap", "FnvHashMap", "AHashMap", "Slab", "SlotMap"];
const LISTS: &[&str] = &["Vec", "VecDeque", "BinaryHeap", "LinkedList", "SmallVec"];
const SETS: &[&str] = &["HashSet", "BTreeSet", "IndexSet", "FxHashSet"];
/// Containers that need no lock to be changed.
const SHARED_MAPS: &[&str] = &["DashMap", "SkipMap", "HashIndex"];
const SHARED_SETS: &[&str] = &["DashSet", "SkipSet"];
const NUMBERS: &[&str] =
    &["u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32", "f64"];

/// The shape of a type, and whether what is behind it can be changed through a shared reference.
pub(super) fn shape(kind: &Type) -> Option<(Shape, bool)> {
    let mut kind = kind;
    let mut shared = false;
    // Wrappers nest a few levels in real code; types are bounded by the nesting of the file.
    loop {
        kind = match kind {
            Type::Reference(inner) => &inner.elem,
            Type::Paren(inner) => &inner.elem,
            Type::Group(inner) => &inner.elem,
            Type::Array(_) | Type::Slice(_) => return Some((Shape::List, shared)),
            Type::Path(path) => {
                let last = path.path.segments.last()?;
                let name = last.ident.to_string();
                let name = name.as_str();
                if CELLS.contains(&name) || HANDLES.contains(&name) {
                    shared |= CELLS.contains(&name);
                    first_argument(&last.arguments)?
                } else {
                    return named(name, shared);
                }
            }
            _ => return None,
        };
    }
}

fn named(name: &str, shared: bool) -> Option<(Shape, bool)> {
    let is = |names: &[&str]| names.contains(&name);
    let shape = match name {
        "String" | "str" => Shape::Text,
        "bool" => Shape::Bool,
        "AtomicBool" => return Some((Shape::Bool, true)),
        _ if name.starts_with("Atomic") => return Some((Shape::Number, true)),
        _ if is(SHARED_MAPS) => return Some((Shape::Map, true)),
        _ if is(SHARED_SETS) => return Some((Shape::Set, true)),
        _ if is(MAPS) => Shape::Map,
        _ if is(LISTS) => Shape::List,
        _ if is(SETS) => Shape::Set,
        _ if is(NUMBERS) => Shape::Number,
        _ => return None,
    };
    Some((shape, shared))
}

/// The shape of a type whose value several calls can change.
pub(super) fn shared_shape(kind: &Type) -> Option<Shape> {
    shape(kind).filter(|(_, shared)| *shared).map(|(shape, _)| shape)
}

/// The shape of a field: of what several calls can change, and of containers. Those change where the object itself is behind
/// a lock, or belongs to a task or an actor.
pub(super) fn field_shape(kind: &Type) -> Option<Shape> {
    let counts = |(shape, shared): &(Shape, bool)| *shared || matches!(shape, Shape::Map | Shape::List | Shape::Set);
    shape(kind).filter(counts).map(|(shape, _)| shape)
}

/// What is inside of `Arc::new(inner)`, or made by `LazyLock::new(|| inner)`.
pub(super) fn wrapped<'e>(path: &syn::Path, arguments: &'e Punctuated<Expr, Token![,]>) -> Option<&'e Expr> {
    let mut segments = path.segments.iter().rev();
    let (method, wrapper) = (segments.next()?.ident.to_string(), segments.next()?.ident.to_string());
    let is_wrapper = HANDLES.contains(&wrapper.as_str()) || CELLS.contains(&wrapper.as_str());
    if !is_wrapper || !matches!(method.as_str(), "new" | "from") || arguments.len() != 1 {
        return None;
    }
    match arguments.first()? {
        Expr::Closure(closure) if closure.inputs.is_empty() => Some(&closure.body),
        inner => Some(inner),
    }
}

fn first_argument(arguments: &PathArguments) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(kind) => Some(kind),
        _ => None,
    })
}

impl<'t> Lower<'t> {
    /// The name of the type behind all wrappers: `AppState` in `State<Arc<Mutex<AppState>>>`.
    pub(super) fn type_name(&mut self, kind: &Type) -> Option<Node<'t>> {
        let mut kind = kind;
        loop {
            kind = match kind {
                Type::Reference(inner) => &inner.elem,
                Type::Paren(inner) => &inner.elem,
                Type::Group(inner) => &inner.elem,
                Type::Path(path) => {
                    let last = path.path.segments.last()?;
                    let name = last.ident.to_string();
                    let wraps = HANDLES.contains(&name.as_str()) || CELLS.contains(&name.as_str()) || name == "Json";
                    match first_argument(&last.arguments).filter(|_| wraps) {
                        Some(inner) => inner,
                        None => {
                            let node = self.path(&path.path);
                            return matches!(node.form, Form::Name(_) | Form::Member(..)).then_some(node);
                        }
                    }
                }
                _ => return None,
            };
        }
    }
}
