#![no_main]
//! Manifests and kustomizations; a patch that one names is the file itself.

use scaleproof::source::deploy;

scaleproof_fuzz::libfuzzer_sys::fuzz_target!(|text: &str| {
    let beside = |_: &str| Some(text.to_owned());
    deploy::read("k8s/web.yaml", text, &beside);
    deploy::read("k8s/kustomization.yaml", text, &beside);
});
