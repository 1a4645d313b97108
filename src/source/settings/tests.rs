//! Snippets of each format, as its documentation writes them, and the settings that they are.

use super::*;
use crate::source::language::render::render;

fn read(path: &str, text: &str) -> Extracted {
    reader(path).unwrap_or_else(|| panic!("{path}: nobody reads it"))(path, text)
}

/// The facts of a file without problems.
fn facts(path: &str, text: &str) -> String {
    let extracted = read(path, text);
    assert_eq!(extracted.problems, [], "{path}");
    render(&extracted.facts)
}

fn problems(path: &str, text: &str) -> Vec<String> {
    read(path, text).problems.iter().map(|problem| problem.to_string()).collect()
}

#[test]
fn files_are_told_by_their_paths() {
    let cases = [
        ("dotenv", ".env a/.env.production .env-example prod.env"),
        (
            "yaml",
            "application.yml src/main/resources/application-prod.yaml bootstrap.yml config/cable.yml a/config/database.yml config/packages/prod/cache.yaml config/services.yaml",
        ),
        ("properties", "application.properties application-prod.properties bootstrap.properties quartz.properties"),
        ("hocon", "application.conf src/main/resources/application-prod.conf"),
        ("json", "appsettings.json api/appsettings.Production.json"),
        ("xml", "Web.config App.config web.Release.config"),
        ("ini", "php.ini docker/php/conf.d/session.ini .user.ini php-fpm.d/www.conf"),
        ("prisma", "prisma/schema.prisma"),
        ("shell", "boot.sh docker/entrypoint.sh docker-entrypoint.sh start-server.sh scripts/run.sh docker-entrypoint"),
        ("dockerfile", "Dockerfile api/Dockerfile.prod web.Dockerfile Containerfile"),
    ];
    for (name, paths) in cases {
        for path in paths.split(' ') {
            assert_eq!(format(path).map(|(name, _)| *name), Some(name), "{path}");
        }
    }
    for path in [
        "messages.properties",
        "supervisord.ini",
        "alembic.ini",
        "nginx.conf",
        "package.json",
        "applications.yml",
        ".envrc",
        "config/locales/en.yml",
        "nuget.config",
        "environment.ts",
        "k8s/cache.yml",
    ] {
        assert!(format(path).is_none(), "{path}");
    }
}

#[test]
fn every_line_of_the_table_names_a_format_and_a_pattern() {
    let lines = include_str!("files.tsv").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    assert_eq!(lines.clone().count(), FILES.formats.len());
    for line in lines {
        let (name, pattern) = line.split_once('\t').unwrap_or_else(|| panic!("no tab: {line}"));
        assert!(FORMATS.iter().any(|(known, _)| *known == name), "{line}");
        assert!(GlobBuilder::new(pattern).build().is_ok(), "{line}");
    }
}

#[test]
fn dotenv() {
    let text = "# scaleproof: ignore[x] why\nSESSION_DRIVER=file # scaleproof: ignore[y] z\nexport QUEUE='sync'\nURL=\"redis://${HOST:-localhost}:6379\"\n\
                HANDED_ON\nA = 1\nB=true\nC=\nKEY=\"-----BEGIN\nx\\\"y\n-----END\"\nLAST=a#b\nD=`x`\nREDIS=$OTHER\nA=2\n";
    assert_eq!(
        facts(".env", text),
        "2:1 setting SESSION_DRIVER = \"file\"\n3:8 setting QUEUE = \"sync\"\n\
         4:1 setting URL = \"redis://${HOST}:6379\" | \"redis://localhost:6379\"\n7:1 setting B = true\n8:1 setting C = null\n\
         9:1 setting KEY = \"-----BEGIN\\nx\\\"y\\n-----END\"\n12:1 setting LAST = \"a#b\"\n13:1 setting D = \"x\"\n\
         14:1 setting REDIS = $OTHER\n15:1 setting A = 2\n1:1 directive ignore[x] why (own line)\n2:21 directive ignore[y] z"
    );
    assert_eq!(
        problems(".env", "A=1\nwhat is this\nnor this\nB=\"open\nC=2"),
        [".env:2:1: not `KEY=value`: `what is this`", ".env:4:3: this quote is not closed"]
    );
}

