//! Facts: what a source or deployment file says, in words that belong to no language.
//!
//! Language adapters produce them, rules are written over them, and neither knows the other.
//!
//! # Symbols
//!
//! A callee, a binding or a type is named by a *symbol*, always with `.` as separator, whatever the language writes:
//!
//! | written | symbol |
//! |---|---|
//! | `import session from "express-session"; session({…})` | `express-session` |
//! | `const { Server } = require("socket.io"); new Server()` | `socket.io.Server` |
//! | `from flask import Flask; app = Flask(__name__); app.run()` | `flask.Flask().run` |
//! | `Application.builder().token(t).build().run_polling()` | `telegram.ext.Application.builder().token().build().run_polling` |
//! | `use tower_sessions::MemoryStore; MemoryStore::default()` | `tower_sessions.MemoryStore.default` |
//! | `from .store import carts; carts.clear()` | `.store.carts.clear` |
//! | a global or builtin: `setInterval(…)`, `open(…)` | `setInterval`, `open` |
//! | something that this file declares: `carts.push(1)`, a parameter `req` | `~carts.push`, `~req` |
//! | a member of the enclosing class `Shop`, `self.items` / `this.items` | `~Shop().items` |
//! | a class-level member, `Shop.items` | `~Shop.items` |
//! | a member of something without a name: `"".join(x)`, `f(x)[0].g()` | `_.join`, `f()._.g` |
//! | an element by a constant key, by any other: `app.config["X"]`, `carts[id]` | `flask.Flask().config.X`, `~carts._` |
//!
//! A match arm for a method and a path, `(&Method::POST, "/cart") => add(request)`, is a call of the method with the path and
//! the function that the arm is: `hyper.Method.POST("/cart", …)`.
//!
//! | `import "github.com/gin-gonic/gin"; gin.Default().GET(…)` | `github.com/gin-gonic/gin.Default().GET` |
//! | what another file of the same Go package declares: `carts` | `~carts` |
//! | `use App\Services\Cart; Cart::find($id)`, a variable of PHP, a superglobal | `App.Services.Cart.find`, `~$carts`, `$_SESSION` |
//!
//! `()` stands for "what that call returns"; a variable that is assigned once from a call is replaced by it. `new X()`,
//! `X()` and `X::new()` differ only as the language spells them: `new X()` is written `X()`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Name;
use super::deployment::{Attachment, Balancer, Service, UNREAD};
use super::location::Span;

/// What a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    Python,
    JavaScript,
    TypeScript,
    Rust,
    Go,
    Java,
    Kotlin,
    Ruby,
    Php,
    CSharp,
    Compose,
    Procfile,
    Gunicorn,
    /// Manifests of Kubernetes, with kustomizations.
    Kubernetes,
    Helm,
    /// Files of a platform that runs apps: app.json, heroku.yml, fly.toml, render.yaml, railway.toml, amvera.yml, tako.yaml.
    Platform,
    Terraform,
    /// Files of what starts processes and keeps them running: supervisor, systemd, cron.
    Supervisor,
    Systemd,
    Cron,
    /// Settings of servers that keep several worker processes, beside gunicorn's: uWSGI, Passenger, PHP-FPM, pm2.
    Workers,
    Nginx,
    #[serde(rename = "haproxy")]
    HaProxy,
    Traefik,
    Caddy,
    Envoy,
    /// A dependency manifest: package.json, requirements.txt, pyproject.toml, Cargo.toml, go.mod …
    Manifest,
    /// A file that configures the program, in any format: .env, application.yml, appsettings.json, php.ini …
    Settings,
}

