//! From a step to a request that can be sent.

use super::filter::percent_encode;
use super::template::{Template, Variables};
use super::{Body, MultipartValue, Step};

/// A request without an address: who sends it knows the balancer.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestParts {
    pub method: String,
    /// Path and query, from `/`.
    pub target: String,
    /// As the file has them, `Cookie` for the section [Cookies] left out.
    pub headers: Vec<(String, String)>,
    /// Cookies for this request only.
    pub cookies: Vec<(String, String)>,
    pub body: BodyParts,
}

#[derive(Clone, Debug, PartialEq)]
pub enum BodyParts {
    Empty,
    /// The content type is a default: a header of the request goes before it.
    Text {
        content_type: Option<&'static str>,
        text: String,
    },
    /// The bytes of a file beside the scenario.
    File {
        path: String,
    },
    Multipart(Vec<(String, PartContent)>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum PartContent {
    Text(String),
    File { path: String, content_type: String },
}

/// Why a step cannot be sent: an undefined variable, a host that is not ours.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct RenderError(pub String);

/// Fills in a step's request. Variables of its options are set first and stay set, as Hurl does it.
///
/// # Errors
/// A variable is not defined, or the URL leads to a host that is not the balancer.
pub fn render(step: &Step, variables: &mut Variables) -> Result<RequestParts, RenderError> {
    parts(step, variables).map_err(RenderError)
}

fn parts(step: &Step, variables: &mut Variables) -> Result<RequestParts, String> {
    for (name, value) in &step.options.variables {
        let value = value.evaluate(variables)?;
        variables.set(name.clone(), value);
    }
    if let Some(write) = &step.write {
        write.token.render(variables)?;
    }
    let base = variables.get("base").and_then(|base| base.as_str()).map(str::to_string);
    let mut target = target_of(&step.url.render(variables)?, base.as_deref())?;
    let query = encoded(&step.query, variables)?;
    if !query.is_empty() {
        target.push(if target.contains('?') { '&' } else { '?' });
        target.push_str(&query);
    }
    let mut headers = pairs(&step.headers, variables)?;
    if let Some((user, password)) = &step.basic_auth {
        let credentials = format!("{}:{}", user.render(variables)?, password.render(variables)?);
        headers.push(("Authorization".to_string(), format!("Basic {}", base64(credentials.as_bytes()))));
    }
    let cookies = pairs(&step.cookies, variables)?;
    Ok(RequestParts { method: step.method.to_string(), target, headers, cookies, body: body(step, variables)? })
}

fn pairs(templates: &[(Template, Template)], variables: &mut Variables) -> Result<Vec<(String, String)>, String> {
    templates.iter().map(|(key, value)| Ok((key.render(variables)?, value.render(variables)?))).collect()
}

/// `application/x-www-form-urlencoded`, with `%20` for a blank as Hurl sends it.
fn encoded(templates: &[(Template, Template)], variables: &mut Variables) -> Result<String, String> {
    let pairs = pairs(templates, variables)?;
    let encode = |text: &str| percent_encode(text, b"-._~");
    Ok(pairs.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect::<Vec<_>>().join("&"))
}

fn body(step: &Step, variables: &mut Variables) -> Result<BodyParts, String> {
    if let Some(form) = &step.form {
        let text = encoded(form, variables)?;
        return Ok(BodyParts::Text { content_type: Some("application/x-www-form-urlencoded"), text });
    }
    if let Some(parts) = &step.multipart {
        let part = |(name, value): &(Template, MultipartValue)| Ok((name.render(variables)?, part(value, variables)?));
        return Ok(BodyParts::Multipart(parts.iter().map(part).collect::<Result<_, String>>()?));
    }
    Ok(match &step.body {
        None => BodyParts::Empty,
        Some(Body::Json(json)) => {
            BodyParts::Text { content_type: Some("application/json"), text: json.render(variables)? }
        }
        Some(Body::Text(text)) => BodyParts::Text { content_type: None, text: text.render(variables)? },
        Some(Body::File(path)) => BodyParts::File { path: inside(path.render(variables)?)? },
    })
}

fn part(value: &MultipartValue, variables: &mut Variables) -> Result<PartContent, String> {
    match value {
        MultipartValue::Text(text) => Ok(PartContent::Text(text.render(variables)?)),
        MultipartValue::File { path, content_type } => {
            let path = inside(path.render(variables)?)?;
            let content_type = content_type.clone().unwrap_or_else(|| content_type_of(&path).to_string());
            Ok(PartContent::File { path, content_type })
        }
    }
}

fn inside(path: String) -> Result<String, String> {
    let outside = path.starts_with('/') || path.split(['/', '\\']).any(|part| part == "..");
    if outside { Err(format!("the file `{path}` does not lie beside the scenario")) } else { Ok(path) }
}

/// Hurl's table. <https://hurl.dev/docs/request.html#multipart-form-data>
fn content_type_of(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "gif" => "image/gif",
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain",
        "htm" | "html" => "text/html",
        "pdf" => "application/pdf",
        "xml" => "application/xml",
        _ => "application/octet-stream",
    }
}

/// Path and query of a URL: `base` or a host of this machine is taken off, another host is an error.
pub(super) fn target_of(url: &str, base: Option<&str>) -> Result<String, String> {
    let rest = base.and_then(|base| url.strip_prefix(base.trim_end_matches('/')));
    let path = match rest {
        Some(rest) => rest,
        None if url.starts_with('/') => url,
        None => {
            let scheme = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
            let Some(rest) = scheme else { return Err(format!("`{url}` is no URL")) };
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            if !is_local(&rest[..end]) {
                return Err(format!("the URL leads to `{}`, which is not the app under test", &rest[..end]));
            }
            &rest[end..]
        }
    };
    Ok(if path.starts_with('/') { path.to_string() } else { format!("/{path}") })
}

/// True for `localhost`, loopback addresses and `0.0.0.0`, with or without a port.
pub(super) fn is_local(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified())
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let number = chunk.iter().fold(0u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let sextet = (number >> (18 - 6 * index)) & 0x3f;
            text.push(if index <= chunk.len() { ALPHABET[sextet as usize] as char } else { '=' });
        }
    }
    text
}
