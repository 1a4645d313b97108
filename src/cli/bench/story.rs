//! The story that `--scenario` names, and where it takes place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::address::Address;
use crate::cli::exit::Result;
use crate::cli::project;
use crate::load::bench::Story;
use crate::model::problem::Problem;

/// Reads and checks it. All its requests go to the one address.
pub fn story(path: &Path, variables: &[(String, String)], addresses: &[Address]) -> Result<Story> {
    let base = base(addresses)?;
    let variables: BTreeMap<String, String> = variables.iter().cloned().collect();
    let mut scenarios = project::scenarios(Path::new("."), &[path.to_owned()], &[], &variables)?;
    let Some(scenario) = scenarios.pop().filter(|scenario| !scenario.steps.is_empty()) else {
        return Err(Problem::new(format!("{}: no request is in this story", path.display())).into());
    };
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    Ok(Story { scenario, variables, folder, base })
}

fn base(addresses: &[Address]) -> std::result::Result<String, Problem> {
    let [address] = addresses else {
        return Err(Problem::new(format!("a story takes place at one URL, and there are {}", addresses.len())).help(
            "Give the address of the server, as in `scaleproof bench --scenario shop.hurl http://localhost:8080`.",
        ));
    };
    if address.path != "/" {
        return Err(Problem::new(format!("a story says its paths by itself, and the URL has one: `{}`", address.path))
            .help("Give scheme, host and port only: that is what `{{base}}` stands for."));
    }
    let scheme = if address.is_tls { "https" } else { "http" };
    Ok(format!("{scheme}://{}", address.host_header()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(urls: &[&str]) -> std::result::Result<String, Problem> {
        base(&urls.iter().map(|url| Address::parse(url).unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn a_story_takes_place_at_one_server() {
        assert_eq!(of(&["localhost:8080"]).unwrap(), "http://localhost:8080");
        assert!(of(&["http://a/", "http://b/"]).unwrap_err().help.contains("shop.hurl"));
        assert!(of(&["http://a/cart"]).unwrap_err().help.contains("{{base}}"));
        assert_eq!(of(&["https://a:8443/"]).unwrap(), "https://a:8443");
    }
}
