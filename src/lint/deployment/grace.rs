//! Services that are killed before their programs have given up what they work on.

use super::fleet::Deployed;
use super::places::{Place, shown};
use crate::model::deployment::Service;
use crate::model::fact::{Language, Setting, Value};
use crate::model::location::Span;
use crate::rules::deployed::Known;
use crate::source::deploy::grace;

/// How long a format waits, once it has told a program to stop, before it kills it.
struct Wait {
    languages: &'static [Language],
    /// How the key ends under which it is stated.
    key: &'static str,
    by_default: u32,
    /// Does 0 mean for ever, and not at once?
    zero_is_endless: bool,
}

/// <https://docs.docker.com/reference/compose-file/services/#stop_grace_period>,
/// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination>,
/// <https://supervisord.org/configuration.html#program-x-section-settings>,
/// <https://www.freedesktop.org/software/systemd/man/latest/systemd-system.conf.html#DefaultTimeoutStartSec=>.
const WAITS: [Wait; 4] = [
    Wait { languages: &[Language::Compose], key: "stop_grace_period", by_default: 10, zero_is_endless: false },
    Wait {
        languages: &[Language::Kubernetes, Language::Helm],
        key: "spec.terminationGracePeriodSeconds",
        by_default: 30,
        zero_is_endless: false,
    },
    Wait { languages: &[Language::Supervisor], key: "stopwaitsecs", by_default: 10, zero_is_endless: false },
    Wait { languages: &[Language::Systemd], key: "Service.TimeoutStopSec", by_default: 90, zero_is_endless: true },
];

/// The place that states one of both times, the earlier one first, and how they compare. `known` tells where both must be known from.
pub(super) fn cut_short(deployed: &Deployed<'_>, known: Known) -> Option<Place> {
    let service = &deployed.service;
    let wait = WAITS.iter().find(|wait| wait.languages.contains(&deployed.language))?;
    let stated = service.settings.iter().find(|setting| {
        setting.key.strip_suffix(wait.key).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    });
    let waits = match stated {
        Some(setting) => seconds(&setting.value).filter(|seconds| *seconds > 0.0 || !wait.zero_is_endless)?,
        None => f64::from(wait.by_default),
    };
    let drains = grace::of(service)?;
    let needs = f64::from(drains.value?);
    if known == Known::Stated && stated.is_none() && drains.by_default {
        return None;
    }
    let before = before_signal(service).unwrap_or_default();
    let left = waits - before;
    let waited = stated.map_or_else(|| "the default".to_owned(), |setting| format!("`{}`", last(&setting.key)));
    let hook = if before > 0.0 { format!(" − {before} s (`preStop`)") } else { String::new() };
    let drained = if drains.by_default { drains.stated_as.to_string() } else { format!("`{}`", drains.stated_as) };
    let span: Span = stated.map_or(drains.span, |setting| setting.span);
    (left < needs).then(|| Place {
        location: deployed.place(span),
        value: format!("{waits} s ({waited}){hook} < {needs} s ({drained})"),
    })
}

fn last(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// What a hook takes away before the signal is sent: `sleep 15`, `sleep: {seconds: 15}`.
fn before_signal(service: &Service) -> Option<f64> {
    let hook = |setting: &'_ Setting| setting.key.split_once(".lifecycle.preStop.").map(|(_, rest)| rest.to_owned());
    let texts = service.settings.iter().filter_map(|setting| Some((hook(setting)?, setting)));
    let mut words = Vec::new();
    for (rest, setting) in texts {
        match rest.as_str() {
            "sleep.seconds" => return seconds(&setting.value),
            rest if rest.starts_with("exec.command") => {
                words.extend(shown(setting).split([' ', ';', '&']).map(str::to_owned).collect::<Vec<_>>());
            }
            _ => {}
        }
    }
    let at = words.iter().position(|word| word.rsplit('/').next() == Some("sleep"))?;
    seconds(&Value::Text(words.get(at + 1)?.as_str().into()))
}

/// `10`, `30s`, `1m30s`, `1min 30s`; `None` for `infinity` and what is no time.
fn seconds(value: &Value) -> Option<f64> {
    let text = match value {
        Value::Number(number) => return (*number >= 0.0).then_some(*number),
        Value::Text(text) if !text.trim().is_empty() => text.trim(),
        _ => return None,
    };
    let mut rest = text;
    let mut sum = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().ok()?;
        let after = rest[digits..].trim_start();
        let unit = after.find(|char: char| !char.is_ascii_alphabetic()).unwrap_or(after.len());
        sum += number
            * match &after[..unit] {
                "" | "s" | "sec" | "second" | "seconds" => 1.0,
                "ms" => 0.001,
                "m" | "min" | "minute" | "minutes" => 60.0,
                "h" | "hr" | "hour" | "hours" => 3600.0,
                _ => return None,
            };
        rest = after[unit..].trim_start();
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_seconds() {
        for (text, expected) in [
            ("10", Some(10.0)),
            ("10s", Some(10.0)),
            ("1m30s", Some(90.0)),
            ("1min 30s", Some(90.0)),
            ("500ms", Some(0.5)),
            ("1h", Some(3600.0)),
            ("infinity", None),
            ("0", Some(0.0)),
            ("${WAIT}", None),
            ("", None),
            ("5d", None),
        ] {
            assert_eq!(seconds(&Value::Text(text.into())), expected, "{text}");
        }
    }

    #[test]
    fn a_hook_takes_its_time_away() {
        let hook = |keys: &[(&str, &str)]| {
            let setting = |(key, text): &(&str, &str)| Setting {
                key: format!("spec.template.spec.containers.0.lifecycle.preStop.{key}").into(),
                value: Value::Text((*text).into()),
                function: None,
                span: Span::default(),
            };
            let settings = keys.iter().map(setting).collect();
            before_signal(&Service { settings, ..Service::named("web", Span::default()) })
        };
        assert_eq!(hook(&[("exec.command.0", "sleep"), ("exec.command.1", "15")]), Some(15.0));
        let shell = [("exec.command.0", "sh"), ("exec.command.1", "-c"), ("exec.command.2", "sleep 5; nginx -s quit")];
        assert_eq!(hook(&shell), Some(5.0));
        assert_eq!(hook(&[("sleep.seconds", "7")]), Some(7.0));
        assert_eq!(hook(&[("httpGet.path", "/drain")]), None);
    }
}