impl Language {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Language::Python => "Python",
            Language::JavaScript => "JavaScript",
            Language::TypeScript => "TypeScript",
            Language::Rust => "Rust",
            Language::Go => "Go",
            Language::Java => "Java",
            Language::Kotlin => "Kotlin",
            Language::Ruby => "Ruby",
            Language::Php => "PHP",
            Language::CSharp => "C#",
            Language::Compose => "Compose",
            Language::Procfile => "Procfile",
            Language::Gunicorn => "gunicorn",
            Language::Kubernetes => "Kubernetes",
            Language::Helm => "Helm",
            Language::Platform => "platform files",
            Language::Terraform => "Terraform",
            Language::Supervisor => "supervisor",
            Language::Systemd => "systemd",
            Language::Cron => "crontabs",
            Language::Workers => "process managers",
            Language::Nginx => "nginx",
            Language::HaProxy => "HAProxy",
            Language::Traefik => "Traefik",
            Language::Caddy => "Caddy",
            Language::Envoy => "Envoy",
            Language::Manifest => "manifests",
            Language::Settings => "settings",
        }
    }

    /// What programs are written in, as opposed to what says how they run.
    pub fn is_code(self) -> bool {
        use Language::{CSharp, Go, Java, JavaScript, Kotlin, Php, Python, Ruby, Rust, TypeScript};
        matches!(self, Python | JavaScript | TypeScript | Rust | Go | Java | Kotlin | Ruby | Php | CSharp)
    }

    /// The files of one folder share their names, as those of a Go package do.
    pub fn shares_names(self) -> bool {
        self == Language::Go
    }

    /// Dots before the name of a module lead up its packages: `.store`, `..store`.
    pub fn counts_dots(self) -> bool {
        self == Language::Python
    }

    /// `shop.items` may call a method, and so may `items`.
    pub fn calls_without_parentheses(self) -> bool {
        self == Language::Ruby
    }

    /// Constants and global variables of one file are seen by all, and a class may be written in several files.
    pub fn has_open_names(self) -> bool {
        self == Language::Ruby
    }

    /// Code in one of them calls code in the other: TypeScript and JavaScript, Java and Kotlin.
    pub fn calls(self, other: Language) -> bool {
        let script = |language| matches!(language, Language::JavaScript | Language::TypeScript);
        self == other || script(self) && script(other) || self.shares_types_with(other)
    }

    /// The package of a type is the folder that its file lies in, or ends like it.
    pub fn packages_are_folders(self) -> bool {
        matches!(self, Language::Java | Language::Kotlin | Language::Php)
    }

    /// An object that lives long is one that a framework, a class or the program keeps by a name; others are data.
    pub fn keeps_objects_by_name(self) -> bool {
        matches!(self, Language::CSharp | Language::Ruby | Language::Java | Language::Kotlin)
    }

    /// The path of an import ends with the item that it imports: `use store::Cart`.
    pub fn imports_items(self) -> bool {
        self == Language::Rust
    }

    /// A function that one file declares has the same name in every other.
    pub fn shares_functions(self) -> bool {
        matches!(self, Language::Kotlin | Language::Php | Language::Ruby)
    }

    /// A variable of one file is known to the others by its bare name, or as they import it.
    pub fn shares_variables(self) -> bool {
        self == Language::Kotlin
    }

    /// A module may give one thing instead of many by their names.
    pub fn has_default_exports(self) -> bool {
        matches!(self, Language::JavaScript | Language::TypeScript)
    }

    /// Programs seldom say of what class an object is.
    pub fn leaves_types_open(self) -> bool {
        matches!(self, Language::Php | Language::Ruby)
    }

    /// What is to be called may be handed over by its name in a text.
    pub fn names_functions_in_texts(self) -> bool {
        self == Language::Php
    }

    /// A type that a file neither declares nor imports may be declared by any other file of these languages.
    pub fn shares_types_with(self, other: Language) -> bool {
        let group = |language| match language {
            Language::Java | Language::Kotlin => 1,
            Language::CSharp => 2,
            Language::Php => 3,
            Language::Ruby => 4,
            _ => 0,
        };
        group(self) != 0 && group(self) == group(other)
    }
}

