//! Functions of templates: Go's own, those of Sprig, and Helm's.
//!
//! References: <https://helm.sh/docs/chart_template_guide/function_list/>, <https://masterminds.github.io/sprig/>.

use std::cmp::Ordering;
use std::rc::Rc;

use super::value::{Data, Value};
use crate::source::yaml;

/// Texts are repeated no more often, and lists counted no further.
const MOST: usize = 1_000;

/// The result of a function, `None` where there is no such function here.
pub(super) fn call(name: &str, arguments: &[Value]) -> Option<Result<Value, String>> {
    let name = name
        .strip_prefix("must")
        .filter(|rest| rest.starts_with(char::is_uppercase))
        .map_or_else(|| name.to_owned(), |rest| rest[..1].to_lowercase() + &rest[1..]);
    let call = Call { arguments };
    let value = call
        .logic(&name)
        .or_else(|| call.texts(&name))
        .or_else(|| call.numbers(&name))
        .or_else(|| call.collections(&name))
        .or_else(|| call.surroundings(&name));
    value.map(Ok)
}

struct Call<'a> {
    arguments: &'a [Value],
}

impl Call<'_> {
    fn value(&self, index: usize) -> Value {
        self.arguments.get(index).cloned().unwrap_or_else(Value::null)
    }

    fn text(&self, index: usize) -> String {
        self.arguments.get(index).map(Value::text).unwrap_or_default()
    }

    fn integer(&self, index: usize) -> i64 {
        self.arguments.get(index).map_or(0, Value::integer)
    }

    fn last(&self) -> Value {
        self.arguments.last().cloned().unwrap_or_else(Value::null)
    }

    /// The last argument's text changed, its place kept.
    fn of_last(&self, change: impl Fn(&str) -> String) -> Value {
        let last = self.last();
        Value::from(change(&last.text())).at(last.at)
    }

    fn logic(&self, name: &str) -> Option<Value> {
        let compared = || compare(&self.value(0), &self.value(1));
        Some(match name {
            "default" => {
                let given = self.value(1);
                if given.is_true() { given } else { self.value(0) }
            }
            "and" => self.arguments.iter().find(|value| !value.is_true()).cloned().unwrap_or_else(|| self.last()),
            "or" | "coalesce" => {
                self.arguments.iter().find(|value| value.is_true()).cloned().unwrap_or_else(|| self.last())
            }
            "not" => (!self.value(0).is_true()).into(),
            "empty" => (!self.value(0).is_true()).into(),
            "ternary" => {
                if self.value(2).is_true() {
                    self.value(0)
                } else {
                    self.value(1)
                }
            }
            "eq" => self.arguments.iter().skip(1).any(|other| other.is_equal(&self.value(0))).into(),
            "ne" => (!self.value(0).is_equal(&self.value(1))).into(),
            "lt" => (compared() == Ordering::Less).into(),
            "le" => (compared() != Ordering::Greater).into(),
            "gt" => (compared() == Ordering::Greater).into(),
            "ge" => (compared() != Ordering::Less).into(),
            "any" => self.arguments.iter().any(Value::is_true).into(),
            "all" => self.arguments.iter().all(Value::is_true).into(),
            "kindIs" | "typeIs" => is_kind(&self.text(0), &self.value(1)).into(),
            "kindOf" | "typeOf" => self.value(0).kind().into(),
            _ => return None,
        })
    }

    fn texts(&self, name: &str) -> Option<Value> {
        Some(match name {
            "quote" => self.of_last(|text| serde_json::Value::from(text).to_string()),
            "squote" => self.of_last(|text| format!("'{}'", text.replace('\'', "''"))),
            "toString" => self.of_last(str::to_owned),
            "toYaml" | "toYamlPretty" => self.value(0).yaml().into(),
            // JSON is YAML, and in its flow form YAML can stand wherever JSON can.
            "toJson" | "toRawJson" | "toPrettyJson" => json(&self.value(0), 0).to_string().into(),
            "fromYaml" | "fromJson" | "fromYamlArray" | "fromJsonArray" => {
                let tree = yaml::parse("", &self.text(0));
                tree.documents.first().map_or_else(|| Value::map([]), |document| Value::of(document, None))
            }
            "indent" => indent(&self.text(1), self.integer(0)).into(),
            "nindent" => format!("\n{}", indent(&self.text(1), self.integer(0))).into(),
            "trim" => self.of_last(|text| text.trim().to_owned()),
            "trimAll" => self.of_last(|text| text.trim_matches(|char| self.text(0).contains(char)).to_owned()),
            "trimPrefix" => self.of_last(|text| text.strip_prefix(self.text(0).as_str()).unwrap_or(text).to_owned()),
            "trimSuffix" => self.of_last(|text| text.strip_suffix(self.text(0).as_str()).unwrap_or(text).to_owned()),
            "trunc" => self.of_last(|text| truncated(text, self.integer(0))),
            "lower" => self.of_last(str::to_lowercase),
            "upper" => self.of_last(str::to_uppercase),
            "title" | "untitle" | "nospace" | "snakecase" | "camelcase" => self.of_last(str::to_owned),
            "kebabcase" => self.of_last(|text| text.to_lowercase().replace(['_', ' '], "-")),
            "replace" => self.of_last(|text| text.replace(&self.text(0), &self.text(1))),
            "repeat" => self.of_last(|text| text.repeat((self.integer(0).max(0) as usize).min(MOST))),
            "contains" => self.text(1).contains(&self.text(0)).into(),
            "hasPrefix" => self.text(1).starts_with(&self.text(0)).into(),
            "hasSuffix" => self.text(1).ends_with(&self.text(0)).into(),
            "printf" => printf(&self.text(0), self.arguments.get(1..).unwrap_or_default()).into(),
            "print" => self.arguments.iter().map(Value::text).collect::<String>().into(),
            "println" | "cat" => self.arguments.iter().map(Value::text).collect::<Vec<_>>().join(" ").into(),
            "substr" => {
                let (start, end) = (self.integer(0).max(0) as usize, self.integer(1));
                let end = if end < 0 { usize::MAX } else { end as usize };
                self.of_last(|text| text.chars().skip(start).take(end.saturating_sub(start)).collect())
            }
            "regexMatch" => regex(&self.text(0)).is_some_and(|regex| regex.is_match(&self.text(1))).into(),
            "regexFind" => {
                let (regex, text) = (regex(&self.text(0)), self.text(1));
                regex.and_then(|regex| regex.find(&text)).map_or("", |found| found.as_str()).into()
            }
            "regexReplaceAll" | "regexReplaceAllLiteral" => {
                let text = self.text(1);
                let replaced = regex(&self.text(0)).map(|regex| regex.replace_all(&text, self.text(2)).into_owned());
                replaced.unwrap_or(text).into()
            }
            "regexQuoteMeta" => self.of_last(regex::escape),
            "join" => {
                let items: Vec<String> = self.value(1).items().iter().map(Value::text).collect();
                items.join(&self.text(0)).into()
            }
            "splitList" | "split" => {
                let separator = self.text(0);
                let text = self.text(1);
                let parts = text.split(separator.as_str()).map(Value::from);
                match name {
                    "split" => Value::map(parts.enumerate().map(|(index, part)| (Rc::from(format!("_{index}")), part))),
                    _ => parts.collect::<Vec<_>>().into(),
                }
            }
            // Their results are nobody's number of instances.
            "b64enc" | "b64dec" | "sha1sum" | "sha256sum" | "adler32sum" | "urlquery" | "toToml" => {
                self.of_last(|_| "x".into())
            }
            "semverCompare" => satisfies(&self.text(0), &self.text(1)).into(),
            _ => return None,
        })
    }

    fn numbers(&self, name: &str) -> Option<Value> {
        let all = || self.arguments.iter().map(Value::integer);
        let (one, other) = (self.integer(0), self.integer(1));
        Some(match name {
            "int" | "int64" | "atoi" | "toDecimal" => Value::from(one).at(self.value(0).at),
            "float64" => Value::from(Data::Float(self.text(0).parse().unwrap_or(0.0))).at(self.value(0).at),
            "add" => all().fold(0i64, i64::wrapping_add).into(),
            "add1" => one.wrapping_add(1).into(),
            "sub" => one.wrapping_sub(other).into(),
            "mul" => all().fold(1i64, i64::wrapping_mul).into(),
            "div" => one.checked_div(other).unwrap_or(0).into(),
            "mod" => one.checked_rem(other).unwrap_or(0).into(),
            "max" | "biggest" => all().max().unwrap_or(0).into(),
            "min" => all().min().unwrap_or(0).into(),
            "ceil" | "floor" | "round" => one.into(),
            "len" => match self.value(0).data {
                Data::Text(text) => text.len() as i64,
                Data::List(items) => items.len() as i64,
                Data::Map(fields) => fields.borrow().len() as i64,
                _ => 0,
            }
            .into(),
            "until" => (0..one.clamp(0, MOST as i64)).map(Value::from).collect::<Vec<_>>().into(),
            "untilStep" | "seq" => Vec::new().into(),
            _ => return None,
        })
    }

    fn collections(&self, name: &str) -> Option<Value> {
        let first = self.value(0);
        Some(match name {
            "list" | "tuple" => self.arguments.to_vec().into(),
            "dict" => {
                let pairs = self.arguments.chunks_exact(2);
                Value::map(pairs.filter_map(|pair| Some((pair.first()?.text().into(), pair.last()?.clone()))))
            }
            "get" => first.get(&self.text(1)),
            "hasKey" => first.fields().is_some_and(|fields| fields.borrow().contains_key(self.text(1).as_str())).into(),
            "unset" => {
                first.fields().map(|fields| fields.borrow_mut().remove(self.text(1).as_str()));
                first
            }
            "pick" | "omit" => {
                let names: Vec<String> = self.arguments.iter().skip(1).map(Value::text).collect();
                let fields = first.fields()?.borrow();
                let kept =
                    fields.iter().filter(|(key, _)| names.iter().any(|name| **name == ***key) == (name == "pick"));
                Value::map(kept.map(|(key, value)| (key.clone(), value.clone())))
            }
            "keys" => fields_of(&first).into_iter().map(|(key, _)| Value::from(&*key)).collect::<Vec<_>>().into(),
            "values" => fields_of(&first).into_iter().map(|(_, value)| value).collect::<Vec<_>>().into(),
            "merge" | "mergeOverwrite" => {
                let order: Vec<&Value> = match name {
                    "merge" => self.arguments.iter().rev().collect(),
                    _ => self.arguments.iter().collect(),
                };
                order.into_iter().fold(Value::map([]), |below, above| merged(&below, above, 0))
            }
            "deepCopy" => first,
            "dig" => {
                let (path, rest) = self.arguments.split_at(self.arguments.len().checked_sub(2)?);
                let found = path.iter().fold(self.last(), |value, key| value.get(&key.text()));
                if found.is_null() { rest.first().cloned()? } else { found }
            }
            "concat" => self.arguments.iter().flat_map(|list| list.items().to_vec()).collect::<Vec<_>>().into(),
            "append" | "push" => [first.items(), &[self.value(1)]].concat().into(),
            "prepend" => [&[self.value(1)], first.items()].concat().into(),
            "first" => first.items().first().cloned().unwrap_or_else(Value::null),
            "last" => first.items().last().cloned().unwrap_or_else(Value::null),
            "rest" => first.items().get(1..).unwrap_or_default().to_vec().into(),
            "initial" => first.items().split_last().map_or_else(Vec::new, |(_, rest)| rest.to_vec()).into(),
            "reverse" => first.items().iter().rev().cloned().collect::<Vec<_>>().into(),
            "sortAlpha" => {
                let mut items = first.items().to_vec();
                items.sort_by_key(Value::text);
                items.into()
            }
            "uniq" | "compact" => {
                let mut kept: Vec<Value> = Vec::new();
                for item in first.items().iter().take(MOST) {
                    let is_kept = name == "compact" && item.is_true()
                        || name == "uniq" && !kept.iter().any(|known| known.is_equal(item));
                    kept.extend(is_kept.then(|| item.clone()));
                }
                kept.into()
            }
            "has" => self.value(1).items().iter().any(|item| item.is_equal(&first)).into(),
            "without" => {
                let kept = first.items().iter().filter(|item| !self.arguments[1..].iter().any(|it| it.is_equal(item)));
                kept.cloned().collect::<Vec<_>>().into()
            }
            "index" => self.arguments.iter().skip(1).fold(first, |value, key| match &value.data {
                Data::List(items) => items.get(key.integer().max(0) as usize).cloned().unwrap_or_else(Value::null),
                _ => value.get(&key.text()),
            }),
            "slice" => {
                let (start, end) = (self.integer(1).max(0) as usize, self.integer(2).max(0) as usize);
                let end = if self.arguments.len() > 2 { end } else { usize::MAX };
                first.items().iter().take(end).skip(start).cloned().collect::<Vec<_>>().into()
            }
            _ => return None,
        })
    }

    /// What the cluster or chance would say.
    fn surroundings(&self, name: &str) -> Option<Value> {
        Some(match name {
            "lookup" | "Glob" => Value::map([]),
            // The API groups that every cluster of today has.
            "Has" => {
                let group = self.text(0);
                let known = [
                    "v1",
                    "apps/",
                    "batch/v1",
                    "policy/v1",
                    "autoscaling/v2",
                    "networking.k8s.io/v1",
                    "rbac.authorization.k8s.io/",
                ];
                known.iter().any(|known| group.starts_with(known) && !group.contains("beta")).into()
            }
            "Get" | "GetBytes" | "AsConfig" | "AsSecrets" | "Lines" => "".into(),
            "now" | "date" | "dateInZone" | "htmlDate" | "uuidv4" | "randAlphaNum" | "randAlpha" | "randNumeric"
            | "randAscii" | "randBytes" | "genPrivateKey" | "derivePassword" | "htpasswd" | "getHostByName" => {
                "x".into()
            }
            "genCA" | "genSelfSignedCert" | "genSignedCert" | "genCAWithKey" | "buildCustomCert" => {
                Value::map([("Cert".into(), "x".into()), ("Key".into(), "x".into())])
            }
            _ => return None,
        })
    }
}

