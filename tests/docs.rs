//! What the guides in docs/ show is what the tool takes.

mod tool;

use scaleproof::config;
use tool::{have, project, root, run};

fn blocks<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    let fence = format!("\n```{language}\n");
    text.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn every_example_of_living_with_findings_works() {
    let text = std::fs::read_to_string(root().join("docs/living-with-findings.md")).expect("the guide");
    let yaml = blocks(&text, "yaml")[0];
    config::parse(yaml, "scaleproof.yaml").unwrap_or_else(|problem| panic!("{problem}"));
    let code = format!(
        "from flask import Flask\napp = Flask(__name__)\n{}\n@app.route(\"/add\")\ndef add():\n    carts[\"x\"] = carts.get(\"x\", 0) + 1\n",
        blocks(&text, "python")[0]
    );
    let folder = project(&[("app.py", &code)]);
    let report = run(&folder, &["lint", "--format", "json"]).expect_code(0).json();
    assert_eq!(report["suppressed"], 1, "{report:#}");
    if have("git") {
        for arguments in [
            &["init", "-q"][..],
            &["add", "-A"],
            &["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "first"],
            &["update-ref", "refs/remotes/origin/main", "HEAD"],
        ] {
            let git = std::process::Command::new("git").current_dir(folder.path()).args(arguments).status();
            assert!(git.expect("git starts").success(), "{arguments:?}");
        }
    }
    let commands = blocks(&text, "sh").into_iter().flat_map(str::lines);
    let commands: Vec<&str> = commands.filter(|command| have("git") || !command.contains("--since")).collect();
    assert!(commands.len() > 5);
    for command in commands {
        let arguments: Vec<&str> = command.split_whitespace().skip(1).collect();
        run(&folder, &arguments).expect_code(0);
    }
    // The yaml names rules that there are.
    std::fs::write(folder.path().join("scaleproof.yaml"), yaml).expect("a file");
    run(&folder, &["lint"]).expect_code(0);
}