/// Everything that one file says. Vectors are in the order of the text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Relative to the project, with `/`.
    pub path: Arc<str>,
    pub language: Language,
    pub lines: u32,
    /// It tells how somebody may install it, as the values of a chart do, and not how it is installed.
    pub is_assumed: bool,
    pub imports: Vec<Import>,
    pub functions: Vec<Function>,
    pub classes: Vec<Class>,
    pub calls: Vec<Call>,
    pub states: Vec<State>,
    pub accesses: Vec<Access>,
    pub settings: Vec<Setting>,
    pub dependencies: Vec<Dependency>,
    pub services: Vec<Service>,
    /// What it says of services that other files, or other documents of this one, declare.
    pub attachments: Vec<Attachment>,
    pub balancers: Vec<Balancer>,
    pub directives: Vec<Directive>,
}

impl FileFacts {
    /// Does it say nothing, or no more than the names of what could not be read?
    pub fn is_nothing(&self) -> bool {
        let code = [self.imports.len(), self.functions.len(), self.classes.len(), self.calls.len(), self.states.len()];
        let stated = [self.settings.len(), self.dependencies.len(), self.attachments.len(), self.balancers.len()];
        code.iter().chain(&stated).all(|count| *count == 0) && self.services.iter().all(|it| it.kind == *UNREAD)
    }

    pub fn empty(path: impl Into<Arc<str>>, language: Language) -> Self {
        FileFacts {
            path: path.into(),
            language,
            lines: 0,
            is_assumed: false,
            imports: Vec::new(),
            functions: Vec::new(),
            classes: Vec::new(),
            calls: Vec::new(),
            states: Vec::new(),
            accesses: Vec::new(),
            settings: Vec::new(),
            dependencies: Vec::new(),
            services: Vec::new(),
            attachments: Vec::new(),
            balancers: Vec::new(),
            directives: Vec::new(),
        }
    }
}

/// `import x from "module"`. Type-only imports are no facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Import {
    /// As the symbol grammar writes it: `express-session`, `flask`, `./store`, `.store`.
    pub module: Name,
    pub span: Span,
}

/// Index into [`FileFacts::functions`].
pub type FunctionId = u32;

/// A function, method, closure or lambda.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Function {
    /// Its symbol in this file (`~add`, `~Shop().add`), empty for a closure without a name.
    pub symbol: Name,
    /// The function that it is written in.
    pub parent: Option<FunctionId>,
    /// From its first to its last character, decorators left out.
    pub span: Span,
    /// Exported or public: may be called from another file.
    pub exported: bool,
    /// The symbol of what it gives, where the language declares that: `~Shop()`, `net/http.Server()`.
    pub returns: Option<Name>,
}

/// A class, an interface, a module of Ruby, an object of Kotlin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Class {
    /// `~Shop`; a class within another one goes by its own name alone.
    pub symbol: Name,
    /// Symbols of what it extends, implements or mixes in.
    pub bases: Vec<Name>,
    /// Symbols of its decorators, annotations or attributes.
    pub decorators: Vec<Name>,
    /// From its first to its last character, decorators left out.
    pub span: Span,
}

/// A call, a constructor call, or a decorator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Call {
    pub callee: Name,
    pub arguments: Vec<Argument>,
    /// The function whose body contains it; `None` at module level.
    pub function: Option<FunctionId>,
    /// For a decorator or attribute: the function that it decorates.
    pub decorates: Option<FunctionId>,
    /// The symbol that the result is bound to, if it is: `~app`, `~Shop().bot`.
    pub bound_to: Option<Name>,
    /// The whole call expression.
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Argument {
    /// The keyword, or `None` for a positional argument; `...` for what is spread: `*args`, `**options`, `...args`; `<>` for a
    /// type argument: `AddSingleton<Carts>()`; `&` for the block of a call in Ruby.
    pub name: Option<Name>,
    pub value: Value,
}

