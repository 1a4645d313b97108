//! The command line of `bench`: ab's flags with ab's meanings, and what ab does not have.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::address::Resolution;
use super::request::{header_line, is_token};
use crate::cli::output::Reports;
use crate::cli::project::assignment;
use crate::config::parse_duration;
use crate::load::bench::IdentityFrom;

#[derive(clap::Args)]
// Of a flag that is given twice the last counts, as with ab.
#[command(disable_version_flag = true, args_override_self = true)]
pub struct Args {
    /// What to ask for, as `[http[s]://]host[:port][/path]`; several are mixed by `--weight`
    #[arg(value_name = "URL", required_unless_present_any = ["compare", "show_version"])]
    pub urls: Vec<String>,
    #[command(flatten)]
    pub load: LoadArgs,
    #[command(flatten)]
    pub request: RequestArgs,
    #[command(flatten)]
    pub connection: ConnectionArgs,
    #[command(flatten)]
    pub tls: TlsArgs,
    #[command(flatten)]
    pub report: ReportArgs,
}

/// What a story says by itself, and what its users cannot do.
const NOT_WITH_A_STORY: [&str; 15] = [
    "weights",
    "method",
    "head",
    "post",
    "put",
    "headers",
    "cookies",
    "credentials",
    "http10",
    "http2",
    "requests_per_connection",
    "window",
    "proxy",
    "proxy_credentials",
    "ab_compat",
];

#[derive(clap::Args)]
#[command(next_help_heading = "How much")]
pub struct LoadArgs {
    /// How many requests [default: 1; no limit with --duration]
    #[arg(short = 'n', long, value_name = "N", value_parser = whole(1, u64::MAX), allow_negative_numbers = true)]
    pub requests: Option<u64>,
    /// How many at once
    #[arg(short = 'c', long, value_name = "N", default_value_t = 1, value_parser = whole(1, 100_000u32), allow_negative_numbers = true)]
    pub concurrency: u32,
    /// Requests at once on each of the -c connections of --http2
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000), requires = "http2", allow_negative_numbers = true)]
    pub streams: u32,
    /// Seconds at most; without -n, no more than 50000 requests, as with ab
    #[arg(short = 't', long, value_name = "SECONDS", value_parser = whole(1, u64::MAX), conflicts_with = "duration", allow_negative_numbers = true)]
    pub timelimit: Option<u64>,
    /// How long, as `10s` or `2m`
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub duration: Option<Duration>,
    /// Requests per second, whether or not the ones before are answered (open loop)
    #[arg(long, value_name = "NUMBER", value_parser = decimal("requests per second", 1e7), allow_negative_numbers = true)]
    pub rate: Option<f64>,
    /// Let requests of --rate arrive at random, as those of many independent users do
    #[arg(long, requires = "rate")]
    pub poisson: bool,
    /// Send requests that do not count for so long first
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub warmup: Option<Duration>,
    /// Threads of the generator [default: half of the processors]
    #[arg(long, value_name = "N", value_parser = whole(1, 256u32), allow_negative_numbers = true)]
    pub threads: Option<u32>,
    /// How often each URL is asked in relation to the others, in their order; may be repeated. Of different servers, connections are shared
    /// out like this, and a faster one answers more
    #[arg(long = "weight", value_name = "N", value_parser = whole(1, 1000u32), allow_negative_numbers = true)]
    pub weights: Vec<u32>,
    /// A story of several requests in Hurl's syntax, travelled by -c users; the URL is its {{base}}, -n and --rate count journeys
    #[arg(long, value_name = "FILE", conflicts_with_all = NOT_WITH_A_STORY)]
    pub scenario: Option<PathBuf>,
    /// A value for a variable of the story; may be repeated
    #[arg(long = "variable", value_name = "NAME=VALUE", value_parser = assignment, requires = "scenario")]
    pub variables: Vec<(String, String)>,
    /// The same seed makes the same arrivals
    #[arg(long, value_name = "NUMBER", default_value_t = 42, value_parser = whole(0, u64::MAX), allow_negative_numbers = true)]
    pub seed: u64,
    /// First measure what this generator reaches here against a server that does nothing
    #[arg(long)]
    pub calibrate: bool,
}

