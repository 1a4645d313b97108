//! Tests: worker processes that code, images and scripts state.

use super::*;
use crate::model::deployment::SEVERAL;

/// Program, number of processes, and where that is stated.
fn servers(path: &str, text: &str) -> Vec<(String, u32, u32, u32)> {
    let facts = crate::source::read(path, text).expect("somebody reads it").facts;
    let told = |service: &Service| {
        let count = service.processes.as_ref();
        let span = count.map_or(service.span, |count| count.location.span);
        (service.name.to_string(), count.map_or(1, |count| count.value), span.line, span.column)
    };
    facts.services.iter().map(told).collect()
}

fn one(path: &str, text: &str) -> (String, u32, u32, u32) {
    let found = servers(path, text);
    assert_eq!(found.len(), 1, "{path}: {found:?}");
    found[0].clone()
}

#[test]
fn gunicorn_settings_in_python_are_understood() {
    let text = "import multiprocessing\nimport os\n\nbind = '0.0.0.0:8000'\nworkers = multiprocessing.cpu_count() * 2 + 1\n\
                threads = 2\npreload_app = True\ngraceful_timeout = 30\n\n\ndef on_exit(server):\n    server.log.info('bye')\n";
    assert_eq!(one("deploy/gunicorn.conf.py", text), ("gunicorn".into(), SEVERAL, 5, 1));
    let service = crate::source::read("gunicorn.conf.py", text).unwrap().facts.services.remove(0);
    let keys: Vec<_> = service.settings.iter().map(|setting| setting.key.as_str()).collect();
    assert_eq!(keys, ["bind", "threads", "preload_app", "graceful_timeout"]);
    assert_eq!(one("gunicorn_config.py", "workers = int(os.environ.get('WEB_CONCURRENCY', 5))\n").1, 5);
    let counted = "cores = multiprocessing.cpu_count()\nif env:\n    n = int(env)\nelse:\n    n = max(int(2 * cores), 2)\nworkers = n\n";
    assert_eq!(one("gunicorn_conf.py", counted), ("gunicorn".into(), SEVERAL, 6, 1));
    assert_eq!(one("conf/gunicorn.py", "workers = 3\nbind = 'unix:/run/app.sock'\n").1, 3);
    assert_eq!(one("gunicorn.conf.py", "bind = ':80'\nthreads = multiprocessing.cpu_count()\n").1, 1);
    assert_eq!(servers("gunicorn.conf.py", "import os\n\n\ndef when_ready(server):\n    pass\n"), []);
    assert_eq!(servers("app.py", "workers = 3\n"), []);
}

#[test]
fn ruby_servers_are_understood() {
    let puma = "max_threads_count = ENV.fetch('RAILS_MAX_THREADS') { 5 }\nthreads max_threads_count, max_threads_count\n\
                port ENV.fetch('PORT') { 3000 }\nworkers ENV.fetch('WEB_CONCURRENCY') { 2 }\npreload_app!\n";
    assert_eq!(one("config/puma.rb", puma), ("puma".into(), 2, 4, 1));
    assert_eq!(one("config/puma.rb", "threads 1, 5\n# workers 4\nport 3000\n").1, 1);
    assert_eq!(one("config/puma.rb", "workers :auto\n").1, SEVERAL);
    assert_eq!(one("config/puma.rb", "workers 0\n").1, 1, "single mode");
    let counted = "if ENV['RAILS_ENV'] == 'production'\n  require 'concurrent-ruby'\n  \
                   count = Integer(ENV.fetch('WEB_CONCURRENCY') { Concurrent.physical_processor_count })\n  workers count if count > 1\nend\n";
    assert_eq!(one("config/puma.rb", counted), ("puma".into(), SEVERAL, 4, 3));
    assert_eq!(
        one("config/unicorn.rb", "worker_processes 4\nlisten 8080\npreload_app true\n"),
        ("unicorn".into(), 4, 1, 1)
    );
}

