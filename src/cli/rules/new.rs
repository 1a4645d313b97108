//! `scaleproof rules new`: a rule to begin with, and what it is tried on.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::exit::{Exit, Result};
use super::super::{output, project};
use crate::config;
use crate::model::problem::Problem;
use crate::rules::{self, rule};

#[derive(clap::Args)]
pub struct Args {
    /// The name of the pattern that the rule flags, as in `session-in-our-cache`
    #[arg(value_name = "ID")]
    id: String,
    /// The folder of your rules [default: the first of `lint.rules` in scaleproof.yaml, else `scaleproof-rules`]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The folder of the rule within it
    #[arg(long, default_value = "custom")]
    family: String,
    /// The language of the code that the rule is about
    #[arg(long = "in", value_name = "LANGUAGE", default_value = "javascript")]
    language: Language,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Language {
    Python,
    #[value(name = "javascript")]
    JavaScript,
    Rust,
    Go,
    Java,
    Kotlin,
    Ruby,
    Php,
    #[value(name = "csharp")]
    CSharp,
}

/// How a fixture in a language looks.
struct Example {
    /// As rules write the language.
    language: &'static str,
    file: &'static str,
    /// The symbol of what the guilty line calls.
    symbol: &'static str,
    /// The code, with `{Memory}` where the innocent example says `Shared`, and `{mark}` at the end of the guilty line.
    code: &'static str,
}

impl Language {
    fn example(self) -> Example {
        let (language, file, symbol, code) = match self {
            Language::Python => (
                "python",
                "app.py",
                "acme.sessions.MemoryStore",
                "from acme import sessions\n\nstore = sessions.{Memory}Store(){mark}\n",
            ),
            Language::JavaScript => (
                "javascript",
                "app.js",
                "@acme/sessions.MemoryStore",
                "import { {Memory}Store } from \"@acme/sessions\";\n\nconst store = new {Memory}Store();{mark}\n",
            ),
            Language::Rust => (
                "rust",
                "src/main.rs",
                "acme_sessions.MemoryStore.new",
                "use acme_sessions::{Memory}Store;\n\nfn main() {\n    let store = {Memory}Store::new();{mark}\n    serve(store);\n}\n",
            ),
            Language::Go => (
                "go",
                "main.go",
                "example.com/acme/sessions.NewMemoryStore",
                "package main\n\nimport \"example.com/acme/sessions\"\n\nfunc main() {\n\tstore := sessions.New{Memory}Store(){mark}\n\tserve(store)\n}\n",
            ),
            Language::Java => (
                "java",
                "App.java",
                "com.acme.sessions.MemoryStore",
                "import com.acme.sessions.{Memory}Store;\n\nclass App {\n    void start() {\n        serve(new {Memory}Store());{mark}\n    }\n}\n",
            ),
            Language::Kotlin => (
                "kotlin",
                "App.kt",
                "com.acme.sessions.MemoryStore",
                "import com.acme.sessions.{Memory}Store\n\nfun main() {\n    serve({Memory}Store()){mark}\n}\n",
            ),
            Language::Ruby => ("ruby", "app.rb", "Acme.MemoryStore", "store = Acme::{Memory}Store.new{mark}\n"),
            Language::Php => (
                "php",
                "index.php",
                "Acme.Sessions.MemoryStore",
                "<?php\n\nuse Acme\\Sessions\\{Memory}Store;\n\n$store = new {Memory}Store();{mark}\n",
            ),
            Language::CSharp => (
                "csharp",
                "App.cs",
                "*MemoryStore",
                "using Acme.Sessions;\n\nclass App\n{\n    void Start() => Serve(new {Memory}Store());{mark}\n}\n",
            ),
        };
        Example { language, file, symbol, code }
    }
}

const SKELETON: &str = include_str!("skeleton.yaml");

pub fn run(args: &Args) -> Result {
    let Args { id, family, language, .. } = args;
    for name in [id, family] {
        if !rule::is_id(name) {
            return Err(Problem::new(format!("`{name}` is no name for a rule or a family"))
                .help("Write lower-case letters, digits and `-`, as in `session-in-our-cache`.")
                .into());
        }
    }
    if rules::builtin()?.get(id).is_some() {
        return Err(Problem::new(format!("there is a built-in rule `{id}`"))
            .help(format!("Take another name; `scaleproof explain {id}` tells what that one finds."))
            .into());
    }
    let dir = folder(args)?;
    let files = files(id, &dir, family, &language.example());
    if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
        return Err(Problem::new(format!("{} is there already", path.display()))
            .help("Take another name, or remove the file first.")
            .into());
    }
    for (path, text) in &files {
        fs::create_dir_all(path.parent().unwrap_or(&dir)).map_err(|error| output::named(error, path))?;
        fs::write(path, text).map_err(|error| output::named(error, path))?;
    }
    let dir = dir.display();
    output::print(|_, out| {
        files.iter().try_for_each(|(path, _)| writeln!(out, "wrote {}", path.display()))?;
        writeln!(out, "\nnext: change them, then `scaleproof rules test {dir}`")?;
        writeln!(
            out,
            "`scaleproof lint --rules {dir}` uses the rule; `lint: {{ rules: [{dir}] }}` in {} does so for everybody",
            config::FILE_NAME
        )
    })?;
    Ok(Exit::Pass)
}

fn folder(args: &Args) -> Result<PathBuf> {
    match &args.dir {
        Some(dir) => Ok(dir.clone()),
        None => {
            let configured = project::config(Path::new("."), None)?.lint.rules.into_iter().next();
            Ok(configured.unwrap_or_else(|| "scaleproof-rules".to_owned()).into())
        }
    }
}

/// The rule, a guilty example and an innocent one.
fn files(id: &str, dir: &Path, family: &str, example: &Example) -> [(PathBuf, String); 3] {
    let rule = SKELETON
        .replace("{dir}", &dir.display().to_string())
        .replace("{id}", id)
        .replace("{language}", example.language)
        .replace("{symbol}", example.symbol);
    let comment = if matches!(example.language, "python" | "ruby") { "#" } else { "//" };
    let code = |kind: &str, mark: &str| example.code.replace("{Memory}", kind).replace("{mark}", mark);
    let fixtures = dir.join(project::FIXTURES).join(id);
    [
        (dir.join(family).join(format!("{id}.yaml")), rule),
        (fixtures.join("guilty").join(example.file), code("Memory", &format!(" {comment}~ {id}"))),
        (fixtures.join("innocent").join(example.file), code("Shared", "")),
    ]
}