#[test]
fn spring_yaml_with_profiles() {
    let text = "spring:\n  session:\n    store-type: ${SESSION_STORE:none}\n  datasource:\n    url: jdbc:h2:file:${DIR:./data}/db # scaleproof: ignore[x] y\n\
                \x20 profiles:\n    active: prod\nlist:\n  - name: a\n    on: true\n  - b\n---\nspring:\n  config.activate.on-profile: dev | test\n  session.store-type: jdbc\n---\n\
                spring.config.activate.on-profile: prod\nspring.session.store-type: redis\n";
    assert_eq!(
        facts("application.yml", text),
        "3:5 setting spring.session.store-type = $SESSION_STORE or \"none\"\n\
         5:5 setting spring.datasource.url = \"jdbc:h2:file:${DIR}/db\" | \"jdbc:h2:file:./data/db\"\n\
         7:5 setting spring.profiles.active = \"prod\"\n9:5 setting list.0.name = \"a\"\n10:5 setting list.0.on = true\n11:5 setting list.1 = \"b\"\n\
         17:1 setting spring.config.activate.on-profile = \"prod\"\n18:1 setting spring.session.store-type = \"redis\"\n\
         5:40 directive ignore[x] y"
    );
}

#[test]
fn what_a_build_fills_in_is_unknown() {
    let text = "info:\n  version: @project.version@\n  name: shop\n";
    assert_eq!(facts("application.yml", text), "2:3 setting info.version = ?\n3:3 setting info.name = \"shop\"");
}

#[test]
fn quarkus_and_symfony_tell_environments_in_keys() {
    let text = "quarkus.datasource.db-kind=h2\n%prod.quarkus.datasource.db-kind=postgresql\n%dev.quarkus.datasource.db-kind=h2\n%dev,test.a=b\n";
    assert_eq!(facts("application.properties", text), "2:1 setting quarkus.datasource.db-kind = \"postgresql\"");
    let text = "framework:\n  session:\n    handler_id: '%env(resolve:REDIS_URL)%'\n  cache: { app: \"%env(default:fallback:APP)%\" }\n  lock: [flock]\n\
                when@test:\n  framework: { test: true }\nwhen@prod:\n  framework: { secret: x }\n";
    assert_eq!(
        facts("config/packages/framework.yaml", text),
        "3:5 setting framework.session.handler_id = $REDIS_URL\n4:12 setting framework.cache.app = $APP or parameters.fallback\n\
         5:10 setting framework.lock.0 = \"flock\"\n9:16 setting framework.secret = \"x\""
    );
}

#[test]
fn rails_yaml_with_ruby() {
    let text = "default: &default\n  adapter: async\n<% if true %>\nproduction:\n  <<: *default\n  url: <%= ENV.fetch(\"REDIS_URL\") { \"redis://localhost:6379/1\" } %>\n\
                \x20 name: \"<%= ENV[\"NAME\"] || 'shop' %>_1\"\n  pool: <%= ENV.fetch(\"MAX\", 5) %>\n  path: <%= Rails.root.join(\"a: b\") %>\n  secret: <%= ENV['S'] %> # scaleproof: ignore[x] y\n<% end %>\n";
    assert_eq!(
        facts("config/cable.yml", text),
        "2:3 setting default.adapter = \"async\"\n2:3 setting production.adapter = \"async\"\n\
         6:3 setting production.url = $REDIS_URL or \"redis://localhost:6379/1\"\n7:3 setting production.name = \"${NAME}_1\" | \"shop_1\"\n\
         8:3 setting production.pool = $MAX or 5\n9:3 setting production.path = ?\n10:3 setting production.secret = $S\n10:27 directive ignore[x] y"
    );
}

#[test]
fn properties() {
    let text = "# scaleproof: ignore[x] y\nserver.port=${PORT:8080}\nspring.session.store-type : redis\nkey\\ one value\nlong=a,\\\n  b\nempty=\nbare\n\
                #---\nspring.config.activate.on-profile=test\nserver.port=0\n";
    assert_eq!(
        facts("application.properties", text),
        "2:1 setting server.port = $PORT or 8080\n3:1 setting spring.session.store-type = \"redis\"\n4:1 setting key one = \"value\"\n\
         5:1 setting long = \"a,b\"\n7:1 setting empty = null\n8:1 setting bare = null\n1:1 directive ignore[x] y (own line)"
    );
}