#[test]
fn calls_that_start_processes_are_understood() {
    let cluster = "const cluster = require('cluster');\nconst os = require('os');\nif (cluster.isPrimary) {\n  \
                   for (let i = 0; i < os.cpus().length; i++) cluster.fork();\n} else {\n  require('./app');\n}\n";
    assert_eq!(one("index.js", cluster), ("node cluster".into(), SEVERAL, 4, 46));
    assert_eq!(one("a.mjs", "import cluster from 'node:cluster';\ncluster.fork();\n").1, SEVERAL);
    assert_eq!(
        one("a.js", "const throng = require('throng');\nthrong({ workers: 3, start });\n"),
        ("throng".into(), 3, 2, 1)
    );
    assert_eq!(one("a.js", "const throng = require('throng');\nthrong(start);\n").1, SEVERAL);
    assert_eq!(one("m.py", "import uvicorn\nuvicorn.run('m:app', port=80, workers=4)\n"), ("uvicorn".into(), 4, 2, 1));
    assert_eq!(servers("m.py", "import uvicorn\nuvicorn.run('m:app', port=80)\n"), []);
    assert_eq!(servers("m.py", "import uvicorn\nuvicorn.run('m:app', workers=1)\n"), []);
    let fiber = "package main\n\nimport \"github.com/gofiber/fiber/v2\"\n\nfunc main() {\n\tapp := fiber.New(fiber.Config{Prefork: true})\n\tapp.Listen(\":80\")\n}\n";
    assert_eq!(one("main.go", fiber), ("fiber".into(), SEVERAL, 6, 9));
    assert_eq!(servers("main.go", &fiber.replace("true", "false")), []);
    assert_eq!(servers("a.js", "const cluster = { fork() {} };\ncluster.fork();\n"), []);
}

#[test]
fn what_images_and_scripts_run_is_understood() {
    assert_eq!(
        one("start.sh", "#!/bin/sh\npython manage.py migrate\nexec gunicorn -w $(nproc) app\n"),
        ("gunicorn".into(), SEVERAL, 3, 1)
    );
    let image = |text: &str| one("Dockerfile", text).1;
    assert_eq!(image("FROM python\nENV PORT=80\nCMD [\"gunicorn\", \"-w\", \"4\", \"app:app\"]\n"), 4);
    assert_eq!(image("FROM python\nENV WEB_CONCURRENCY=3\nCMD gunicorn app:app\n"), 3);
    assert_eq!(image("FROM python\nCMD gunicorn app:app\n"), 1);
    assert_eq!(one(".env", "DEBUG=0\nWEB_CONCURRENCY=4\n"), ("WEB_CONCURRENCY".into(), 4, 2, 1));
    assert_eq!(servers(".env.example", "WEB_CONCURRENCY=4\n"), []);
}

#[test]
fn pools_of_php_have_processes() {
    let www = "[www]\nlisten = 9000\npm = dynamic\npm.max_children = 20 ; of 2 GB\npm.start_servers = 4\n";
    for path in ["docker/php-fpm.conf", "php/8.3/fpm/pool.d/www.conf", "docker/www.conf", "docker/prod.fpm.conf"] {
        assert_eq!(one(path, www), ("php-fpm".into(), 20, 4, 1), "{path}");
    }
    let two = format!("{www}\n[admin]\npm = ondemand\npm.max_children=5\n;pm.max_children = 100\n");
    assert_eq!(one("php-fpm.d/www.conf", &two).1, 25);
    assert_eq!(one("php-fpm.d/www.conf", &format!("{www}{www}pm.max_children = 30\n")).1, 30, "one pool, said twice");
    assert_eq!(one("php-fpm.d/www.conf", "[www]\npm = static\npm.max_children = ${CHILDREN}\n").1, 1);
    assert_eq!(servers("php-fpm.d/docker.conf", "[global]\nerror_log = /proc/self/fd/2\n"), []);
}

#[test]
fn every_row_of_the_table_is_complete() {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(ROWS.len(), rows.clone().count());
    for row in rows {
        let columns: Vec<_> = row.split('\t').collect();
        assert_eq!(columns.len(), 5, "{row}");
        assert!(["file", "call"].contains(&columns[0]) && columns[4].starts_with("https://"), "{row}");
    }
}
