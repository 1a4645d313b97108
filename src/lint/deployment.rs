//! What deployment files say: which services there are once all documents are put together ([`fleet`]), where a pattern finds what
//! it looks for ([`places`]), which services the servers of a balancer are ([`servers`]), which code a service runs ([`code`]), which connections it opens ([`connections`]), what
//! that makes of a finding ([`crosscheck`]), and rows for the report ([`table`]).

mod code;
mod connections;
mod crosscheck;
mod fleet;
mod grace;
mod image;
mod places;
mod script;
mod servers;
mod table;

pub use code::{Audience, Context, context, starts};
pub use connections::{Certainty, DatabaseServer, Excess, Pool, databases, excess, is_named};
pub use crosscheck::{Unweighed, Weighed, weigh};
pub use fleet::{Deployed, Fleet};
pub use places::{Place, is_run_by, of_balancer, of_service, runs_code};
pub use table::{how_many, rows};