#[test]
fn hocon() {
    let text = "include \"base\"\nktor {\n  deployment { port = 8080, port = ${?PORT} } # scaleproof: ignore[x] y\n  \"a.b\".c = \"x y\"\n}\n\
                play.http.session: ${SESSION}\nakka.remote { seed-nodes = [\"akka://a@127.0.0.1:1\", two] }\nurl = \"redis://\"${?HOST}\":6379\"\n\
                list = [{ a = 1 }, { a = 2 }]\ntext = \"\"\"a\nb\"\"\"\nbare = jdbc://x/y // note\n";
    assert_eq!(
        facts("application.conf", text),
        "3:29 setting ktor.deployment.port = $PORT or 8080\n4:3 setting ktor.a.b.c = \"x y\"\n6:1 setting play.http.session = $SESSION\n\
         7:29 setting akka.remote.seed-nodes.0 = \"akka://a@127.0.0.1:1\"\n7:53 setting akka.remote.seed-nodes.1 = \"two\"\n\
         8:1 setting url = \"redis://${HOST}:6379\"\n9:11 setting list.0.a = 1\n9:22 setting list.1.a = 2\n10:1 setting text = \"a\\nb\"\n\
         12:1 setting bare = \"jdbc://x/y\"\n3:47 directive ignore[x] y"
    );
    assert_eq!(
        problems("application.conf", "a {\n  b = 1\n  what\n}\n}\nc {"),
        [
            "application.conf:3:3: not `key = value`: `what`",
            "application.conf:5:1: this bracket closes nothing",
            "application.conf:6:3: this bracket is not closed"
        ]
    );
}

#[test]
fn appsettings() {
    let text = "{\n  // scaleproof: ignore[x] y\n  \"ConnectionStrings\": { \"Default\": \"Data Source=app.db\" },\n  \"Serilog\": { \"WriteTo\": [ { \"Name\": \"File\" } ] },\n\
                \x20 \"Session:Store\": true,\n}\n";
    assert_eq!(
        facts("appsettings.json", text),
        "3:26 setting ConnectionStrings.Default = \"Data Source=app.db\"\n4:31 setting Serilog.WriteTo.0.Name = \"File\"\n\
         5:3 setting Session.Store = true\n2:3 directive ignore[x] y (own line)"
    );
    assert_eq!(
        problems("appsettings.json", "{\n  \"a\": 1\n  \"b\": 2 }"),
        ["appsettings.json:3:3: a comma is expected here"]
    );
}

#[test]
fn web_config() {
    let text = "<?xml version=\"1.0\"?>\n<configuration>\n  <!-- scaleproof: ignore[x] y -->\n  <appSettings>\n    <add key=\"Mode\" value=\"1\" />\n  </appSettings>\n\
                \x20 <connectionStrings><add name=\"Shop\" connectionString=\"Data Source=a.db\"/></connectionStrings>\n\
                \x20 <system.web>\n    <sessionState mode=\"InProc\" timeout=\"20\" />\n  </system.web>\n  <setting name=\"X\"><value> a </value></setting>\n</configuration>\n";
    assert_eq!(
        facts("Web.config", text),
        "5:21 setting configuration.appSettings.Mode = 1\n\
         7:39 setting configuration.connectionStrings.Shop.connectionString = \"Data Source=a.db\"\n\
         9:19 setting configuration.system.web.sessionState.mode = \"InProc\"\n9:33 setting configuration.system.web.sessionState.timeout = 20\n\
         11:28 setting configuration.X.value = \"a\"\n3:3 directive ignore[x] y (own line)"
    );
    assert_eq!(problems("web.config", "<a>\n  <b></a>").len(), 1);
    assert_eq!(problems("web.config", "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>").len(), 1);
}

#[test]
fn php_ini() {
    let text = "[Session]\n; scaleproof: ignore[x] y\nsession.save_handler = files\nsession.save_path = \"tcp://redis:6379\" ; scaleproof: ignore[y] z\n\
                php_admin_value[session.save_handler] = redis\nenv[QUEUE] = $QUEUE\nsession.use_cookies = On\nmax_execution_time = 30\n";
    assert_eq!(
        facts("docker/php/conf.d/session.ini", text),
        "4:1 setting session.save_path = \"tcp://redis:6379\"\n5:1 setting session.save_handler = \"redis\"\n6:1 setting QUEUE = $QUEUE\n\
         7:1 setting session.use_cookies = true\n8:1 setting max_execution_time = 30\n2:1 directive ignore[x] y (own line)\n4:40 directive ignore[y] z"
    );
}