/// A value as far as the text tells. Adapters stop at a nesting of 6 and say [`Value::Unknown`] below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    Text(Name),
    Number(f64),
    Bool(bool),
    Null,
    /// A reference to something: a symbol.
    Name(Name),
    /// The result of a call.
    Call {
        callee: Name,
        arguments: Vec<Argument>,
    },
    /// A function written right here.
    Function(FunctionId),
    List(Vec<Value>),
    /// What is spread into it has the key `...`: it may hold any option.
    Object(Vec<(Name, Value)>),
    /// `process.env.X`, `os.environ.get("X", fallback)`, `env::var("X")`; the fallback also from `?? x`, `|| x`, `or x`.
    Environment {
        name: Name,
        fallback: Option<Box<Value>>,
    },
    /// `a ? b : c`, `b if a else c`: any of these.
    OneOf(Vec<Value>),
    Unknown,
}

/// Where a piece of state lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// A binding of the module, package or crate; a Rust `static`.
    Module,
    /// A class attribute or static field.
    ClassStatic,
    /// A field of an object: lives as long as the object does.
    Instance,
    /// A local of a function that an inner function captures (`function createApp() { const carts = {}; … }`).
    Closure,
}

/// What a piece of state holds at the beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    Map,
    List,
    Set,
    Number,
    Text,
    Bool,
    Null,
    /// The result of a call that is no container of the language: its callee (`asyncio.Lock`, `~Store`).
    Result(Name),
}

/// A binding that outlives one call of a function: the candidate for process state.
/// Constants of scalar type that nothing assigns again are left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// `~carts`, `~Shop.items`, `~Shop().items`.
    pub symbol: Name,
    pub level: Level,
    pub shape: Shape,
    /// Nobody can change it but who has its object alone: a field of Rust that stands behind no lock of its own.
    pub owned: bool,
    /// For [`Level::Closure`] the function that declares it, else the function that initialises it, if any.
    pub function: Option<FunctionId>,
    /// The declaration.
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessKind {
    Read,
    /// `x[k] = v`, `.append`, `.push`, `.set`, `.add`, `.update` …
    Insert,
    /// `del x[k]`, `.pop`, `.delete`, `.remove` …
    Remove,
    /// `x.clear()`.
    Clear,
    /// The binding itself gets another value.
    Assign,
    /// `x += 1`, `x++`, `fetch_add`.
    Increment,
}

impl AccessKind {
    pub fn is_write(self) -> bool {
        self != AccessKind::Read
    }
}

/// Somebody reads or writes a [`State`], of this file or of an imported one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Access {
    /// `~carts` for a state of this file, `./store.carts` or `shop.store.carts` for an imported one.
    pub state: Name,
    pub kind: AccessKind,
    /// `None` at module level: it happens once, while loading.
    pub function: Option<FunctionId>,
    pub span: Span,
}

/// What the keys of commands begin with: those of start scripts and Dockerfiles are the settings `command.0`, `command.1` …
pub const COMMAND: &str = "command.";

/// What the keys begin with that say how a start script runs its programs: `script.last` is the command that it ends with, where the
/// shell waits for it; `script.background.0` and so on are those that run beside it; `script.trap` is there where it heeds signals.
pub const SCRIPT: &str = "script.";

/// `key = value`, in code or in a configuration file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// A symbol in code (`flask.Flask().secret_key`, `flask.Flask().config.SESSION_TYPE`, `~SECRET_KEY` for a module
    /// constant), the bare key elsewhere (`SESSION_DRIVER`).
    pub key: Name,
    pub value: Value,
    pub function: Option<FunctionId>,
    pub span: Span,
}

/// A package that the project depends on, as its manifest says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dependency {
    /// As the registry writes it, in lower case for Python (`flask-session`).
    pub name: Name,
    /// The requirement as written (`^4.18`), empty where there is none.
    pub version: Name,
    /// Needed only for development or tests.
    pub dev: bool,
    pub span: Span,
}

/// A comment that speaks to us: `scaleproof: ignore[rule-id] reason`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Directive {
    /// What follows `scaleproof:`, trimmed.
    pub text: Name,
    /// The comment stands alone on its line, and so speaks of the next line of code.
    pub own_line: bool,
    pub span: Span,
}
