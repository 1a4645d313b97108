//! How many connections to a database a pool may open, as a clause tells it.

use serde::Deserialize;

use super::pattern::Patterns;
use crate::model::Name;
use crate::model::deployment::Database;

/// The subject makes a pool of connections, which all instances and processes together fill: they may be more than the database takes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionsPattern {
    /// Databases that it may connect to.
    pub to: Vec<Database>,
    /// What one process opens at most is the sum of these; empty where each request that it answers at a time has a connection.
    #[serde(default)]
    pub pool: Vec<Part>,
}

/// A number of connections, and where it is stated. What is stated first counts: an option, a setting, a parameter, the default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// What the library calls it.
    pub name: Name,
    /// An option of the call, as in [`super::clause::Conditions::with`].
    pub option: Option<Name>,
    /// A setting of the program by its key, or a variable of its environment that means the same.
    pub setting: Option<Patterns>,
    /// A parameter of the address of the database: `connection_limit`. The default only counts where the address is known.
    pub parameter: Option<Patterns>,
    /// What it is where nothing states it; without one it is unknown then.
    pub default: Option<u32>,
}

impl ConnectionsPattern {
    pub(super) fn check(&self) -> Result<(), &'static str> {
        match self.to.is_empty() {
            true => Err("`to` is empty: a pool connects to some database"),
            false => Ok(()),
        }
    }
}
