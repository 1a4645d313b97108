//! A small web app that does what the path says. It lives in the test's own executable, so that no language has to be
//! installed: a test file that uses it has an ignored test named `app` that calls [`serve`].

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;

use scaleproof::model::fleet::Address;

/// The command that runs the test named `app` of this executable.
pub fn command() -> Vec<String> {
    let executable = super::this_executable().to_string_lossy().into_owned();
    [&executable, "--exact", "app", "--ignored", "--nocapture"].map(str::to_owned).into()
}

/// Listens on `SOCKET`, else `FIXED_PORT`, else `PORT`, and answers for ever.
pub fn serve() {
    let variable = |name: &str| std::env::var(name).ok();
    if let Some(socket) = variable("SOCKET") {
        for stream in UnixListener::bind(socket).unwrap().incoming() {
            answer(stream.unwrap());
        }
    }
    let Some(port) = variable("FIXED_PORT").or_else(|| variable("PORT")) else { return };
    let host = variable("BIND").unwrap_or_else(|| "127.0.0.1".to_owned());
    let listener =
        TcpListener::bind((host, port.parse::<u16>().unwrap())).unwrap_or_else(|error| panic!("bind {port}: {error}"));
    for stream in listener.incoming() {
        answer(stream.unwrap());
    }
}

fn answer(mut stream: impl Read + Write) {
    let mut line = String::new();
    let mut reader = BufReader::new(&mut stream);
    let _ = reader.read_line(&mut line);
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header).unwrap_or(0) <= 2 {
            break;
        }
    }
    let path = line.split(' ').nth(1).unwrap_or("/").to_owned();
    let (status, body) = act(&path);
    let length = body.len();
    let _ = write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
}

fn act(path: &str) -> (u16, String) {
    let (action, argument) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
    match action {
        "write" => {
            let path = expand(argument);
            let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
            match made.and_then(|()| std::fs::write(path, "written")) {
                Ok(()) => (200, String::new()),
                Err(error) => (500, error.to_string()),
            }
        }
        "read" => match std::fs::read_to_string(expand(argument)) {
            Ok(text) => (200, text),
            Err(error) => (404, error.to_string()),
        },
        "remove" => match std::fs::remove_file(expand(argument)) {
            Ok(()) => (200, String::new()),
            Err(error) => (404, error.to_string()),
        },
        "connect" => match std::os::unix::net::UnixStream::connect(Path::new("/").join(argument)) {
            Ok(_) => (200, String::new()),
            Err(error) => (500, error.to_string()),
        },
        "env" => match std::env::var(argument) {
            Ok(value) => (200, value),
            Err(_) => (404, String::new()),
        },
        "cwd" => (200, std::env::current_dir().unwrap().display().to_string()),
        "exit" => {
            eprintln!("the app was asked to exit");
            std::process::exit(argument.parse().unwrap())
        }
        // Until it is ended.
        "hang" => loop {
            std::thread::park();
        },
        // Well from the second question on.
        "health" if Path::new("asked").exists() => (204, String::new()),
        "health" => {
            std::fs::write("asked", "").unwrap();
            (503, "not yet".to_owned())
        }
        _ => (200, "hello".to_owned()),
    }
}

/// `HOME/x` and `TMPDIR/x` by their variables, `ROOT/x` as an absolute path.
fn expand(path: &str) -> std::path::PathBuf {
    match path.split_once('/') {
        Some((name @ ("HOME" | "TMPDIR"), rest)) => Path::new(&std::env::var(name).unwrap()).join(rest),
        Some(("ROOT", rest)) => Path::new("/").join(rest),
        _ => path.into(),
    }
}

/// Asks a replica; status and body.
pub fn get(address: &Address, path: &str) -> (u16, String) {
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
    let mut text = String::new();
    match address {
        Address::Tcp(address) => exchange(std::net::TcpStream::connect(address).unwrap(), &request, &mut text),
        Address::Unix(path) => exchange(std::os::unix::net::UnixStream::connect(path).unwrap(), &request, &mut text),
    }
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

fn exchange(mut stream: impl Read + Write, request: &str, answer: &mut String) {
    let _ = stream.write_all(request.as_bytes());
    let _ = stream.read_to_string(answer);
}
