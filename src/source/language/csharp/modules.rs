//! `using`.

use std::borrow::Cow;

use tree_sitter::Node as Syntax;

use super::super::lowering::Lowering;
use super::super::tree::{Form, Import, Imported};
use super::Lower;

impl<'t> Lower<'t> {
    /// `using A.B;` makes every name of a namespace visible, `using X = A.B.C;` gives one of them another name.
    pub(super) fn using(&mut self, node: Syntax<'t>) -> Form<'t> {
        let alias = self.child(node, self.fields.name);
        let Some(named) = self.children(node).pop().filter(|named| Some(*named) != alias) else {
            return Form::Other(Vec::new());
        };
        let module = Cow::Borrowed(self.slice(named));
        let names = alias.map(|alias| (Imported::Prefix(self.bare(named)), self.slice(alias)));
        Form::Import(Box::new(Import { module, names: names.into_iter().collect(), type_only: false }))
    }
}
