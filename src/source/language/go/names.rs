//! What Go calls things.

use super::super::dialect::Dialect;
use crate::model::fact::{AccessKind, Language, Shape};

/// Types that hold one plain value. As calls they convert.
pub(super) const PLAIN_TYPES: &[&str] = &[
    "bool", "byte", "complex128", "complex64", "float32", "float64", "int", "int16", "int32", "int64", "int8", "rune",
    "string", "uint", "uint16", "uint32", "uint64", "uint8", "uintptr",
];

/// Types of the standard library that goroutines share, as files usually write them.
pub(super) const SHARED_TYPES: &[(&str, Shape)] = &[
    ("sync.Map", Shape::Map),
    ("list.List", Shape::List),
    ("atomic.Int32", Shape::Number),
    ("atomic.Int64", Shape::Number),
    ("atomic.Uint32", Shape::Number),
    ("atomic.Uint64", Shape::Number),
    ("atomic.Bool", Shape::Bool),
];

pub(super) static DIALECT: Dialect = Dialect {
    language: Language::Go,
    methods: &[
        ("append", AccessKind::Insert),
        // sync.Map, and the caches that are written like it.
        ("Store", AccessKind::Insert),
        ("LoadOrStore", AccessKind::Insert),
        ("Set", AccessKind::Insert),
        ("SetDefault", AccessKind::Insert),
        ("Put", AccessKind::Insert),
        ("Load", AccessKind::Read),
        ("Get", AccessKind::Read),
        ("Range", AccessKind::Read),
        ("Delete", AccessKind::Remove),
        ("LoadAndDelete", AccessKind::Remove),
        ("CompareAndDelete", AccessKind::Remove),
        ("Remove", AccessKind::Remove),
        ("Clear", AccessKind::Clear),
        ("Flush", AccessKind::Clear),
        ("Swap", AccessKind::Assign),
        ("CompareAndSwap", AccessKind::Assign),
        // container/list
        ("PushBack", AccessKind::Insert),
        ("PushFront", AccessKind::Insert),
        // atomic.Int64 and its like
        ("Add", AccessKind::Increment),
    ],
    handles: &[],
    references: &["Load", "Get", "LoadOrStore"],
    mutators: &[
        ("delete", AccessKind::Remove),
        ("clear", AccessKind::Clear),
        ("maps.Copy", AccessKind::Insert),
        ("copy", AccessKind::Insert),
        ("sync/atomic.AddInt32", AccessKind::Increment),
        ("sync/atomic.AddInt64", AccessKind::Increment),
        ("sync/atomic.AddUint32", AccessKind::Increment),
        ("sync/atomic.AddUint64", AccessKind::Increment),
        ("sync/atomic.StoreInt32", AccessKind::Assign),
        ("sync/atomic.StoreInt64", AccessKind::Assign),
        ("sync/atomic.StoreUint32", AccessKind::Assign),
        ("sync/atomic.StoreUint64", AccessKind::Assign),
        ("sync/atomic.CompareAndSwapInt32", AccessKind::Assign),
        ("sync/atomic.CompareAndSwapInt64", AccessKind::Assign),
    ],
    constructors: &[
        ("sync.Map", Shape::Map),
        ("container/list.New", Shape::List),
        ("container/list.List", Shape::List),
        ("maps.Clone", Shape::Map),
        ("slices.Clone", Shape::List),
        ("sync/atomic.Int32", Shape::Number),
        ("sync/atomic.Int64", Shape::Number),
        ("sync/atomic.Uint32", Shape::Number),
        ("sync/atomic.Uint64", Shape::Number),
        ("sync/atomic.Bool", Shape::Bool),
    ],
    environment_calls: &["os.Getenv", "os.LookupEnv"],
    environment_objects: &[],
    environment_passes: &[],
    environment_fallbacks: &[],
    loaders: &[],
    roots: &[],
    globals: &[],
    predeclared: Some(PREDECLARED),
    is_project_module: |symbol| {
        symbol.starts_with('~') || !STANDARD.contains(&symbol.split(['/', '.']).next().unwrap_or(symbol))
    },
};

/// <https://go.dev/ref/spec#Predeclared_identifiers>
const PREDECLARED: &[&str] = &[
    "any", "append", "bool", "byte", "cap", "clear", "close", "comparable", "complex", "complex128", "complex64",
    "copy", "delete", "error", "false", "float32", "float64", "imag", "int", "int16", "int32", "int64", "int8", "iota",
    "len", "make", "max", "min", "new", "nil", "panic", "print", "println", "real", "recover", "rune", "string", "true",
    "uint", "uint16", "uint32", "uint64", "uint8", "uintptr",
];

/// First parts of the standard library's import paths.
const STANDARD: &[&str] = &[
    "archive", "bufio", "bytes", "cmp", "compress", "container", "context", "crypto", "database", "debug", "embed",
    "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image", "index", "io", "iter", "log", "maps",
    "math", "mime", "net", "os", "path", "plugin", "reflect", "regexp", "runtime", "slices", "sort", "strconv",
    "strings", "structs", "sync", "syscall", "testing", "text", "time", "unicode", "unique", "unsafe",
];