fn fields_of(value: &Value) -> Vec<(Rc<str>, Value)> {
    let fields = value.fields().map(|fields| fields.borrow());
    fields.iter().flat_map(|fields| fields.iter()).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The fields of both, those of `above` where both have them.
pub(super) fn merged(below: &Value, above: &Value, depth: u8) -> Value {
    match (&below.data, &above.data) {
        (Data::Map(low), Data::Map(high)) if depth < 20 => {
            let mut fields = low.borrow().clone();
            for (key, value) in high.borrow().iter() {
                let value = fields.get(key).map_or_else(|| value.clone(), |known| merged(known, value, depth + 1));
                fields.insert(key.clone(), value);
            }
            Value::map(fields)
        }
        (_, Data::Null) => below.clone(),
        _ => above.clone(),
    }
}

fn compare(one: &Value, other: &Value) -> Ordering {
    match (&one.data, &other.data) {
        (Data::Text(one), Data::Text(other)) => one.cmp(other),
        _ => one.integer().cmp(&other.integer()),
    }
}

fn is_kind(kind: &str, value: &Value) -> bool {
    match value.kind() {
        "slice" => kind == "slice" || kind.starts_with("[]"),
        "map" => kind.starts_with("map"),
        "int64" => kind.starts_with("int") || kind == "float64",
        known => known == kind,
    }
}

fn json(value: &Value, depth: u8) -> serde_json::Value {
    match &value.data {
        Data::Bool(value) => (*value).into(),
        Data::Integer(value) => (*value).into(),
        Data::Float(value) => (*value).into(),
        Data::Text(text) => (&**text).into(),
        Data::List(items) if depth < 40 => items.iter().map(|item| json(item, depth + 1)).collect::<Vec<_>>().into(),
        Data::Map(fields) if depth < 40 => {
            let fields = fields.borrow();
            let fields = fields.iter().map(|(key, value)| (key.to_string(), json(value, depth + 1)));
            serde_json::Value::Object(fields.collect())
        }
        _ => serde_json::Value::Null,
    }
}

/// An expression that is none, or too large a one, matches nothing.
fn regex(pattern: &str) -> Option<regex::Regex> {
    regex::RegexBuilder::new(pattern).size_limit(200_000).build().ok()
}

fn indent(text: &str, width: i64) -> String {
    let indent = " ".repeat(width.clamp(0, 200) as usize);
    text.split('\n').map(|line| format!("{indent}{line}")).collect::<Vec<_>>().join("\n")
}

/// The first so many characters, or the last for a number below zero.
fn truncated(text: &str, length: i64) -> String {
    let count = length.unsigned_abs() as usize;
    match length < 0 {
        true => text.chars().skip(text.chars().count().saturating_sub(count)).collect(),
        false => text.chars().take(count).collect(),
    }
}

/// `%s`, `%d`, `%v`, `%q`, `%t` and `%f`, whatever their width.
fn printf(format: &str, arguments: &[Value]) -> String {
    let mut arguments = arguments.iter();
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    while let Some(char) = chars.next() {
        if char != '%' {
            out.push(char);
            continue;
        }
        while chars.next_if(|char| char.is_ascii_digit() || matches!(char, '.' | '-' | '+' | '#')).is_some() {}
        match chars.next() {
            Some('%') => out.push('%'),
            Some('q') => {
                out += &serde_json::Value::from(arguments.next().map(Value::text).unwrap_or_default()).to_string()
            }
            Some(_) => out += &arguments.next().map(Value::text).unwrap_or_default(),
            None => {}
        }
    }
    out
}

/// Is the version what the constraint asks for? `>=1.19-0`, `^1.2`, several parted by commas or blanks, `||` between alternatives.
fn satisfies(constraint: &str, version: &str) -> bool {
    let version = numbers(version);
    let holds = |part: &str| {
        let digits = part.find(|char: char| char.is_ascii_digit()).unwrap_or(part.len());
        let (operator, wanted) = (part[..digits].trim().trim_end_matches('v'), numbers(&part[digits..]));
        match operator {
            ">=" | "=>" => version >= wanted,
            ">" => version > wanted,
            "<" => version < wanted,
            "<=" | "=<" => version <= wanted,
            "!=" => version != wanted,
            "^" => version >= wanted && version[0] == wanted[0],
            "~" => version >= wanted && version[..2] == wanted[..2],
            _ => version == wanted,
        }
    };
    constraint.split("||").any(|all| {
        let mut parts: Vec<String> = Vec::new();
        for word in all.split([',', ' ']).filter(|word| !word.is_empty()) {
            // `>= 1.2` is one constraint.
            match parts.last_mut().filter(|last| !last.contains(|char: char| char.is_ascii_digit())) {
                Some(last) => last.push_str(word),
                None => parts.push(word.to_owned()),
            }
        }
        parts.iter().all(|part| holds(part))
    })
}

fn numbers(version: &str) -> [u32; 3] {
    let mut parts = version.trim_start_matches('v').split(['-', '+']).next().unwrap_or_default().split('.');
    let mut next = || parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
    [next(), next(), next()]
}