#[test]
fn what_is_no_ini_and_no_dockerfile_is_told() {
    let told = |path: &str, text: &str| problems(path, text).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        told("php-fpm.d/www.conf", "[www]\n{% if big %}\npm.max_children = 9\n{% endif %}\n[admin\n"),
        [
            "php-fpm.d/www.conf:2:1: a template: what such lines decide is not known",
            "php-fpm.d/www.conf:4:1: a template: what such lines decide is not known",
            "php-fpm.d/www.conf:5:1: nothing closes this bracket",
        ]
    );
    assert_eq!(
        told("Dockerfile", "FROM a\n{% if x %}\nRUN b \\\n  && c\n{% endif %}\n}}} x\ncopy . .\nINCLUDE+ x\n"),
        [
            "Dockerfile:2:1: a template: what such lines decide is not known",
            "Dockerfile:5:1: a template: what such lines decide is not known",
            "Dockerfile:6:1: `}}}` is no instruction of a Dockerfile",
        ]
    );
}

#[test]
fn prisma() {
    let text = "generator client {\n  provider = \"prisma-client-js\"\n}\n\ndatasource db {\n  provider = \"sqlite\" // scaleproof: ignore[x] y\n\
                \x20 url      = env(\"DATABASE_URL\")\n}\n\nmodel User {\n  id Int @id @default(autoincrement())\n  home String @default(\"http://x\")\n}\n";
    assert_eq!(
        facts("prisma/schema.prisma", text),
        "2:3 setting generator.provider = \"prisma-client-js\"\n6:3 setting datasource.provider = \"sqlite\"\n\
         7:3 setting datasource.url = $DATABASE_URL\n6:23 directive ignore[x] y"
    );
}

#[test]
fn dockerfile() {
    let text = "FROM node\n# scaleproof: ignore[x] y\nENV NODE_ENV production\nENV A=1 B=\"two words\" \\\n    C='x' D=${E:-f}\nRUN echo X=1\nenv F=a\\ b\n";
    assert_eq!(
        facts("Dockerfile", text),
        "3:5 setting NODE_ENV = \"production\"\n4:5 setting A = 1\n4:9 setting B = \"two words\"\n5:5 setting C = \"x\"\n5:11 setting D = $E or \"f\"\n\
         7:5 setting F = \"a b\"\n2:1 directive ignore[x] y (own line)"
    );
}

#[test]
fn dockerfiles_tell_what_the_last_stage_runs() {
    let text = "FROM a AS dev\nCMD flask run\nFROM a\nHEALTHCHECK --interval=5s \\\n  CMD curl x\nENTRYPOINT [\"tini\", \"--\"]\nCMD [\"sh\", \"-c\", \"flask db upgrade && gunicorn app:app\"]\n";
    assert_eq!(
        facts("Dockerfile", text),
        "6:14 setting command.0 = \"tini --\"\n7:19 setting command.1 = \"flask db upgrade\"\n7:39 setting command.2 = \"gunicorn app:app\""
    );
    assert_eq!(
        facts("Dockerfile", "CMD python manage.py migrate && \\\n    exec daphne app\n"),
        "1:5 setting command.0 = \"python manage.py migrate\"\n2:5 setting command.1 = \"exec daphne app\""
    );
}

#[test]
fn start_scripts_are_their_commands() {
    let text = "#!/bin/bash\n# don't\nset -e\nwhile true; do\n  FLASK_APP=a flask db upgrade # scaleproof: ignore[x] y\ndone\nexec gunicorn -b :5000 \\\n  app:app\n";
    assert_eq!(
        facts("boot.sh", text),
        "3:1 setting command.0 = \"set -e\"\n4:7 setting command.1 = \"true\"\n5:15 setting command.2 = \"flask db upgrade\"\n\
         7:1 setting command.3 = \"exec gunicorn -b :5000 app:app\"\n5:32 directive ignore[x] y"
    );
}

#[test]
fn what_a_variable_decides_is_left_out() {
    let text = "if [ \"$MIGRATE\" = 1 ]; then\n  a\nelse\n  b\nfi\n[ -n \"${SEED}\" ] && c\nif [ \"$1\" = web ]; then d; fi\ncase $ROLE in\n  x) e ;;\nesac\ncat <<EOF > f\n'g\nEOF\necho h; python -c \"\ni\"\nexec \"$@\"\n";
    let commands: Vec<_> =
        read("entrypoint.sh", text).facts.settings.into_iter().map(|setting| setting.value).collect();
    let expected = ["d", "cat", "python -c \ni", "exec $@"].map(|text| Value::Text(text.into()));
    assert_eq!(commands[..1], expected[..1]);
    assert_eq!(commands[2..], expected[2..]);
}

