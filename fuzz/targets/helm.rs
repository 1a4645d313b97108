#![no_main]
//! A template of a chart; below a line `---values`, if there is one, the values of the chart.

use scaleproof::source::deploy;

scaleproof_fuzz::libfuzzer_sys::fuzz_target!(|input: &str| {
    let (text, values) = input.split_once("\n---values\n").unwrap_or((input, "a: {b: [1, x]}\n"));
    let beside = |path: &str| match path {
        "chart/Chart.yaml" => Some("name: chart\n".to_owned()),
        "chart/values.yaml" => Some(values.to_owned()),
        "chart/templates/_helpers.tpl" => Some(text.to_owned()),
        _ => None,
    };
    deploy::read("chart/templates/web.yaml", &format!("{{{{/* */}}}}\n{text}"), &beside);
});
