//! L5, the demo shop: one small web app in two variants that differ only in where the cart lives.
//!
//! The binary itself is what runs; the very files that are compiled here are what `lint` reads ([`Variant::project`]).

mod http;
mod shop_in_memory;
mod shop_with_store;
mod store;

use std::io;

/// Which shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Variant {
    /// The cart lives in the memory of each process.
    InMemory,
    /// The cart lives in a store that all replicas share.
    WithStore,
}

/// A file of the demo project: its path and its text.
pub type ProjectFile = (&'static str, String);

impl Variant {
    pub const fn name(self) -> &'static str {
        match self {
            Variant::InMemory => "shop-in-memory",
            Variant::WithStore => "shop-with-store",
        }
    }

    /// The project as a user would have it on disk: source, story and scaleproof.yaml. `executable` is this binary.
    pub fn project(self, executable: &str) -> Vec<ProjectFile> {
        let source = match self {
            Variant::InMemory => include_str!("demo/shop_in_memory.rs"),
            Variant::WithStore => include_str!("demo/shop_with_store.rs"),
        };
        vec![
            ("src/shop.rs", source.into()),
            ("src/http.rs", include_str!("demo/http.rs").into()),
            ("stories/cart.hurl", include_str!("demo/cart.hurl").into()),
            ("scaleproof.yaml", self.config(executable)),
        ]
    }

    fn config(self, executable: &str) -> String {
        let executable = serde_json::Value::from(executable);
        let name = self.name();
        let shop = match self {
            Variant::InMemory => "in-memory",
            Variant::WithStore => "with-store",
        };
        let services = match self {
            Variant::InMemory => String::new(),
            Variant::WithStore => format!(
                "services:\n  store:\n    command: [{executable}, internal-store, \"{{port}}\"]\n    env: {{ STORE_URL: \"http://127.0.0.1:{{port}}\" }}\n"
            ),
        };
        format!(
            "name: {name}\ncommand: [{executable}, internal-shop, {shop}]\nready: /\n{services}scenarios: [stories/*.hurl]\n"
        )
    }
}

/// Serves a shop on `PORT` until it is ended.
pub async fn serve_shop(variant: Variant) -> io::Result<()> {
    match variant {
        Variant::InMemory => shop_in_memory::serve().await,
        Variant::WithStore => shop_with_store::serve().await,
    }
}

/// Serves the store that the replicas of [`Variant::WithStore`] share, on `port` of loopback, until it is ended.
pub async fn serve_store(port: u16) -> io::Result<()> {
    store::serve(port).await
}
