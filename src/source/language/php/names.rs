//! What PHP calls things.

use super::super::dialect::Dialect;
use crate::model::fact::{AccessKind, Language, Shape};

/// <https://www.php.net/manual/en/language.variables.superglobals.php>
const SUPERGLOBALS: &[&str] =
    &["$GLOBALS", "$_SERVER", "$_GET", "$_POST", "$_FILES", "$_COOKIE", "$_SESSION", "$_REQUEST", "$_ENV"];

/// Superglobals whose entries are told apart by their names.
pub(super) const NAMED_MEMBERS: &[&str] = &["$_SERVER", "$_ENV", "$_FILES"];

pub(super) fn is_superglobal(name: &str) -> bool {
    SUPERGLOBALS.contains(&name)
}

pub(super) static DIALECT: Dialect = Dialect {
    language: Language::Php,
    methods: &[
        // ArrayObject, SplObjectStorage, Collection
        ("append", AccessKind::Insert),
        ("offsetSet", AccessKind::Insert),
        ("offsetGet", AccessKind::Read),
        ("offsetExists", AccessKind::Read),
        ("offsetUnset", AccessKind::Remove),
        ("attach", AccessKind::Insert),
        ("detach", AccessKind::Remove),
        ("contains", AccessKind::Read),
        ("push", AccessKind::Insert),
        ("put", AccessKind::Insert),
        ("forget", AccessKind::Remove),
        ("enqueue", AccessKind::Insert),
        ("dequeue", AccessKind::Remove),
        // Swoole\Table and Swoole\Atomic
        ("set", AccessKind::Insert),
        ("get", AccessKind::Read),
        ("exist", AccessKind::Read),
        ("del", AccessKind::Remove),
        ("incr", AccessKind::Increment),
        ("decr", AccessKind::Increment),
    ],
    handles: &[],
    references: &["offsetGet"],
    mutators: &[
        ("array_push", AccessKind::Insert),
        ("array_unshift", AccessKind::Insert),
        ("array_pop", AccessKind::Remove),
        ("array_shift", AccessKind::Remove),
        ("array_splice", AccessKind::Remove),
    ],
    constructors: &[
        ("ArrayObject", Shape::Map),
        ("SplObjectStorage", Shape::Set),
        ("WeakMap", Shape::Result(smol_str::SmolStr::new_static("WeakMap"))),
        ("SplQueue", Shape::List),
        ("SplStack", Shape::List),
        ("collect", Shape::List),
        ("Swoole.Table", Shape::Result(smol_str::SmolStr::new_static("Swoole.Table"))),
        ("array_fill", Shape::List),
        ("array_fill_keys", Shape::Map),
    ],
    environment_calls: &["env", "getenv", "Illuminate.Support.Env.get"],
    environment_objects: &["$_ENV"],
    environment_passes: &[],
    environment_fallbacks: &[],
    loaders: &[],
    roots: &[],
    globals: SUPERGLOBALS,
    carriers: &[],
    predeclared: None,
    open_types: true,
    implicit_this: false,
    is_project_module: |symbol| {
        symbol.starts_with(['~', '$']) || symbol.split(['.', '(']).next().is_some_and(|first| !FOREIGN.contains(&first))
    },
};

/// Namespaces at the top of well-known libraries, and classes of the language.
const FOREIGN: &[&str] = &[
    "Amp",
    "ArrayObject",
    "Carbon",
    "Closure",
    "DateTime",
    "DateTimeImmutable",
    "DateTimeInterface",
    "Doctrine",
    "Exception",
    "Guzzle",
    "GuzzleHttp",
    "Illuminate",
    "Laravel",
    "League",
    "Monolog",
    "PDO",
    "PDOStatement",
    "PHPUnit",
    "Predis",
    "Psr",
    "Ramsey",
    "Ratchet",
    "React",
    "Redis",
    "Slim",
    "SplObjectStorage",
    "Swoole",
    "Symfony",
    "Twig",
    "WeakMap",
    "Workerman",
    "mysqli",
];