/// One path of each format.
const PATHS: [&str; 10] = [
    "entrypoint.sh",
    ".env",
    "application.yml",
    "application.properties",
    "application.conf",
    "appsettings.json",
    "web.config",
    "php.ini",
    "schema.prisma",
    "Dockerfile",
];

#[test]
fn hostile_input_ends_soon() {
    let deep = |open: &str, close: &str| format!("{}x{}", open.repeat(20_000), close.repeat(20_000));
    let texts = [
        deep("{\"a\":", "}"),
        deep("a {\n", "}\n"),
        deep("[", "]"),
        deep("<a>", "</a>"),
        deep("${a:", "}"),
        "${".repeat(50_000),
        "a=${".repeat(30_000),
        "a=\"".repeat(30_000),
        "<%= ".repeat(30_000),
        format!("a: <%= {} %>", "ENV['A'] || ".repeat(20_000)),
        "p=${?P}\n".repeat(50_000),
        "a=\\\n".repeat(30_000),
        "\tA: {\t\n".repeat(50_000),
        (0..20_000).map(|n| format!("k{n}=v\n")).collect(),
        format!(
            "{{\"{}\": {{{}}}}}",
            "k".repeat(300_000),
            (0..20_000).map(|n| format!("\"{n}\": 1,")).collect::<String>()
        ),
        "/*".repeat(50_000),
        "ENV A=\\\n".repeat(50_000),
    ];
    for text in &texts {
        for path in PATHS {
            let Extracted { facts, problems } = read(path, text);
            assert!(facts.settings.len() <= MAX_SETTINGS && problems.len() <= 102, "{path}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn arbitrary_text_crashes_nothing(text in "(?s)([\\[\\]{}<>\"'`=:;,#$%!?+~|*&a-cA-C0-9 \\-./\\\\\n\t\ré]|ENV |<%= |%>|\\$\\{|include){0,60}") {
        for path in PATHS {
            let extracted = read(path, &text);
            for setting in &extracted.facts.settings {
                let (span, lines) = (setting.span, text.split('\n').count() as u32);
                proptest::prop_assert!(span.line >= 1 && span.end_line <= lines + 1 && (span.line, span.column) <= (span.end_line, span.end_column), "{path} {span:?}");
            }
        }
    }
}

#[test]
fn scripts_tell_how_they_run_their_programs() {
    let script = |text: &str| {
        let settings = read("entrypoint.sh", text).facts.settings;
        let of_script = settings.iter().filter(|setting| setting.key.starts_with("script."));
        of_script.map(|setting| format!("{}:{}", setting.key, setting.span.line)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(script("migrate\ngunicorn app:app\n"), "script.last:2");
    assert_eq!(script("migrate\nexec gunicorn app:app\n"), "");
    assert_eq!(script("if [ -n \"$DEBUG\" ]; then\n  exec a\nelse\n  gunicorn \\\n    app:app\nfi\n"), "script.last:4");
    assert_eq!(
        script("cron &\n./server >log 2>&1 &\nwait $!\n"),
        "script.background.0:1 script.background.1:2 script.last:3"
    );
    assert_eq!(
        script("trap 'kill $p' TERM\n./server &\np=$!\nwait $p\n"),
        "script.trap:1 script.background.0:2 script.last:4"
    );
    assert_eq!(script("case $1 in\n  web) gunicorn app ;;\n  *) exec \"$@\" ;;\nesac\n"), "");
}

mod images {
    use super::read;
    use crate::model::deployment::{Role, Service};
    use crate::model::fact::Value;

    fn services(path: &str, text: &str) -> Vec<Service> {
        read(path, text).facts.services
    }

    fn image(text: &str) -> Service {
        services("shop/Dockerfile", text).pop().unwrap()
    }

    #[test]
    fn a_dockerfile_is_an_image_with_its_program_and_what_it_keeps() {
        let text = "# syntax=docker/dockerfile:1\nARG VERSION=22\nFROM node:${VERSION} AS build\nRUN <<EOF\nCMD no instruction\nEOF\n\
                    FROM node:22-slim\nWORKDIR /app\nCOPY --from=build /app .\nENV WEB_CONCURRENCY=3 NODE_ENV=production\nEXPOSE 3000/tcp 9000\n\
                    VOLUME [\"/app/uploads\", \"/cache\"]\nUSER node\nSTOPSIGNAL SIGQUIT\n\
                    HEALTHCHECK --interval=5s \\\n  # a comment\n  CMD curl -f http://localhost:3000/health\nCMD [\"node\", \"server.js\"]\n";
        let services = services("shop/Dockerfile", text);
        let [service] = services.as_slice() else { panic!("{services:?}") };
        assert_eq!((service.name.as_str(), service.kind.as_str(), service.role), ("shop", "image", Role::Web));
        assert_eq!(service.command.as_deref(), Some("node server.js"));
        assert_eq!(service.command_span.map(|span| (span.line, span.column, span.end_column)), Some((18, 5, 26)));
        assert!(service.health_check);
        assert_eq!(service.ports.iter().map(|port| port.container).collect::<Vec<_>>(), [3000, 9000]);
        let volumes: Vec<_> = service.mounts.iter().map(|mount| (mount.target.as_str(), mount.span.line)).collect();
        assert_eq!(volumes, [("/app/uploads", 12), ("/cache", 12)]);
        let settings: Vec<_> = service.settings.iter().map(|setting| (setting.key.as_str(), &setting.value)).collect();
        assert_eq!(settings, [("USER", &Value::Text("node".into())), ("STOPSIGNAL", &Value::Text("SIGQUIT".into()))]);
        assert_eq!(service.processes.as_ref().map(|count| count.value), Some(3));
    }

    #[test]
    fn the_form_of_a_command_tells_who_runs_it() {
        for (lines, command) in [
            ("CMD npm start", "/bin/sh -c npm start"),
            ("CMD [\"npm\", \"start\"]", "npm start"),
            ("CMD ['npm', 'start']", "/bin/sh -c ['npm', 'start']"),
            ("ENTRYPOINT [\"tini\", \"--\"]\nCMD node a.js", "tini -- /bin/sh -c node a.js"),
            ("ENTRYPOINT exec java -jar a.jar\nCMD x", "/bin/sh -c exec java -jar a.jar"),
            ("CMD a\nCMD [\"b\"]", "b"),
            ("CMD [\"a\"]\nENTRYPOINT [\"b\"]", "b a"),
        ] {
            assert_eq!(image(&format!("FROM x\n{lines}\n")).command.as_deref(), Some(command), "{lines}");
        }
        assert_eq!(image("FROM x\n").command, None);
        let problems = read("Dockerfile", "FROM x\nCMD ['npm', 'start']\n").problems;
        assert!(problems[0].to_string().starts_with("Dockerfile:2:5: this list is no JSON"), "{problems:?}");
    }

    #[test]
    fn stages_begin_with_what_the_stage_below_them_ends_with() {
        let text = "FROM python AS base\nHEALTHCHECK CMD a\nCMD [\"gunicorn\", \"-w\", \"4\", \"app\"]\nFROM base AS worker\n\
                    ENTRYPOINT [\"celery\", \"worker\"]\nFROM base AS web\nHEALTHCHECK NONE\n";
        let services = services("Dockerfile", text);
        let seen: Vec<_> =
            services.iter().map(|s| (s.name.as_str(), s.kind.as_str(), s.command.as_deref(), s.health_check)).collect();
        assert_eq!(
            seen,
            [
                ("base", "stage", Some("gunicorn -w 4 app"), true),
                ("worker", "stage", Some("celery worker"), true),
                ("image", "image", Some("gunicorn -w 4 app"), false),
            ]
        );
        assert_eq!(services[2].processes.as_ref().map(|count| count.value), Some(4));
    }

    #[test]
    fn images_are_called_after_their_dockerfile_or_its_folder() {
        for (path, name) in [
            ("Dockerfile", "image"),
            ("api/Dockerfile", "api"),
            ("api.Dockerfile", "api"),
            ("docker/Dockerfile.worker", "worker"),
            ("shop/docker/Dockerfile", "shop"),
        ] {
            assert_eq!(services(path, "FROM x\nCMD [\"a\"]\n")[0].name, name, "{path}");
        }
    }
}