#[derive(clap::Args)]
#[command(next_help_heading = "What is sent")]
pub struct RequestArgs {
    /// The method
    #[arg(short = 'm', long, value_name = "METHOD", value_parser = method)]
    pub method: Option<String>,
    /// HEAD instead of GET
    #[arg(short = 'i', long, conflicts_with_all = ["method", "post", "put"])]
    pub head: bool,
    /// A file whose content is the body of a POST
    #[arg(short = 'p', long, value_name = "FILE", conflicts_with = "put")]
    pub post: Option<PathBuf>,
    /// A file whose content is the body of a PUT
    #[arg(short = 'u', long, value_name = "FILE")]
    pub put: Option<PathBuf>,
    /// The body's content type
    #[arg(short = 'T', long, value_name = "TYPE", default_value = "text/plain", value_parser = one_line)]
    pub content_type: String,
    /// A header, as `Name: value`; may be repeated
    #[arg(short = 'H', long = "header", value_name = "HEADER", value_parser = header_line)]
    pub headers: Vec<String>,
    /// A cookie, as `name=value`; may be repeated
    #[arg(short = 'C', long = "cookie", value_name = "COOKIE", value_parser = one_line)]
    pub cookies: Vec<String>,
    /// Who asks, as `user:password`
    #[arg(short = 'A', long = "auth", value_name = "USER:PASSWORD", value_parser = one_line)]
    pub credentials: Option<String>,
    /// Speak HTTP/1.0, as ab does
    #[arg(long = "http1.0", conflicts_with = "http2")]
    pub http10: bool,
    /// Speak HTTP/2: over TLS by agreement, else because you know
    #[arg(long)]
    pub http2: bool,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Connections")]
pub struct ConnectionArgs {
    /// Keep connections open for further requests
    #[arg(short = 'k', long = "keepalive")]
    pub keep_alive: bool,
    /// Open a new connection after so many requests; means -k
    #[arg(long, value_name = "N", value_parser = whole(1, u32::MAX), allow_negative_numbers = true)]
    pub requests_per_connection: Option<u32>,
    /// Seconds at most for a connection, and for an answer
    #[arg(short = 's', long, value_name = "SECONDS", default_value_t = 30.0, value_parser = decimal("seconds", 86_400.0), allow_negative_numbers = true)]
    pub timeout: f64,
    /// The local address of connections; several, or a range as 127.0.1-24.1, are used in turn
    #[arg(short = 'B', long = "source", value_name = "ADDRESS", value_parser = sources)]
    pub sources: Vec<Vec<IpAddr>>,
    /// Bytes of the sockets' buffers
    #[arg(short = 'b', long = "windowsize", value_name = "BYTES", value_parser = whole(1, 1u64 << 30), allow_negative_numbers = true)]
    pub window: Option<u64>,
    /// Ask through this proxy
    #[arg(short = 'X', long, value_name = "HOST:PORT", conflicts_with = "unix_socket")]
    pub proxy: Option<String>,
    /// Who asks the proxy, as `user:password`
    #[arg(short = 'P', long = "proxy-auth", value_name = "USER:PASSWORD", value_parser = one_line)]
    pub proxy_credentials: Option<String>,
    /// Connect to this Unix socket instead of the URL's host
    #[arg(long, value_name = "FILE")]
    pub unix_socket: Option<PathBuf>,
    /// Use this address for a host, as `HOST:PORT:ADDRESS`; may be repeated
    #[arg(long = "resolve", value_name = "HOST:PORT:ADDRESS")]
    pub resolutions: Vec<Resolution>,
    /// Send load to a host that is neither on loopback nor in a private network
    #[arg(long)]
    pub yes_i_own_this_host: bool,
    /// Go on when a connection breaks; only ab's behaviour (--ab-compat) is to stop
    #[arg(short = 'r', long = "no-stop-on-receive-error")]
    pub keep_going: bool,
}

#[derive(clap::Args)]
#[command(next_help_heading = "TLS")]
pub struct TlsArgs {
    /// Believe those who sign with these certificates, in PEM, instead of the system's
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub cacert: Option<PathBuf>,
    /// Believe every server
    #[arg(long)]
    pub insecure: bool,
    /// A client certificate with its key, in PEM
    #[arg(short = 'E', long = "client-certificate", value_name = "FILE")]
    pub client_certificate: Option<PathBuf>,
    /// ALL, TLS1.2 or TLS1.3
    #[arg(short = 'f', long = "tls-protocol", value_name = "PROTOCOL")]
    pub protocol: Option<String>,
    /// Cipher suites, with colons between
    #[arg(short = 'Z', long = "ciphers", value_name = "SUITES")]
    pub ciphers: Option<String>,
    /// Do not name the host in the handshake
    #[arg(short = 'I', long)]
    pub no_sni: bool,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Reports")]
pub struct ReportArgs {
    #[command(flatten)]
    pub reports: Reports<BenchFormat>,
    /// Who answered: `header:NAME`, `cookie:NAME`, `json:/POINTER`, `body:REGEX` or `none` [default: the usual headers, then `hostname` in JSON]
    #[arg(long, value_name = "WHERE", value_parser = identity)]
    pub instance_from: Option<IdentityFrom>,
    /// Fail when this does not hold, as `p99<200ms`, `error-rate<0.1%`, `rps>=500`; may be repeated
    #[arg(long, value_name = "CONDITION")]
    pub fail_on: Vec<String>,
    /// Compare two runs that were written with --format json
    #[arg(long, num_args = 2, value_names = ["A.json", "B.json"], conflicts_with_all = ["urls", "scenario"])]
    pub compare: Option<Vec<PathBuf>>,
    /// Report, exit codes and the length check to the letter of ab
    #[arg(long)]
    pub ab_compat: bool,
    /// Do not mind answers of different length (without --ab-compat, nobody does)
    #[arg(short = 'l', long = "accept-variable-length")]
    pub any_length: bool,
    /// No progress on stderr
    #[arg(short = 'q', long)]
    pub quiet: bool,
    /// No table of percentiles
    #[arg(short = 'd', long = "no-percentiles")]
    pub no_percentiles: bool,
    /// No median and no deviation in the table of times
    #[arg(short = 'S', long = "no-median")]
    pub no_median: bool,
    /// Write percentiles to this file, as CSV
    #[arg(short = 'e', long = "csv-percentiles", value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Write every request to this file, for gnuplot
    #[arg(short = 'g', long = "gnuplot", value_name = "FILE")]
    pub gnuplot: Option<PathBuf>,
    /// Print an HTML table
    #[arg(short = 'w', long = "html")]
    pub html: bool,
    /// Attributes of the HTML table
    #[arg(
        short = 'x',
        long = "table-attributes",
        value_name = "ATTRIBUTES",
        default_value = "",
        hide_default_value = true
    )]
    pub table: String,
    /// Attributes of its rows
    #[arg(
        short = 'y',
        long = "row-attributes",
        value_name = "ATTRIBUTES",
        default_value = "",
        hide_default_value = true
    )]
    pub row: String,
    /// Attributes of its cells
    #[arg(
        short = 'z',
        long = "cell-attributes",
        value_name = "ATTRIBUTES",
        default_value = "",
        hide_default_value = true
    )]
    pub cell: String,
    /// 2 prints answers that are not 2xx, 3 all statuses, 4 heads and bodies
    #[arg(short = 'v', long, value_name = "LEVEL", default_value_t = 1, hide_default_value = true, value_parser = whole(0, 9u8), allow_negative_numbers = true)]
    pub verbosity: u8,
    /// Print the version
    #[arg(short = 'V', long = "version")]
    pub show_version: bool,
}

