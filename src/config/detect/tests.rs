//! What is detected in folders of every kind.

use proptest::prelude::*;

use super::*;
use crate::config::{parse, render};

fn detected(files: &[(&str, &str)]) -> Detection {
    let names: Vec<String> =
        files.iter().map(|(name, _)| name.to_string()).filter(|name| !name.contains('/')).collect();
    let read = |path: &str| files.iter().find(|(name, _)| *name == path).map(|(_, text)| text.to_string());
    let detection = detect(&read, &names);
    assert!(!detection.notes.is_empty());
    if let Some(config) = &detection.config {
        assert_eq!(parse(&render(config), "scaleproof.yaml").as_ref(), Ok(config), "what is written can be read");
    }
    detection
}

fn command(files: &[(&str, &str)]) -> String {
    detected(files).config.map(|config| config.command.join(" ")).unwrap_or_default()
}

fn notes(files: &[(&str, &str)]) -> String {
    detected(files).notes.join("\n")
}

#[test]
fn node_runs_the_start_script_without_npm() {
    let files = [
        ("package.json", r#"{"scripts": {"start": "PORT=3000 cross-env A=b node --enable-source-maps server.js"}}"#),
        ("server.js", "app.get('/healthz', ok); app.listen(process.env.PORT)"),
    ];
    let config = detected(&files).config.unwrap();
    assert_eq!(config.command, ["node", "--enable-source-maps", "server.js"]);
    assert!(
        config.env.contains(&("NODE_ENV".into(), "production".into()))
            && config.env.contains(&("A".into(), "b".into()))
    );
    assert!(!config.env.iter().any(|(key, _)| key == "PORT"), "the port differs from replica to replica");
    assert_eq!(config.ready.as_deref(), Some("/healthz"));
    assert!(!notes(&files).contains("does not read PORT"));
}

#[test]
fn node_leaves_watchers_and_falls_back_to_npm_main_and_usual_names() {
    let script = |script: &str| command(&[("package.json", &format!(r#"{{"scripts": {{"start": "{script}"}}}}"#))]);
    assert_eq!(script("nodemon src/app.js"), "node src/app.js");
    assert_eq!(script("next start"), "node_modules/.bin/next start -p {port}");
    assert_eq!(script("tsx src/server.ts"), "node_modules/.bin/tsx src/server.ts");
    assert_eq!(script("npm run build && node dist/x.js"), "npm start");
    assert_eq!(command(&[("package.json", r#"{"main": "lib/a.js"}"#), ("lib/a.js", "")]), "node lib/a.js");
    assert_eq!(command(&[("package.json", "{}"), ("app.js", "")]), "node app.js");
    assert_eq!(detected(&[("package.json", "{}")]).config, None);
}

#[test]
fn an_app_that_does_not_read_port_is_told_so() {
    assert!(notes(&[("package.json", "{}"), ("app.js", "app.listen(3000)")]).contains("app.js does not read PORT"));
}

#[test]
fn flask_runs_by_gunicorn_where_it_is_a_dependency() {
    let app = ("app.py", "from flask import Flask\nshop = Flask(__name__)\n");
    assert_eq!(command(&[app]), "flask --app app run --port {port}");
    assert_eq!(
        command(&[app, ("requirements.txt", "Flask==3\ngunicorn>=21 # server\n")]),
        "gunicorn --bind 127.0.0.1:{port} app:shop"
    );
    assert_eq!(
        command(&[app, ("requirements.txt", "flask\n# gunicorn\nmygunicorn\n")]),
        "flask --app app run --port {port}"
    );
    assert_eq!(
        command(&[
            ("wsgi.py", "from shop import create_app\napp = create_app()\n"),
            ("pyproject.toml", "dependencies = [\"gunicorn\"]")
        ]),
        "gunicorn --bind 127.0.0.1:{port} wsgi:app"
    );
    let factory = ("app/__init__.py", "def create_app():\n    return Flask(__name__)\n");
    assert_eq!(
        command(&[factory, ("Pipfile", "gunicorn = \"*\"")]),
        "gunicorn --bind 127.0.0.1:{port} app:create_app()"
    );
}

#[test]
fn fastapi_runs_by_uvicorn() {
    let main = "import fastapi\napp: fastapi.FastAPI = fastapi.FastAPI(title='x')\n@app.get(\"/health\")\n";
    let config = detected(&[("main.py", main)]).config.unwrap();
    assert_eq!(config.command.join(" "), "uvicorn --port {port} main:app");
    assert_eq!(config.ready.as_deref(), Some("/health"));
    assert_eq!(command(&[("app/main.py", "api = FastAPI()\n")]), "uvicorn --port {port} app.main:api");
    assert_eq!(
        command(&[("src/main.py", "def create_app():\n    return FastAPI()\n")]),
        "uvicorn --port {port} --app-dir=src --factory main:create_app"
    );
}

#[test]
fn django_runs_by_its_wsgi_module_or_its_development_server() {
    let manage = ("manage.py", "os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"shop.settings\")\n");
    assert_eq!(command(&[manage]), "python3 manage.py runserver {port} --noreload");
    let files = [manage, ("requirements.txt", "django\ngunicorn\n"), ("shop/wsgi.py", "")];
    assert_eq!(command(&files), "gunicorn --bind 127.0.0.1:{port} shop.wsgi:application");
}

#[test]
fn rust_runs_the_release_build() {
    assert_eq!(
        command(&[("Cargo.toml", "[package]\nname = \"shop\"\n[dependencies]\nname = \"no\"\n"), ("src/main.rs", "")]),
        "target/release/shop"
    );
    assert_eq!(command(&[("Cargo.toml", "[package]\nname = \"a\"\n[[bin]]\nname = \"b\"\n")]), "target/release/b");
    let several = "[package]\nname = \"a\"\ndefault-run = \"c\"\n[[bin]]\nname = \"b\"\n[[bin]]\nname = \"c\"\n";
    assert_eq!(command(&[("Cargo.toml", several)]), "target/release/c");
    assert_eq!(detected(&[("Cargo.toml", "[package]\nname = \"library\"\n")]).config, None);
}

#[test]
fn a_procfile_comes_first_and_its_port_becomes_the_placeholder() {
    let python = ("app.py", "app = Flask(__name__)\n");
    assert_eq!(command(&[("Procfile", "web: gunicorn app:app -b :$PORT\n"), python]), "gunicorn app:app -b :{port}");
    assert_eq!(
        command(&[("Procfile", "web: migrate && gunicorn -b :${PORT:-80} app\n")]),
        "sh -c migrate && gunicorn -b :{port} app"
    );
    assert_eq!(command(&[("Procfile", "web: serve $DIR\n")]), "sh -c exec serve $DIR");
    let node = ("package.json", r#"{"scripts": {"start": "node server.js"}}"#);
    assert_eq!(command(&[("Procfile", "web: npm start\n"), node]), "node server.js");
    assert_eq!(command(&[("Procfile", "worker: x\n"), python]), "flask --app app run --port {port}");
}

#[test]
fn shared_services_come_from_the_compose_file() {
    let compose = "services:\n  app:\n    build: .\n    environment: [\"CACHE_URL=redis://store:6379/0\"]\n  store: {image: 'redis:7-alpine'}\n  db: {image: postgres}\n";
    let files = [("app.py", "app = Flask(__name__)\n"), ("docker-compose.yml", compose)];
    let detection = detected(&files);
    let services = detection.config.unwrap().services;
    assert_eq!((services.len(), services[0].name.as_str()), (1, "store"));
    assert_eq!(services[0].env, [("CACHE_URL".to_string(), "redis://127.0.0.1:{port}".to_string())]);
    assert!(notes(&files).contains("has postgres as `db`"));
    assert!(notes(&[files[0], ("compose.yml", "a: *b\n")]).contains("could not be read"));
}

#[test]
fn a_folder_that_tells_nothing_says_so() {
    assert!(notes(&[]).contains("Nothing here tells"));
}

proptest! {
    #[test]
    fn no_texts_make_it_panic(text in "(\\PC|\n|\\$PORT|\\$\\{PORT|web: |=|\"|\\[|Flask\\(|ü){0,30}") {
        let names: Vec<String> = ["Procfile", "package.json", "manage.py", "Cargo.toml", "compose.yml"].map(String::from).to_vec();
        let _ = detect(&|_| Some(format!("web: {text}")), &names);
        let _ = detect(&|_| Some(text.clone()), &names);
    }
}
