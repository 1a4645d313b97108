//! The scalars of a tree as settings.

use super::{Content, Node};
use crate::model::fact::{Setting, Value};

/// More settings than this are data.
const MAX_SETTINGS: usize = 20_000;

/// Every scalar below `node`, each under the keys that lead to it, joined by dots after `prefix`. `value` is told the text of a
/// scalar and whether it is plain.
pub fn flat(prefix: &str, node: &Node, value: &dyn Fn(&str, bool) -> Value) -> Vec<Setting> {
    let mut settings = Vec::new();
    node.leaves(prefix, node.span, &mut |leaf| {
        if let Content::Scalar { text, plain } = &leaf.node.content {
            let value = value(text, *plain);
            settings.push(Setting { key: leaf.key.into(), value, function: None, span: leaf.span });
        }
        settings.len() < MAX_SETTINGS
    });
    settings
}