/// How to report what `bench` measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum BenchFormat {
    /// For people: ab's report, then the spread over instances, honest percentiles, warnings
    Terminal,
    /// For programs, and for --compare; `scaleproof schema bench` prints what it holds
    Json,
    /// One figure in each line
    Csv,
    /// A comment on a pull request
    Markdown,
    /// An interval log of HdrHistogram, one line for each second
    Hlog,
}

/// A whole number in a range; `most` of the whole type is not worth telling.
fn whole<T>(least: u8, most: T) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: TryFrom<u64> + Into<u64> + Copy + Send + Sync + 'static,
{
    move |text| {
        let (least, top): (u64, u64) = (least.into(), most.into());
        let end = if top < u64::from(u32::MAX) { format!(" to {top}") } else { " up".into() };
        let number = text.parse().ok().filter(|number| (least..=top).contains(number));
        number
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| format!("expected a whole number from {least}{end}"))
    }
}

/// A number in a range, with a fraction or not, of what `unit` says.
fn decimal(unit: &'static str, most: f64) -> impl Fn(&str) -> Result<f64, String> + Clone + Send + Sync + 'static {
    const LEAST: f64 = 0.001;
    move |text| {
        let number = text.parse().ok().filter(|number| (LEAST..=most).contains(number));
        number.ok_or_else(|| format!("expected {unit}, from {LEAST} to {most}"))
    }
}

fn method(text: &str) -> Result<String, String> {
    if is_token(text) { Ok(text.to_owned()) } else { Err("expected a method, as PATCH".into()) }
}

fn one_line(text: &str) -> Result<String, String> {
    if text.contains(['\r', '\n', '\0']) { Err("expected one line".into()) } else { Ok(text.to_owned()) }
}

/// `127.0.0.2`, or a range in one place or several: `127.0.1-24.1`.
fn sources(text: &str) -> Result<Vec<IpAddr>, String> {
    if let Ok(address) = text.parse() {
        return Ok(vec![address]);
    }
    let expected = || "expected an address, or a range as 127.0.1-24.1".to_owned();
    let mut addresses: Vec<Vec<u8>> = vec![Vec::new()];
    let parts: Vec<&str> = text.split('.').collect();
    if parts.len() != 4 {
        return Err(expected());
    }
    for part in parts {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u8, u8) = (first.parse().map_err(|_| expected())?, last.parse().map_err(|_| expected())?);
        if first > last || addresses.len() * (usize::from(last - first) + 1) > 4096 {
            return Err("expected a range that goes up and has 4096 addresses at most".into());
        }
        addresses = addresses
            .iter()
            .flat_map(|known| (first..=last).map(move |next| [known.as_slice(), &[next]].concat()))
            .collect();
    }
    Ok(addresses.into_iter().map(|octets| IpAddr::from([octets[0], octets[1], octets[2], octets[3]])).collect())
}

