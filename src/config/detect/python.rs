//! Python: Django, FastAPI and Flask, by gunicorn or uvicorn where the project depends on it.

use std::sync::LazyLock;

use regex::Regex;

use super::{App, Folder, words};

/// Where an application object usually is.
const MODULES: &[&str] = &[
    "wsgi.py",
    "asgi.py",
    "app.py",
    "main.py",
    "server.py",
    "application.py",
    "run.py",
    "app/main.py",
    "app/__init__.py",
    "src/app.py",
    "src/main.py",
];

const MANIFESTS: &[&str] = &["requirements.txt", "pyproject.toml", "Pipfile", "setup.py", "setup.cfg"];

static SETTINGS: LazyLock<Regex> = LazyLock::new(|| regex(r#"DJANGO_SETTINGS_MODULE["'],\s*["']([\w.]+)["']"#));
static ASSIGNED: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?m)^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)?(FastAPI|Starlette|Quart|Flask)\("));
static CALLED: LazyLock<Regex> = LazyLock::new(|| regex(r"(?m)^(\w+)\s*=\s*(?:\w+\.)?create_app\("));
static FACTORY: LazyLock<Regex> = LazyLock::new(|| regex(r"(?m)^def create_app\("));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns of this file are sound, as its tests show")
}

pub(super) fn detect(folder: &Folder<'_>, notes: &mut Vec<String>) -> Option<App> {
    django(folder, notes).or_else(|| application(folder, notes))
}

fn django(folder: &Folder<'_>, notes: &mut Vec<String>) -> Option<App> {
    let manage = folder.has("manage.py").then(|| folder.text("manage.py"))??;
    let module = SETTINGS.captures(&manage)?.get(1)?.as_str();
    let project = module.split('.').next().unwrap_or(module);
    if depends_on(folder, "gunicorn") && folder.text(&format!("{project}/wsgi.py")).is_some() {
        notes.push(format!("manage.py is Django's with the project {project}, and it depends on gunicorn."));
        return Some(app(&["gunicorn", "--bind", "127.0.0.1:{port}", &format!("{project}.wsgi:application")], None));
    }
    notes.push(
        "manage.py is Django's; its development server is used, because gunicorn is not among the dependencies.".into(),
    );
    Some(app(&["python3", "manage.py", "runserver", "{port}", "--noreload"], None))
}

fn application(folder: &Folder<'_>, notes: &mut Vec<String>) -> Option<App> {
    MODULES.iter().find_map(|file| {
        let text = folder.text(file)?;
        let (framework, object) = object(&text)?;
        let module = file.trim_end_matches(".py").trim_end_matches("/__init__");
        // A folder that is no package stands on the import path itself.
        let (folder_option, module) = match module.strip_prefix("src/") {
            Some(module) => (Some("src"), module.to_string()),
            None => (None, module.replace('/', ".")),
        };
        let command = match framework {
            "FastAPI" | "Starlette" | "Quart" => uvicorn(folder_option, &module, &object),
            _ if depends_on(folder, "gunicorn") => gunicorn(folder_option, &module, &object),
            _ => {
                notes
                    .push("Flask's development server is used, because gunicorn is not among the dependencies.".into());
                flask(folder_option, &module)
            }
        };
        notes.push(format!("{file} makes a {framework} application."));
        Some(App { command, env: Vec::new(), entry: Some(file.to_string()) })
    })
}

enum Object {
    Variable(String),
    Factory,
}

/// The framework, and the variable or factory that holds its application.
fn object(text: &str) -> Option<(&'static str, Object)> {
    let frameworks = ["FastAPI", "Starlette", "Quart", "Flask"];
    let framework = |name: &str| frameworks.into_iter().find(|framework| *framework == name);
    if let Some(found) = ASSIGNED.captures(text) {
        return Some((framework(&found[2])?, Object::Variable(found[1].to_string())));
    }
    let used = frameworks.into_iter().find(|framework| text.contains(&format!("{framework}("))).unwrap_or("Flask");
    if let Some(found) = CALLED.captures(text) {
        return Some((used, Object::Variable(found[1].to_string())));
    }
    FACTORY.is_match(text).then_some((used, Object::Factory))
}

fn uvicorn(folder: Option<&str>, module: &str, object: &Object) -> Vec<String> {
    let mut command = words(&["uvicorn", "--port", "{port}"]);
    command.extend(folder.map(|folder| format!("--app-dir={folder}")));
    command.extend(match object {
        Object::Variable(name) => vec![format!("{module}:{name}")],
        Object::Factory => vec!["--factory".into(), format!("{module}:create_app")],
    });
    command
}

fn gunicorn(folder: Option<&str>, module: &str, object: &Object) -> Vec<String> {
    let mut command = words(&["gunicorn", "--bind", "127.0.0.1:{port}"]);
    command.extend(folder.map(|folder| format!("--chdir={folder}")));
    command.push(match object {
        Object::Variable(name) => format!("{module}:{name}"),
        Object::Factory => format!("{module}:create_app()"),
    });
    command
}

/// Flask finds variables and factories by itself.
fn flask(folder: Option<&str>, module: &str) -> Vec<String> {
    let module = folder.map_or_else(|| module.to_string(), |folder| format!("{folder}/{module}"));
    words(&["flask", "--app", &module, "run", "--port", "{port}"])
}

fn depends_on(folder: &Folder<'_>, package: &str) -> bool {
    let is_word = |char: char| char.is_alphanumeric() || matches!(char, '-' | '_' | '.');
    let named = |line: &str| {
        line.split('#')
            .next()
            .is_some_and(|line| line.to_lowercase().split(|char| !is_word(char)).any(|word| word == package))
    };
    MANIFESTS.iter().filter_map(|manifest| folder.text(manifest)).any(|text| text.lines().any(named))
}

fn app(command: &[&str], entry: Option<String>) -> App {
    App { command: words(command), env: Vec::new(), entry }
}
