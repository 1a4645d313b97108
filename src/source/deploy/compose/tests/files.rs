//! Deployments that are told by several files.

use super::*;
use crate::model::deployment::{Attachment, Role};

/// Reads the last of these files; the others lie beside it.
fn among(files: &[(&str, &str)]) -> Found {
    let beside = |path: &str| files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned());
    let (path, text) = files.last().unwrap();
    read(&File { path: (*path).into(), text, beside: &beside })
}

fn messages(found: &Found) -> Vec<String> {
    found.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_service_of_another_file_lies_under_the_one_that_extends_it() {
    let common = "services:\n  app:\n    image: me/shop\n    command: gunicorn -w 3 shop:app\n    environment:\n      - DEBUG=0\n      - A=1\n    volumes: ['uploads:/srv/uploads']\n";
    let found = among(&[
        ("deploy/common.yml", common),
        (
            "deploy/compose.yml",
            "services:\n  web:\n    extends: {file: common.yml, service: app}\n    environment: {DEBUG: '1'}\n    deploy: {replicas: 2}\n",
        ),
    ]);
    assert_eq!(messages(&found), Vec::<String>::new());
    let web = &found.services[0];
    assert_eq!((web.role, web.replicas(), web.image.as_deref()), (Role::Web, 2, Some("me/shop")));
    assert_eq!(web.running_processes(), 6);
    assert_eq!(web.environment.iter().map(|s| s.key.as_str()).collect::<Vec<_>>(), ["DEBUG", "A"]);
    assert_eq!(value(web, "DEBUG"), &Value::Text("1".into()));
    let home: std::sync::Arc<str> = "deploy/compose.yml".into();
    assert_eq!(web.place(web.mounts[0].span, &home).to_string(), "deploy/common.yml:8");
    assert_eq!(web.place(web.environment[0].span, &home).path, home);
    let [Attachment { says: Says::Replaces, target: Target::Declared { path, name }, .. }] =
        found.attachments.as_slice()
    else {
        panic!("{:?}", found.attachments)
    };
    assert_eq!((&**path, name.as_str()), ("deploy/common.yml", "app"));
}

#[test]
fn what_is_wrong_with_extends_is_told_where_it_stands() {
    let missing = "services:\n  web:\n    image: x\n    extends:\n      file: other.yml\n      service: app\n";
    assert_eq!(
        messages(&among(&[("compose.yml", missing)])),
        ["compose.yml:5:13: `other.yml`, which this service extends, is not here"]
    );
    assert_eq!(
        messages(&among(&[("other.yml", "services: {b: {image: y}}\n"), ("compose.yml", missing)])),
        ["compose.yml:5:13: no service `app` is in `other.yml`"]
    );
    let circle = "services: {app: {extends: {file: compose.yml, service: web}}}\n";
    let found = among(&[("compose.yml", missing), ("other.yml", circle)]);
    assert_eq!(messages(&found), ["other.yml:1:34: the services that this one extends lead back to themselves"]);
    let outside = missing.replace("other.yml", "../../other.yml");
    assert!(messages(&among(&[("compose.yml", &outside)]))[0].ends_with("is outside of what is analysed"));
    let here = "services: {a: {image: x}, b: {command: y, extends: {file: ./compose.yml, service: a}}}\n";
    let found = among(&[("compose.yml", here)]);
    assert_eq!((found.services.len(), found.services[1].image.as_deref()), (2, Some("x")));
    assert!(found.problems.is_empty());
}

#[test]
fn included_files_are_looked_for() {
    let text = "include:\n  - infra.yml\n  - path: [db/compose.yml, db/missing.yml]\n    env_file: x.env\n  - oci://registry/app\n  - ${FILE}\nservices: {web: {build: .}}\n";
    let found = among(&[
        ("x.env", "A=b\n"),
        ("infra.yml", "services: {}\n"),
        ("db/compose.yml", "services: {}\n"),
        ("compose.yml", text),
    ]);
    assert_eq!(messages(&found), ["compose.yml:3:28: `db/missing.yml` is not here, so its services are not read"]);
    let circle = among(&[
        ("b.yml", "include: [c.yml]\n"),
        ("c.yml", "include: [a.yml, b.yml]\n"),
        ("a.yml", "include: [b.yml]\nservices: {web: {build: .}}\n"),
    ]);
    assert_eq!(messages(&circle), ["a.yml:1:11: `b.yml` includes this file in turn"]);
}

#[test]
fn a_file_that_says_no_more_than_how_much_is_laid_over_the_one_that_says_what() {
    let base = ("compose.yml", "services:\n  web: {build: ., ports: ['80:80']}\n  db: {image: postgres}\n");
    let over = "services:\n  web:\n    deploy: {replicas: 3}\n    environment: [MODE=prod]\n  proxy: {image: nginx}\n";
    let found = among(&[base, ("compose.prod.yml", over)]);
    assert_eq!(summary(&found.services), ["proxy: Balancer x1"]);
    let [Attachment { says: Says::Overlays(part), target: Target::Declared { path, name }, .. }] =
        found.attachments.as_slice()
    else {
        panic!("{:?}", found.attachments)
    };
    assert_eq!((&**path, name.as_str(), part.replicas()), ("compose.yml", "web", 3));
    assert_eq!(part.instances[0].location.to_string(), "compose.prod.yml:3");

    // One that can run by itself is a deployment of its own.
    let whole = "services:\n  web: {image: me/shop, deploy: {replicas: 3}}\n";
    assert_eq!(among(&[base, ("compose.prod.yml", whole)]).services.len(), 1);
    // And where nothing is laid under it, it is what it is.
    assert_eq!(among(&[("x/compose.yml", over), ("compose.prod.yml", over)]).services.len(), 2);
}

#[test]
fn what_an_overlay_resets_or_overrides_is_not_joined() {
    let lower = "services:\n  web:\n    image: x\n    ports: ['80:80', '443:443']\n    environment: {A: a, B: b}\n    volumes: [data:/data]\n    \
                 container_name: web\n";
    let upper = "services:\n  web:\n    extends: {file: base.yml, service: web}\n    ports: !override ['8080:80']\n    volumes: !reset []\n    \
                 container_name: !reset null\n    environment: {A: !reset null, C: c}\n";
    let found = among(&[("base.yml", lower), ("compose.yml", upper)]);
    let [web] = found.services.as_slice() else { panic!("{:?}", found.services) };
    assert_eq!(web.ports.iter().map(|port| port.host).collect::<Vec<_>>(), [Some((8080, 8080))]);
    assert!(web.mounts.is_empty() && web.container_name.is_none());
    let variables: Vec<_> = web.environment.iter().map(|it| it.key.as_str()).collect();
    assert_eq!(variables, ["C", "B"]);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
}

#[test]
fn the_files_of_a_project_are_listed_in_a_variable() {
    let list = (".env", "COMPOSE_FILE=base.yml:prod.yml\n");
    let base = ("base.yml", "services:\n  web: {image: me/shop, ports: ['80:80']}\n");
    let over = "services:\n  web: {image: me/shop:2, deploy: {replicas: 3}}\n";
    let found = among(&[list, base, ("prod.yml", over)]);
    assert!(found.services.is_empty(), "{:?}", found.services);
    assert!(matches!(&found.attachments[0].target, Target::Declared { path, .. } if &**path == "base.yml"));
    assert_eq!(among(&[list, ("prod.yml", over), base]).services.len(), 1);
}

#[test]
fn files_of_variables_of_what_is_included_may_be_missing() {
    let found = among(&[
        ("shop/shop.yml", "services: {web: {image: x}}\n"),
        ("compose.yml", "include:\n  - {path: shop/shop.yml, project_directory: ., env_file: gone.env}\n"),
    ]);
    let said = "compose.yml:2:59: `gone.env` is not here, so the variables of what is included have no values";
    assert_eq!(messages(&found), [said]);
}

#[test]
fn an_overlay_may_lie_in_a_folder_below() {
    let base = ("compose.yml", "services:\n  web: {build: .}\n");
    let over = "services: {web: {ports: ['80:80']}, lb: {image: nginx}}\n";
    for path in ["overlays/compose.tls.yml", "tls/compose.yml"] {
        let found = among(&[base, (path, over)]);
        assert_eq!((found.services.len(), found.attachments.len()), (1, 1), "{path}");
    }
}

#[test]
fn what_others_wait_for_or_nothing_starts_again_is_a_job() {
    let text = "services:
  web: {build: ., depends_on: {migrate: {condition: service_completed_successfully}}}
  migrate: {build: ., command: migrate}
  seed: {build: ., command: seed, restart: 'no'}
  load: {image: x, deploy: {restart_policy: {condition: none}}}
  site: {image: y, restart: 'no', ports: ['80:80']}
";
    let kinds: Vec<_> =
        sound(text).iter().map(|service| (service.name.to_string(), service.kind.to_string())).collect();
    let expected = [("web", "service"), ("migrate", "job"), ("seed", "job"), ("load", "job"), ("site", "service")];
    assert_eq!(kinds, expected.map(|(name, kind)| (name.to_string(), kind.to_string())));
}

#[test]
fn a_shared_file_of_variables_makes_no_workers_of_a_database() {
    let text = "services:\n  web: {build: ., env_file: a.env}\n  db: {image: postgres, env_file: a.env}\n  celery: {image: x, command: celery worker, env_file: a.env}\n";
    let found = among(&[("a.env", "WEB_CONCURRENCY=4\n"), ("compose.yml", text)]);
    let processes: Vec<_> = found.services.iter().map(Service::running_processes).collect();
    assert_eq!(processes, [4, 1, 1]);
}

#[test]
fn variables_have_the_values_of_the_env_file() {
    let env = "# how much\nREPLICAS=3\nPORT=8081\nEMPTY=\nTAG='1.2'\n";
    let text = "services:\n  web:\n    image: shop:${TAG:?needed}\n    scale: ${REPLICAS:-1}\n    ports: ['${PORT:-80}:80']\n    environment: {A: $PORT, B: '${EMPTY:-b}', C: $OTHER}\n";
    let found = among(&[(".env", env), ("compose.yml", text)]);
    assert!(found.problems.is_empty());
    let web = &found.services[0];
    assert_eq!((web.replicas(), web.image.as_deref()), (3, Some("shop:1.2")));
    assert_eq!(web.instances[0].location.to_string(), ".env:2");
    assert_eq!(ports(web), [(Some((8081, 8081)), 80)]);
    assert_eq!(value(web, "A"), &Value::Text("8081".into()));
    assert_eq!(value(web, "B"), &Value::Text("b".into()));
    assert!(matches!(value(web, "C"), Value::Environment { .. }));
    // The folder's own file counts, and no other.
    assert_eq!(among(&[(".env", env), ("deploy/compose.yml", text)]).services[0].replicas(), 1);
}

#[test]
fn variables_of_env_files_are_those_of_the_service() {
    let text = "services:\n  web:\n    build: .\n    env_file:\n      - a.env\n      - {path: b.env, required: false}\n      - missing.env\n    environment: {A: own}\n";
    let found = among(&[("a.env", "A=1\nB=1\nC=1\n"), ("b.env", "B=2\nWEB_CONCURRENCY=4\n"), ("compose.yml", text)]);
    assert!(found.problems.is_empty());
    let web = &found.services[0];
    assert_eq!(value(web, "A"), &Value::Text("own".into()));
    assert_eq!(value(web, "B"), &Value::Number(2.0));
    assert_eq!(value(web, "C"), &Value::Number(1.0));
    assert_eq!(web.running_processes(), 4);
    let b = web.environment.iter().find(|setting| setting.key == "B").unwrap();
    assert_eq!(web.place(b.span, &"compose.yml".into()).to_string(), "b.env:1");
}

proptest! {
    #[test]
    fn no_files_make_it_panic(
        lines in proptest::collection::vec((0usize..4, "(services|include|extends|file|service|a|b|image|env_file|path)", "(a|b|compose.yml|other.yml|\\[a, other.yml\\]|\\$A|)"), 0..14)
    ) {
        let text: String = lines.iter().map(|(depth, key, value)| format!("{}{key}: {value}\n", "  ".repeat(*depth))).collect();
        let _ = among(&[(".env", &text), ("other.yml", &text), ("compose.yml", &text)]);
    }
}

#[test]
fn what_is_included_is_seen_from_its_project_directory() {
    let shop = "services:\n  web: {build: ./web, env_file: web.env, deploy: {replicas: '${N}'}}\n";
    let files = |include: &'static str, path: &'static str| {
        among(&[
            (".env", "ROOT=1\n"),
            ("web.env", "A=root\n"),
            ("deploy/web.env", "A=deploy\n"),
            ("deploy/.env", "N=2\n"),
            ("app/.env", "N=4\n"),
            ("app/prod.env", "N=5\nROOT=2\n"),
            ("compose.yml", include),
            (path, shop),
        ])
    };
    let told = |include: &'static str| {
        let found = files(include, "deploy/shop.yml");
        let [web] = found.services.as_slice() else { panic!("{:?}", found.services) };
        let variables: Vec<_> = web.environment.iter().map(|it| format!("{:?}", it.value)).collect();
        let count =
            web.instances.first().map(|count| format!("{} {}", count.value, count.location)).unwrap_or_default();
        (web.build.as_ref().map(ToString::to_string).unwrap_or_default(), variables.join(" "), count)
    };
    let expected = |build: &str, variables: &str, count: &str| {
        let variables = if variables.is_empty() { String::new() } else { format!("Text({variables:?})") };
        (build.to_string(), variables, count.to_string())
    };
    let own = expected("./web", "deploy", "2 deploy/.env:1");
    assert_eq!(told("include: [deploy/shop.yml]\n"), own);
    assert_eq!(told("services: {}\n"), own);
    assert_eq!(told("include: [{path: deploy/shop.yml, project_directory: .}]\n"), expected("../web", "root", ""));
    assert_eq!(
        told("include: [{path: [x.yml, ./deploy/shop.yml], project_directory: app}]\n"),
        expected("../app/web", "", "4 app/.env:1")
    );
    assert_eq!(
        told(
            "include:\n  - path: deploy/shop.yml\n    project_directory: app\n    env_file: [app/.env, app/prod.env]\n"
        ),
        expected("../app/web", "", "5 app/prod.env:1")
    );
}

#[test]
fn what_never_was_a_version_is_told() {
    let told = |version: &str| problems(&format!("version: {version}\nservices: {{web: {{build: .}}}}\n"));
    for version in ["'2'", "\"3\"", "3.8", "'2.4'", "'3.x'", "'3.13'", "${V}", "1"] {
        assert_eq!(told(version), [""; 0], "{version}");
    }
    for version in ["\"9\"", "latest", "'4.0'", "v3"] {
        let [message] = <[String; 1]>::try_from(told(version)).unwrap();
        let name = version.trim_matches(['"', '\'']);
        assert!(message.ends_with(&format!("there is no version `{name}` of Compose files")), "{message}");
    }
}