fn identity(text: &str) -> Result<IdentityFrom, String> {
    let expected = "expected header:NAME, cookie:NAME, json:/POINTER, body:REGEX or none";
    match text.split_once(':') {
        None if text == "none" => Ok(IdentityFrom::Nowhere),
        Some(("header", name)) if !name.is_empty() => Ok(IdentityFrom::Header(name.to_ascii_lowercase())),
        Some(("cookie", name)) if !name.is_empty() => Ok(IdentityFrom::Cookie(name.to_owned())),
        Some(("json", pointer)) if pointer.starts_with('/') => Ok(IdentityFrom::Json(pointer.to_owned())),
        Some(("json", _)) => Err("a JSON pointer begins with /, as json:/hostname".into()),
        Some(("body", pattern)) => {
            regex::bytes::Regex::new(pattern).map(IdentityFrom::Body).map_err(|error| error.to_string())
        }
        _ => Err(expected.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_sources_are_spelled_out() {
        assert_eq!(
            sources("127.0.1-3.1").unwrap(),
            ["127.0.1.1", "127.0.2.1", "127.0.3.1"].map(|it| it.parse::<IpAddr>().unwrap())
        );
        assert_eq!(sources("::1").unwrap().len(), 1);
        for wrong in ["127.0.9-1.1", "127.0.1", "127.0.x.1", "127.0-255.0-255.1"] {
            assert!(sources(wrong).unwrap_err().contains("expected"), "{wrong}");
        }
    }

    #[test]
    fn numbers_say_what_was_expected() {
        assert_eq!(whole(1, 256u32)("256"), Ok(256));
        for wrong in ["0", "257", "x", "", "1.5", "-1"] {
            assert_eq!(whole(1, 256u32)(wrong), Err("expected a whole number from 1 to 256".into()), "{wrong}");
        }
        assert_eq!(whole(1, u64::MAX)("x"), Err("expected a whole number from 1 up".into()));
    }

    #[test]
    fn places_of_instances_are_understood_or_refused() {
        assert!(matches!(identity("header:X-Pod"), Ok(IdentityFrom::Header(name)) if name == "x-pod"));
        assert!(matches!(identity("json:/a/b"), Ok(IdentityFrom::Json(_))));
        assert!(matches!(identity("body:([a-z]+)"), Ok(IdentityFrom::Body(_))));
        for wrong in ["x-pod", "header:", "json:a", "body:(", "jar:x"] {
            assert!(identity(wrong).is_err(), "{wrong}");
        }
    }
}
