//! Items: functions, types, statics, imports, modules.

use std::borrow::Cow;

use proc_macro2::TokenStream;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, FnArg, ImplItem, Item, Meta, Signature, Token, TraitItem, Type, Visibility};

use super::super::tree::{Class, Declare, Form, Function, Import, Imported, Node, Parameter, Pattern, Place};
use super::Lower;
use super::types;

/// Attributes of the language and its tools: they say nothing about what the program does.
const PLAIN_ATTRIBUTES: &[&str] = &[
    "allow",
    "automatically_derived",
    "cfg",
    "cfg_attr",
    "clap",
    "cold",
    "command",
    "arg",
    "default",
    "deny",
    "deprecated",
    "derive",
    "doc",
    "error",
    "expect",
    "forbid",
    "from",
    "inline",
    "instrument",
    "macro_export",
    "macro_use",
    "must_use",
    "non_exhaustive",
    "path",
    "repr",
    "rustfmt",
    "serde",
    "source",
    "track_caller",
    "warn",
];

impl<'t> Lower<'t> {
    pub(super) fn items(&mut self, items: &[Item]) -> Vec<Node<'t>> {
        items.iter().flat_map(|item| self.item(item)).collect()
    }

    pub(super) fn item(&mut self, item: &Item) -> Vec<Node<'t>> {
        match item {
            Item::Fn(function) if is_test(&function.attrs) => Vec::new(),
            Item::Fn(function) => {
                let exported = is_public(&function.vis);
                vec![self.function(&function.attrs, &function.sig, &function.block, exported, false)]
            }
            Item::Impl(block) => self.implementation(block).into_iter().collect(),
            Item::Struct(item) => vec![self.structure(item)],
            Item::Enum(item) => {
                let (start, end) = self.between(item.enum_token.span, item.brace_token.span.close());
                vec![Node::new(start, end, Form::Class(Box::new(Class::new(self.word(&item.ident)))))]
            }
            Item::Trait(item) => vec![self.interface(item)],
            Item::Type(alias) => vec![self.type_alias(alias)],
            Item::Static(item) => {
                let is_mutable = matches!(item.mutability, syn::StaticMutability::Mut(_));
                let (start, end) = self.between(item.static_token.span, item.semi_token.span);
                let form = self.static_item(&item.ident, &item.ty, &item.expr, is_mutable, is_public(&item.vis));
                vec![Node::new(start, end, form)]
            }
            Item::Const(item) => {
                let (start, end) = self.between(item.const_token.span, item.semi_token.span);
                let value = Some(self.expression(&item.expr));
                let (from, to) = self.range(item.ident.span());
                let pattern = Pattern::Name(self.word(&item.ident), from, to);
                let (place, exported) = (Place::Block, is_public(&item.vis));
                let declare = Declare { constant: true, exported, ..Declare::new(pattern, value, place) };
                vec![Node::new(start, end, Form::Declare(Box::new(declare)))]
            }
            Item::Use(item) => {
                let mut found = Vec::new();
                self.use_tree(&item.tree, &mut Vec::new(), &mut found);
                let (start, end) = self.between(item.use_token.span, item.semi_token.span);
                found.into_iter().map(|import| Node::new(start, end, Form::Import(Box::new(import)))).collect()
            }
            Item::Mod(module) if is_test(&module.attrs) => Vec::new(),
            Item::Mod(module) => self.module(module),
            Item::Macro(item) => vec![self.macro_call(&item.mac)],
            _ => Vec::new(),
        }
    }

    fn module(&mut self, module: &syn::ItemMod) -> Vec<Node<'t>> {
        let (start, end) = self.between(module.mod_token.span, module.ident.span());
        match &module.content {
            Some((_, items)) => {
                let body = self.items(items);
                vec![Node::new(start, end, Form::block(body))]
            }
            None => {
                let name = self.word(&module.ident);
                let module = Cow::Owned(format!("self.{name}"));
                let import = Import { module, names: vec![(Imported::Module, name)], type_only: false };
                vec![Node::new(start, end, Form::Import(Box::new(import)))]
            }
        }
    }

    fn static_item(
        &mut self,
        name: &syn::Ident,
        kind: &Type,
        value: &Expr,
        is_mutable: bool,
        exported: bool,
    ) -> Form<'t> {
        let shape = types::shape(kind);
        let can_change = is_mutable || shape.as_ref().is_some_and(|(_, shared)| *shared);
        let value = self.expression(value);
        let (start, end) = self.range(name.span());
        let pattern = Pattern::Name(self.word(name), start, end);
        Form::Declare(Box::new(Declare {
            annotation: self.type_name(kind),
            // A table that nothing can change is no state. Of other types the value tells.
            constant: shape.is_some() && !can_change,
            shape: shape.map(|(shape, _)| shape).filter(|_| can_change),
            exported,
            ..Declare::new(pattern, Some(value), Place::Module)
        }))
    }

    /// `lazy_static! { static ref X: T = value; … }`.
    pub(super) fn lazy_statics(&mut self, tokens: &TokenStream) -> Vec<Node<'t>> {
        let parse = |input: ParseStream<'_>| {
            let mut found = Vec::new();
            while !input.is_empty() {
                Attribute::parse_outer(input)?;
                let public: Visibility = input.parse()?;
                input.parse::<Token![static]>()?;
                input.parse::<Token![ref]>()?;
                let name: syn::Ident = input.parse()?;
                input.parse::<Token![:]>()?;
                let kind: Type = input.parse()?;
                input.parse::<Token![=]>()?;
                let value: Expr = input.parse()?;
                input.parse::<Token![;]>()?;
                found.push((is_public(&public), name, kind, value));
            }
            Ok(found)
        };
        let found = parse.parse2(tokens.clone()).unwrap_or_default();
        let one = |(exported, name, kind, value): (bool, syn::Ident, Type, Expr)| {
            let (start, end) = self.range(name.span());
            Node::new(start, end, self.static_item(&name, &kind, &value, false, exported))
        };
        found.into_iter().map(one).collect()
    }

    // Functions

    fn function(
        &mut self,
        attributes: &[Attribute],
        signature: &Signature,
        block: &syn::Block,
        exported: bool,
        in_class: bool,
    ) -> Node<'t> {
        let mut function = Function::new(self.word(&signature.ident));
        function.exported = exported;
        function.is_static = in_class && signature.receiver().is_none();
        for input in &signature.inputs {
            let FnArg::Typed(typed) = input else { continue };
            let annotation = self.type_name(&typed.ty);
            let shape = types::shared_shape(&typed.ty);
            let pattern = self.pattern(&typed.pat);
            function.parameters.push(Parameter { pattern, annotation, default: None, shape });
        }
        function.body = self.statements(&block.stmts);
        let start = signature.asyncness.as_ref().map_or(signature.fn_token.span, |word| word.span);
        let (start, end) = self.between(start, block.brace_token.span.close());
        self.decorated(attributes, Node::new(start, end, Form::Function(Box::new(function))))
    }

    fn decorated(&mut self, attributes: &[Attribute], inner: Node<'t>) -> Node<'t> {
        let decorators: Vec<_> = attributes.iter().filter_map(|attribute| self.attribute(attribute)).collect();
        if decorators.is_empty() {
            return inner;
        }
        let (start, end) = (inner.start, inner.end);
        Node::new(start, end, Form::Decorated(decorators, Box::new(inner)))
    }

    /// `#[get("/x")]` is a call of `get`, `#[tokio::main]` a mention.
    fn attribute(&mut self, attribute: &Attribute) -> Option<Node<'t>> {
        let first = attribute.path().segments.first()?.ident.to_string();
        if PLAIN_ATTRIBUTES.contains(&first.as_str()) {
            return None;
        }
        let callee = self.path(attribute.path());
        match &attribute.meta {
            Meta::List(list) => {
                let parsed = list.parse_args_with(Punctuated::<Expr, Token![,]>::parse_terminated).unwrap_or_default();
                let mut arguments = Vec::new();
                for argument in &parsed {
                    match argument {
                        Expr::Assign(pair) => match &*pair.left {
                            Expr::Path(name) => {
                                let name = name.path.get_ident().map(|name| self.word(name));
                                arguments.push((name, self.expression(&pair.right)));
                            }
                            _ => arguments.push((None, self.expression(argument))),
                        },
                        _ => arguments.push((None, self.expression(argument))),
                    }
                }
                let (_, end) = self.range(list.delimiter.span().close());
                Some(Node::new(callee.start, end, Form::call(callee, arguments)))
            }
            _ => Some(callee),
        }
    }

    // Types

    fn implementation(&mut self, block: &syn::ItemImpl) -> Option<Node<'t>> {
        if is_test(&block.attrs) {
            return None;
        }
        let (start, end) = self.between(block.impl_token.span, block.brace_token.span.close());
        let name = match &*block.self_ty {
            Type::Path(path) => path.path.segments.last().map_or("", |last| self.word(&last.ident)),
            _ => "",
        };
        let mut class = Class::new(name);
        class.extends_declared = true;
        class.bases.extend(block.trait_.as_ref().map(|(path, _)| self.path(path)));
        let public = block.trait_.is_some();
        for item in &block.items {
            if let ImplItem::Fn(function) = item
                && !is_test(&function.attrs)
            {
                let exported = public || is_public(&function.vis);
                class.body.push(self.function(&function.attrs, &function.sig, &function.block, exported, true));
            }
        }
        let class = Node::new(start, end, Form::Class(Box::new(class)));
        Some(self.decorated(&block.attrs, class))
    }

    fn interface(&mut self, item: &syn::ItemTrait) -> Node<'t> {
        let (start, end) = self.between(item.trait_token.span, item.brace_token.span.close());
        let mut class = Class::new(self.word(&item.ident));
        for item in &item.items {
            if let TraitItem::Fn(function) = item
                && let Some(block) = &function.default
            {
                class.body.push(self.function(&function.attrs, &function.sig, block, true, true));
            }
        }
        Node::new(start, end, Form::Class(Box::new(class)))
    }

    /// A struct is a class whose fields are known by their types.
    fn structure(&mut self, item: &syn::ItemStruct) -> Node<'t> {
        let (start, end) = self.between(item.struct_token.span, item.ident.span());
        let mut class = Class::new(self.word(&item.ident));
        class.exported = is_public(&item.vis);
        for (at, field) in item.fields.iter().enumerate() {
            // Fields of a tuple go by their numbers.
            let name = match &field.ident {
                Some(name) => self.word(name),
                None => ["0", "1", "2", "3"].get(at).copied().unwrap_or_default(),
            };
            let (from, to) = field.ident.as_ref().map_or((start, end), |name| self.range(name.span()));
            class.body.push(self.field(name, from, to, &field.ty));
        }
        Node::new(start, end, Form::Class(Box::new(class)))
    }

    fn field(&mut self, name: &'t str, start: u32, end: u32, kind: &Type) -> Node<'t> {
        let declare = Declare {
            annotation: self.type_name(kind),
            shape: types::field_shape(kind),
            owned: types::shared_shape(kind).is_none(),
            ..Declare::new(Pattern::Name(name, start, end), None, Place::Field { is_static: false })
        };
        Node::new(start, end, Form::Declare(Box::new(declare)))
    }

    /// `type Carts = Arc<Mutex<HashMap<…>>>` is a class that is its only field.
    fn type_alias(&mut self, alias: &syn::ItemType) -> Node<'t> {
        let (start, end) = self.between(alias.type_token.span, alias.semi_token.span);
        let mut class = Class::new(self.word(&alias.ident));
        if types::shared_shape(&alias.ty).is_some() {
            let (from, to) = self.range(alias.ident.span());
            class.body.push(self.field("", from, to, &alias.ty));
        }
        Node::new(start, end, Form::Class(Box::new(class)))
    }
}

fn is_public(visibility: &Visibility) -> bool {
    !matches!(visibility, Visibility::Inherited)
}

/// `#[test]`, `#[tokio::test]`, `#[cfg(test)]`.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if attribute.path().is_ident("cfg") => list.tokens.to_string() == "test",
        _ => attribute.path().segments.last().is_some_and(|last| last.ident == "test"),
    })
}
