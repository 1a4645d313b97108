//! What C# and .NET call things.

use super::super::dialect::Dialect;
use crate::model::fact::{AccessKind, Language, Shape};

/// Namespaces that are written before a type where no `using` makes it visible.
pub(super) const NAMESPACES: &[&str] = &[
    "System",
    "System.IO",
    "System.Threading",
    "System.Threading.Tasks",
    "System.Collections.Generic",
    "System.Collections.Concurrent",
    "System.Text",
    "System.Net",
    "System.Security.Cryptography",
    "System.Web",
];

/// Types that hand over one of another type.
pub(super) const CARRIERS: &[&str] = &["Task", "ValueTask", "ActionResult", "Lazy"];

/// Methods that wait for what they are called on, and give it.
pub(super) const WAITS: &[&str] = &["ConfigureAwait", "GetAwaiter", "GetResult", "AsTask"];

/// Calls that give their first argument another value, and whether that comes from the old one.
pub(super) const ATOMIC: &[(&str, bool)] = &[
    ("Interlocked.Increment", true),
    ("Interlocked.Decrement", true),
    ("Interlocked.Add", true),
    ("Interlocked.Exchange", false),
    ("Interlocked.CompareExchange", false),
    ("Volatile.Write", false),
];

/// Methods that ask the container for an object of their type argument.
pub(super) const SERVICES: &[&str] =
    &["GetRequiredService", "GetService", "GetRequiredKeyedService", "GetKeyedService"];

/// Methods whose `out` argument gets what the container holds.
pub(super) const LOOKUPS: &[&str] = &["TryGetValue", "TryPeek"];

/// Types that hold others and can be changed.
pub(super) const CONTAINERS: &[(&str, Shape)] = &[
    ("Dictionary", Shape::Map),
    ("ConcurrentDictionary", Shape::Map),
    ("IDictionary", Shape::Map),
    ("SortedDictionary", Shape::Map),
    ("SortedList", Shape::Map),
    ("OrderedDictionary", Shape::Map),
    ("ImmutableDictionary", Shape::Map),
    ("Hashtable", Shape::Map),
    ("NameValueCollection", Shape::Map),
    ("List", Shape::List),
    ("IList", Shape::List),
    ("ICollection", Shape::List),
    ("Collection", Shape::List),
    ("ObservableCollection", Shape::List),
    ("LinkedList", Shape::List),
    ("ArrayList", Shape::List),
    ("Queue", Shape::List),
    ("PriorityQueue", Shape::List),
    ("Stack", Shape::List),
    ("ConcurrentQueue", Shape::List),
    ("ConcurrentStack", Shape::List),
    ("ConcurrentBag", Shape::List),
    ("BlockingCollection", Shape::List),
    ("SynchronizedCollection", Shape::List),
    ("ImmutableList", Shape::List),
    ("ImmutableArray", Shape::List),
    ("HashSet", Shape::Set),
    ("ISet", Shape::Set),
    ("SortedSet", Shape::Set),
    ("ConcurrentHashSet", Shape::Set),
    ("ImmutableHashSet", Shape::Set),
];

pub(super) static DIALECT: Dialect = Dialect {
    language: Language::CSharp,
    methods: &[
        ("Add", AccessKind::Insert),
        ("TryAdd", AccessKind::Insert),
        ("AddRange", AccessKind::Insert),
        ("AddOrUpdate", AccessKind::Insert),
        ("GetOrAdd", AccessKind::Insert),
        ("TryUpdate", AccessKind::Insert),
        ("Insert", AccessKind::Insert),
        ("InsertRange", AccessKind::Insert),
        ("AddFirst", AccessKind::Insert),
        ("AddLast", AccessKind::Insert),
        ("Enqueue", AccessKind::Insert),
        ("Push", AccessKind::Insert),
        ("UnionWith", AccessKind::Insert),
        // IMemoryCache and the caches that are written like it.
        ("Set", AccessKind::Insert),
        ("GetOrCreate", AccessKind::Insert),
        ("GetOrCreateAsync", AccessKind::Insert),
        ("Remove", AccessKind::Remove),
        ("TryRemove", AccessKind::Remove),
        ("RemoveAt", AccessKind::Remove),
        ("RemoveAll", AccessKind::Remove),
        ("RemoveRange", AccessKind::Remove),
        ("RemoveWhere", AccessKind::Remove),
        ("RemoveFirst", AccessKind::Remove),
        ("RemoveLast", AccessKind::Remove),
        ("ExceptWith", AccessKind::Remove),
        ("Dequeue", AccessKind::Remove),
        ("TryDequeue", AccessKind::Remove),
        ("Pop", AccessKind::Remove),
        ("TryPop", AccessKind::Remove),
        ("TryTake", AccessKind::Remove),
        ("Clear", AccessKind::Clear),
        ("TryGetValue", AccessKind::Read),
        ("ContainsKey", AccessKind::Read),
        ("ContainsValue", AccessKind::Read),
        ("Contains", AccessKind::Read),
        ("GetValueOrDefault", AccessKind::Read),
        ("Get", AccessKind::Read),
        ("Any", AccessKind::Read),
        ("All", AccessKind::Read),
        ("Count", AccessKind::Read),
        ("First", AccessKind::Read),
        ("FirstOrDefault", AccessKind::Read),
        ("Last", AccessKind::Read),
        ("LastOrDefault", AccessKind::Read),
        ("Single", AccessKind::Read),
        ("SingleOrDefault", AccessKind::Read),
        ("Find", AccessKind::Read),
        ("FindIndex", AccessKind::Read),
        ("ElementAt", AccessKind::Read),
        ("Where", AccessKind::Read),
        ("Select", AccessKind::Read),
        ("OrderBy", AccessKind::Read),
        ("ToList", AccessKind::Read),
        ("ToArray", AccessKind::Read),
        ("ToDictionary", AccessKind::Read),
        ("Peek", AccessKind::Read),
        ("TryPeek", AccessKind::Read),
    ],
    handles: &[],
    references: &[
        "GetOrAdd",
        "AddOrUpdate",
        "GetValueOrDefault",
        "First",
        "FirstOrDefault",
        "Last",
        "LastOrDefault",
        "Single",
        "SingleOrDefault",
        "Find",
        "ElementAt",
        "Peek",
    ],
    mutators: &[],
    constructors: &[],
    environment_calls: &[
        "Environment.GetEnvironmentVariable",
        "IConfiguration().GetValue",
        "IConfiguration().GetConnectionString",
        "WebApplication.CreateBuilder().Configuration.GetValue",
        "WebApplication.CreateBuilder().Configuration.GetConnectionString",
    ],
    environment_objects: &["IConfiguration()", "WebApplication.CreateBuilder().Configuration"],
    environment_passes: &["Trim", "ToString"],
    environment_fallbacks: &[],
    loaders: &[],
    roots: &[],
    globals: &[],
    carriers: &[],
    predeclared: None,
    open_types: true,
    implicit_this: true,
    // A type by itself is no state.
    is_project_module: |symbol| {
        symbol.contains('.') && symbol.starts_with(|first: char| first.is_uppercase() || first == '~')
    },
};
