//! What a process is told about itself: placeholders in its command, variables in its environment. Pure.

use std::path::PathBuf;

use crate::model::fleet::Address;

/// Who a process is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub name: String,
    /// Counts from 1, as in the name.
    pub index: u32,
    pub listen: Listen,
}

/// Where it is told to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    Port(u16),
    Socket(PathBuf),
}

impl Identity {
    /// Replaces `{port} {socket} {name} {index}`. A placeholder that has no value here, and any other brace, stays as it is.
    pub fn fill(&self, text: &str) -> String {
        let text = text.replace("{name}", &self.name).replace("{index}", &self.index.to_string());
        match &self.listen {
            Listen::Port(port) => text.replace("{port}", &port.to_string()),
            Listen::Socket(path) => text.replace("{socket}", &path.to_string_lossy()),
        }
    }

    /// The variables that platforms set, which apps therefore read. `PORT` is absent for a socket.
    pub fn variables(&self) -> Vec<(String, String)> {
        let mut variables = vec![
            ("HOST".to_owned(), "127.0.0.1".to_owned()),
            ("HOSTNAME".to_owned(), self.name.clone()),
            ("INSTANCE_ID".to_owned(), self.name.clone()),
        ];
        if let Listen::Port(port) = self.listen {
            variables.push(("PORT".to_owned(), port.to_string()));
        }
        variables
    }
}

/// True when any of the words asks for a Unix socket.
pub fn wants_socket<'a>(mut words: impl Iterator<Item = &'a str>) -> bool {
    words.any(|word| word.contains("{socket}"))
}

/// What container linking tells about predecessor `index` of the app `app`: `APP_1_PORT=tcp://127.0.0.1:4000`,
/// `APP_1_PORT_4000_TCP`, `…_ADDR`, `…_PORT` and `…_PROTO`. Empty for a Unix socket, which links cannot express.
pub fn link_variables(app: &str, index: u32, address: &Address) -> Vec<(String, String)> {
    let Address::Tcp(socket) = address else { return Vec::new() };
    let prefix = format!("{}_{index}_PORT", variable_name(app));
    let (host, port) = (socket.ip().to_string(), socket.port());
    let url = format!("tcp://{socket}");
    vec![
        (prefix.clone(), url.clone()),
        (format!("{prefix}_{port}_TCP"), url),
        (format!("{prefix}_{port}_TCP_ADDR"), host),
        (format!("{prefix}_{port}_TCP_PORT"), port.to_string()),
        (format!("{prefix}_{port}_TCP_PROTO"), "tcp".to_owned()),
    ]
}

fn variable_name(app: &str) -> String {
    app.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_and_other_braces_stay() {
        let replica = Identity { name: "r2".into(), index: 2, listen: Listen::Port(4000) };
        assert_eq!(
            replica.fill("--bind=:{port} --id {name}-{index} {socket} {x}"),
            "--bind=:4000 --id r2-2 {socket} {x}"
        );
        let replica = Identity { listen: Listen::Socket("/run/r2.sock".into()), ..replica };
        assert_eq!(replica.fill("unix:{socket}"), "unix:/run/r2.sock");
        assert!(replica.variables().iter().all(|(name, _)| name != "PORT"));
    }

    #[test]
    fn links_look_as_container_linking_writes_them() {
        let address = Address::Tcp("127.0.0.1:4000".parse().unwrap());
        assert_eq!(
            link_variables("my-app", 1, &address),
            [
                ("MY_APP_1_PORT", "tcp://127.0.0.1:4000"),
                ("MY_APP_1_PORT_4000_TCP", "tcp://127.0.0.1:4000"),
                ("MY_APP_1_PORT_4000_TCP_ADDR", "127.0.0.1"),
                ("MY_APP_1_PORT_4000_TCP_PORT", "4000"),
                ("MY_APP_1_PORT_4000_TCP_PROTO", "tcp"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }
}
