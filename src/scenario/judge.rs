//! A response against what its step expects.

use serde_json::Value as Json;

use crate::model::event::Assertion;

use super::template::Variables;
use super::value::{Value, plain};
use super::{Body, Expected, ExpectedHeader, Step};

/// A response as the judge sees it.
#[derive(Clone, Debug, Default)]
pub struct ResponseParts {
    pub status: u16,
    /// In the order of the response; names as sent.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Of the last request, redirects followed.
    pub url: String,
}

impl ResponseParts {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let name = name.to_ascii_lowercase();
        self.headers.iter().filter(move |(key, _)| key.to_ascii_lowercase() == name).map(|(_, value)| value.as_str())
    }

    /// One value, or a list where the header is there more than once.
    pub(super) fn header_value(&self, name: &str) -> Option<Value> {
        let mut values: Vec<Json> = self.values(name).map(Json::from).collect();
        match values.len() {
            0 | 1 => values.pop().map(Value::Json),
            _ => Some(Value::Json(Json::Array(values))),
        }
    }

    /// An attribute of a cookie that this response sets; flags have an empty value.
    pub(super) fn cookie(&self, name: &str, attribute: &str) -> Option<String> {
        let found =
            self.values("set-cookie").filter(|line| line.split_once('=').is_some_and(|(key, _)| key.trim() == name));
        let line = found.last()?;
        let mut parts = line.split(';');
        let value = parts.next()?.split_once('=')?.1.trim();
        if attribute == "value" {
            return Some(value.to_string());
        }
        parts.find_map(|part| {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            key.trim().eq_ignore_ascii_case(attribute).then(|| value.trim().to_string())
        })
    }
}

/// Judges a response: the assertions of its step in the order of the file, the one on the status first. Captured values
/// go into `variables`; a capture that finds nothing is a failed assertion.
pub fn judge(step: &Step, response: &ResponseParts, variables: &mut Variables) -> Vec<Assertion> {
    let mut assertions = Vec::new();
    if let Some(expected) = &step.expected {
        assertions.extend(expected.judge_status(response));
        assertions.extend(expected.headers.iter().map(|header| header.judge(response, variables)));
        assertions.extend(expected.judge_body(response, variables));
        assertions.extend(expected.capture_all(response, variables));
        for assert in &expected.asserts {
            assertions.push(assertion(&assert.text, assert.line, assert.check(response, variables)));
        }
    }
    let passed = assertions.iter().all(|assertion| assertion.passed);
    if let Some(read) = &step.read {
        assertions.extend(read.judge(response, variables));
    }
    if let Some(write) = step.write.as_ref().filter(|_| passed) {
        // A token that does not render stopped the request before it was sent.
        let token = write.token.render(variables).unwrap_or_default();
        variables.written.push((write.key.clone(), token));
    }
    assertions
}

/// Takes a step that was left out for written, so that a later `@read` must list its token. A token that cannot be rendered
/// without an answer is stood for by a text that no list has.
pub fn take_for_written(step: &Step, variables: &mut Variables) {
    if let Some(write) = &step.write {
        let token = write.token.render(variables).unwrap_or_else(|_| format!("nothing was written for {}", write.key));
        variables.written.push((write.key.clone(), token));
    }
}

pub(super) fn assertion(text: &str, line: u32, result: Result<(), String>) -> Assertion {
    let (passed, actual) = match result {
        Ok(()) => (true, String::new()),
        Err(actual) => (false, actual),
    };
    Assertion { text: text.to_string(), line, passed, actual }
}

impl Expected {
    fn judge_status(&self, response: &ResponseParts) -> Option<Assertion> {
        let expected = self.status?;
        let result = if response.status == expected { Ok(()) } else { Err(response.status.to_string()) };
        Some(assertion(&self.text, self.line, result))
    }

    fn judge_body(&self, response: &ResponseParts, variables: &mut Variables) -> Option<Assertion> {
        let (body, line) = self.body.as_ref()?;
        let result = body.template().render(variables).and_then(|expected| match body {
            Body::Json(_) => {
                let expected: Json =
                    serde_json::from_str(&expected).map_err(|error| format!("the expected JSON: {error}"))?;
                let actual: Json =
                    serde_json::from_slice(&response.body).map_err(|_| "a body that is not JSON".to_string())?;
                if expected == actual { Ok(()) } else { Err(Value::Json(actual).show()) }
            }
            Body::Text(_) | Body::File(_) => {
                if response.text() == expected {
                    Ok(())
                } else {
                    Err(Value::text(response.text()).show())
                }
            }
        });
        Some(assertion("body == what the file says", *line, result))
    }

    fn capture_all(&self, response: &ResponseParts, variables: &mut Variables) -> Vec<Assertion> {
        let mut failed = Vec::new();
        for capture in &self.captures {
            let result = match capture.query.evaluate(response, variables) {
                Ok(Some(Value::Json(value))) => {
                    variables.set(capture.name.clone(), value);
                    Ok(())
                }
                Ok(Some(Value::Bytes(bytes))) => {
                    variables.set(capture.name.clone(), String::from_utf8_lossy(&bytes).into_owned());
                    Ok(())
                }
                Ok(None) => Err("nothing".to_string()),
                Err(reason) => Err(reason),
            };
            if result.is_err() {
                failed.push(assertion(&format!("capture {}", capture.text), capture.line, result));
            }
        }
        failed
    }
}

impl ExpectedHeader {
    fn judge(&self, response: &ResponseParts, variables: &mut Variables) -> Assertion {
        let result = self.compare(response, variables);
        assertion(&self.text, self.line, result)
    }

    /// Any of several headers of that name may fit.
    fn compare(&self, response: &ResponseParts, variables: &mut Variables) -> Result<(), String> {
        let (name, wanted) = (self.name.render(variables)?, self.value.render(variables)?);
        let found: Vec<&str> = response.values(&name).collect();
        match found.contains(&wanted.as_str()) {
            true => Ok(()),
            false if found.is_empty() => Err("no such header".to_string()),
            false => Err(found.join(" · ")),
        }
    }
}

impl super::hint::ReadHint {
    /// Everything that this user wrote under the key must be listed.
    fn judge(&self, response: &ResponseParts, variables: &mut Variables) -> Option<Assertion> {
        let wanted: Vec<String> =
            variables.written.iter().filter(|(key, _)| *key == self.key).map(|(_, token)| token.clone()).collect();
        if wanted.is_empty() {
            return None;
        }
        let result = self.tokens.evaluate(response, variables).and_then(|found| {
            let listed: Vec<String> = match &found {
                Some(Value::Json(Json::Array(items))) => items.iter().map(plain).collect(),
                Some(Value::Json(Json::String(text))) => {
                    // One text, such as a page: the token stands somewhere in it.
                    wanted.iter().filter(|token| text.contains(token.as_str())).cloned().collect()
                }
                Some(Value::Json(other)) => vec![plain(other)],
                Some(Value::Bytes(_)) | None => Vec::new(),
            };
            let missing = wanted.iter().filter(|token| !listed.contains(token)).count();
            match missing {
                0 => Ok(()),
                _ => Err(format!(
                    "{missing} of {} missing in {}",
                    wanted.len(),
                    found.map_or("nothing".into(), |v| v.show())
                )),
            }
        });
        Some(assertion(&format!("@read {} lists what was written", self.key), self.line, result))
    }
}
