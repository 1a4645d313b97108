//! Python by tree-sitter.

mod functions;
mod modules;
mod names;

use std::borrow::Cow;
use std::sync::LazyLock;

use tree_sitter::Node as Syntax;

use super::grammar::{self, Grammar, fields, kinds};
use super::lines::Lines;
use super::lowering::{Lowering, Walk, walk_within};
use super::tree::{Assign, Call, Declare, Form, Node, Pattern, Place, SPREAD};
use super::{Adapter, Extracted};
use crate::model::fact::{Language, Shape};

pub(super) const ADAPTER: Adapter = Adapter {
    language: Language::Python,
    extensions: &["py", "pyw"],
    extract,
    module_candidates: modules::module_candidates,
};

kinds! {
    Module = "module" | "block" | "expression_statement",
    Assignment = "assignment",
    Augmented = "augmented_assignment",
    Call = "call",
    Attribute = "attribute",
    Subscript = "subscript",
    Identifier = "identifier",
    String = "string",
    Concatenated = "concatenated_string",
    Number = "integer" | "float",
    True = "true",
    False = "false",
    None = "none",
    List = "list" | "tuple" | "expression_list",
    Set = "set",
    Dictionary = "dictionary",
    ListComprehension = "list_comprehension" | "generator_expression",
    SetComprehension = "set_comprehension",
    DictionaryComprehension = "dictionary_comprehension",
    ForIn = "for_in_clause",
    Lambda = "lambda",
    Function = "function_definition",
    Class = "class_definition",
    Decorated = "decorated_definition",
    Decorator = "decorator",
    Import = "import_statement",
    ImportFrom = "import_from_statement",
    AliasedImport = "aliased_import",
    DottedName = "dotted_name",
    Outer = "global_statement" | "nonlocal_statement",
    Delete = "delete_statement",
    For = "for_statement",
    If = "if_statement",
    AsPattern = "as_pattern",
    AsTarget = "as_pattern_target",
    WithItem = "with_item",
    Boolean = "boolean_operator",
    Conditional = "conditional_expression",
    Unary = "unary_operator",
    Binary = "binary_operator",
    Named = "named_expression",
    Through = "parenthesized_expression" | "await",
    Keyword = "keyword_argument",
    ListSplat = "list_splat" | "dictionary_splat",
    SplatPattern = "list_splat_pattern" | "dictionary_splat_pattern",
    Pair = "pair",
    TypedParameter = "typed_parameter",
    DefaultParameter = "default_parameter" | "typed_default_parameter",
    PatternList = "pattern_list" | "tuple_pattern" | "list_pattern",
    Interpolation = "interpolation",
    Content = "string_content",
    Skipped = "comment" | "type" | "type_parameter" | "line_continuation",
}

fields! {
    alias, alternative, argument, arguments, attribute, body, condition, definition, function, key, left, module_name,
    name, object, operator, parameters, right, subscript, superclasses, r#type, value
}

static GRAMMAR: LazyLock<(Grammar<Kind>, Fields)> = LazyLock::new(|| {
    let grammar = Grammar::new(tree_sitter_python::LANGUAGE, kind);
    let fields = Fields::of(&grammar);
    (grammar, fields)
});

fn extract(path: &str, text: &str) -> Extracted {
    let lines = Lines::new(text);
    let (grammar, fields) = &*GRAMMAR;
    let syntax = match grammar::syntax(&grammar.language, path, text, &lines) {
        Ok(syntax) => syntax,
        Err(problem) => return Extracted::failed(path, Language::Python, problem),
    };
    let mut lower = Lower { walk: Walk::new(grammar, text), fields, in_class: false, type_only: false };
    let tree = lower.node(syntax.root_node());
    lower.walk.facts(&tree, &syntax, &names::DIALECT, path, &lines)
}

struct Lower<'t> {
    walk: Walk<'t, Kind>,
    fields: &'static Fields,
    /// The statement stands directly in a class body.
    in_class: bool,
    /// Within `if TYPE_CHECKING:`.
    type_only: bool,
}

impl<'t> Lowering<'t> for Lower<'t> {
    walk_within!('t);

    fn form(&mut self, node: Syntax<'t>) -> Form<'t> {
        match self.kind(node) {
            Kind::Identifier => Form::Name(self.slice(node)),
            Kind::Attribute => self.attribute(node),
            Kind::Call => self.call(node),
            Kind::String | Kind::Concatenated => self.string(node),
            Kind::Number => grammar::number(self.slice(node)).map_or(Form::Other(Vec::new()), Form::Number),
            Kind::True => Form::Bool(true),
            Kind::False => Form::Bool(false),
            Kind::None => Form::Null,
            Kind::Assignment => self.assignment(node),
            Kind::Augmented => self.augmented(node),
            Kind::Subscript => self.subscript(node),
            Kind::List => Form::List(self.nodes(node)),
            Kind::Set => Form::Made(Shape::Set, self.nodes(node)),
            Kind::Dictionary => self.dictionary(node),
            Kind::ListComprehension => self.comprehension(node, Shape::List),
            Kind::SetComprehension => self.comprehension(node, Shape::Set),
            Kind::DictionaryComprehension => self.comprehension(node, Shape::Map),
            Kind::Lambda => self.lambda(node),
            Kind::Function => self.function(node, &[]),
            Kind::Class => self.class(node),
            Kind::Decorated => self.decorated(node),
            Kind::Import => self.import(node),
            Kind::ImportFrom => self.import_from(node),
            Kind::Outer => Form::Outer(self.children(node).into_iter().map(|name| self.slice(name)).collect()),
            Kind::Delete => self.delete(node),
            Kind::For => self.for_loop(node),
            Kind::If => self.condition(node),
            Kind::AsPattern => self.as_pattern(node),
            Kind::WithItem => self.with_item(node),
            Kind::Boolean => self.boolean(node),
            Kind::Conditional => self.conditional(node),
            Kind::Unary => self.unary(node),
            Kind::Binary => self.binary(node),
            Kind::Named => self.named(node),
            Kind::Through | Kind::ListSplat | Kind::Interpolation => self.through(node),
            _ => Form::Other(self.nodes(node)),
        }
    }
}

impl<'t> Lower<'t> {
    fn through(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut inner = self.nodes(node);
        match inner.len() {
            1 => inner.pop().map_or(Form::Null, |inner| Form::Through(Box::new(inner))),
            _ => Form::Other(inner),
        }
    }

    fn attribute(&mut self, node: Syntax<'t>) -> Form<'t> {
        Form::Member(self.boxed(node, self.fields.object), self.name(node, self.fields.attribute))
    }

    fn subscript(&mut self, node: Syntax<'t>) -> Form<'t> {
        Form::Index(self.boxed(node, self.fields.value), self.boxed(node, self.fields.subscript))
    }

    fn call(&mut self, node: Syntax<'t>) -> Form<'t> {
        let callee = self.required(node, self.fields.function);
        let Some(list) = node.child_by_field_id(self.fields.arguments) else { return Form::call(callee, Vec::new()) };
        if self.kind(list) != Kind::Unlisted {
            let generator = self.node(list);
            return Form::call(callee, vec![(None, generator)]);
        }
        let mut arguments = Vec::new();
        for child in self.children(list) {
            match self.kind(child) {
                Kind::Keyword => {
                    let name = child.child_by_field_id(self.fields.name).map(|name| self.slice(name));
                    arguments.push((name, self.required(child, self.fields.value)));
                }
                Kind::ListSplat => arguments.push((Some(SPREAD), self.node(child))),
                _ => arguments.push((None, self.node(child))),
            }
        }
        match callee.form {
            // `"{}.db".format(name)` puts a text together.
            Form::Member(text, "format") if is_text(&text) => {
                let arguments = arguments.into_iter().map(|(_, argument)| argument);
                Form::Joined(std::iter::once(*text).chain(arguments).collect())
            }
            form => {
                let callee = Node { form, ..callee };
                Form::Call(Box::new(Call { callee, arguments }))
            }
        }
    }

    fn string(&mut self, node: Syntax<'t>) -> Form<'t> {
        let raw = self.slice(node);
        let children = self.children(node);
        let is_computed = |child: &Syntax<'t>| self.kind(*child) == Kind::Interpolation;
        if self.kind(node) == Kind::Concatenated || children.iter().any(is_computed) {
            let parts = children.into_iter().filter(|child| self.kind(*child) != Kind::Unlisted);
            let parts: Vec<_> = parts.collect();
            return put_together(parts.into_iter().map(|part| self.part(part)).collect());
        }
        let contents: Vec<_> = children.into_iter().filter(|child| self.kind(*child) == Kind::Content).collect();
        let verbatim = raw.split(['"', '\'']).next().is_some_and(|prefix| prefix.contains(['r', 'R']));
        match &contents[..] {
            [] => Form::Text(Cow::Borrowed("")),
            [content] if verbatim => Form::Text(Cow::Borrowed(self.slice(*content))),
            [content] => Form::Text(grammar::unescaped(self.slice(*content))),
            _ => Form::Text(Cow::Owned(contents.iter().map(|part| grammar::unescaped(self.slice(*part))).collect())),
        }
    }

    /// A piece of a text.
    fn part(&mut self, node: Syntax<'t>) -> Node<'t> {
        match self.kind(node) {
            Kind::Content => {
                let text = grammar::unescaped(self.slice(node));
                Node::new(node.start_byte() as u32, node.end_byte() as u32, Form::Text(text))
            }
            _ => self.node(node),
        }
    }

    fn assignment(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Some(left) = node.child_by_field_id(self.fields.left) else { return Form::Other(self.nodes(node)) };
        let value = self.field(node, self.fields.right);
        let annotation = node.child_by_field_id(self.fields.r#type).and_then(|kind| self.type_name(kind));
        // `x.y = value` and `x[k] = value` change what is there; everything else declares.
        if matches!(self.kind(left), Kind::Attribute | Kind::Subscript)
            && let Some(value) = value
        {
            let target = self.node(left);
            return Form::Assign(Box::new(Assign { target, value: Some(value), update: false }));
        }
        let pattern = self.pattern(left);
        Form::Declare(Box::new(Declare { annotation, ..Declare::new(pattern, value, Place::Function) }))
    }

    fn augmented(&mut self, node: Syntax<'t>) -> Form<'t> {
        let target = self.required(node, self.fields.left);
        let value = self.field(node, self.fields.right);
        Form::Assign(Box::new(Assign { target, value, update: true }))
    }

    fn named(&mut self, node: Syntax<'t>) -> Form<'t> {
        let pattern = node.child_by_field_id(self.fields.name).map_or(Pattern::Ignored, |name| self.pattern(name));
        let value = self.field(node, self.fields.value);
        let declare = Declare::new(pattern, value, Place::Function);
        Form::Declare(Box::new(declare))
    }

    fn as_pattern(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut children = self.children(node).into_iter();
        let value = children.next().map(|value| self.node(value));
        let alias = node.child_by_field_id(self.fields.alias);
        let target = alias.and_then(|alias| self.children(alias).first().copied()).or(alias);
        let pattern = target.map_or(Pattern::Ignored, |target| self.pattern(target));
        let declare = Declare::new(pattern, value, Place::Function);
        Form::Declare(Box::new(declare))
    }

    /// `with lock:` enters the object; where a call makes it, the call is what counts.
    fn with_item(&mut self, node: Syntax<'t>) -> Form<'t> {
        let value = self.required(node, self.fields.value);
        match value.form {
            Form::Name(_) | Form::Member(..) => {
                let (start, end) = (value.start, value.end);
                Form::call(Node::new(start, end, Form::Member(Box::new(value), ENTER)), Vec::new())
            }
            _ => Form::Through(Box::new(value)),
        }
    }

    fn pattern(&mut self, node: Syntax<'t>) -> Pattern<'t> {
        let (start, end) = (node.start_byte() as u32, node.end_byte() as u32);
        match self.kind(node) {
            Kind::Identifier => Pattern::Name(self.slice(node), start, end),
            Kind::PatternList | Kind::List => {
                Pattern::Elements(self.children(node).into_iter().map(|child| self.shallow(child)).collect())
            }
            Kind::SplatPattern | Kind::ListSplat | Kind::Through | Kind::AsTarget => {
                match self.children(node).first().copied() {
                    Some(inner) => self.shallow(inner),
                    None => Pattern::Ignored,
                }
            }
            _ => Pattern::Target(Box::new(self.node(node))),
        }
    }

    /// A pattern within a pattern; too deep ones are ignored.
    fn shallow(&mut self, node: Syntax<'t>) -> Pattern<'t> {
        self.deeper(node, |lower| lower.pattern(node)).unwrap_or(Pattern::Ignored)
    }

    fn dictionary(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut entries = Vec::new();
        for child in self.children(node) {
            if self.kind(child) != Kind::Pair {
                entries.push((Cow::Borrowed(SPREAD), self.node(child)));
                continue;
            }
            let key = self.required(child, self.fields.key);
            let value = self.required(child, self.fields.value);
            match key.form {
                Form::Text(text) => entries.push((text, value)),
                Form::Name(_) | Form::Number(_) | Form::Bool(_) | Form::Null => {
                    entries.push((Cow::Borrowed(&self.walk.text[key.start as usize..key.end as usize]), value));
                }
                _ => entries.push((Cow::Borrowed(""), Node::new(key.start, value.end, Form::Other(vec![key, value])))),
            }
        }
        Form::Map(entries)
    }

    fn comprehension(&mut self, node: Syntax<'t>, shape: Shape) -> Form<'t> {
        // The clauses declare what the body speaks of.
        let mut children = self.children(node);
        children.sort_by_key(|child| self.kind(*child) != Kind::ForIn);
        let mut body = Vec::new();
        for child in children {
            if self.kind(child) != Kind::ForIn {
                body.push(self.node(child));
                continue;
            }
            body.push(self.each(child));
        }
        let (start, end) = (node.start_byte() as u32, node.end_byte() as u32);
        Form::Made(shape, vec![Node::new(start, end, Form::block(body))])
    }

    fn each(&mut self, node: Syntax<'t>) -> Node<'t> {
        let pattern = node.child_by_field_id(self.fields.left).map_or(Pattern::Ignored, |left| self.pattern(left));
        let iterable = self.required(node, self.fields.right);
        let (start, end) = (node.start_byte() as u32, iterable.end);
        Node::new(start, end, Form::Each(Box::new((pattern, iterable))))
    }

    fn for_loop(&mut self, node: Syntax<'t>) -> Form<'t> {
        let mut parts = vec![self.each(node)];
        parts.extend(self.field(node, self.fields.body));
        parts.extend(self.field(node, self.fields.alternative));
        Form::Other(parts)
    }

    fn condition(&mut self, node: Syntax<'t>) -> Form<'t> {
        if !matches!(self.name(node, self.fields.condition), "TYPE_CHECKING" | "typing.TYPE_CHECKING") {
            return Form::Other(self.nodes(node));
        }
        let outer = std::mem::replace(&mut self.type_only, true);
        let parts = self.nodes(node);
        self.type_only = outer;
        Form::Other(parts)
    }

    fn delete(&mut self, node: Syntax<'t>) -> Form<'t> {
        let targets = self.children(node).into_iter().flat_map(|child| match self.kind(child) {
            Kind::List => self.children(child),
            _ => vec![child],
        });
        let targets: Vec<_> = targets.collect();
        let deletes = targets.into_iter().map(|target| {
            let target = self.node(target);
            Node::new(target.start, target.end, Form::Delete(Box::new(target)))
        });
        Form::Other(deletes.collect())
    }

    fn boolean(&mut self, node: Syntax<'t>) -> Form<'t> {
        let is_or = node.child_by_field_id(self.fields.operator).is_some_and(|operator| operator.kind() == "or");
        let parts = [self.required(node, self.fields.left), self.required(node, self.fields.right)];
        if is_or { Form::Either(Box::new(parts)) } else { Form::Other(parts.into()) }
    }

    fn conditional(&mut self, node: Syntax<'t>) -> Form<'t> {
        match <[Node<'t>; 3]>::try_from(self.nodes(node)) {
            Ok([then, condition, other]) => Form::Choice(Box::new([condition, then, other])),
            Err(parts) => Form::Other(parts),
        }
    }

    fn unary(&mut self, node: Syntax<'t>) -> Form<'t> {
        let inner = self.required(node, self.fields.argument);
        match inner.form {
            Form::Number(number) if self.slice(node).starts_with('-') => Form::Number(-number),
            _ => Form::Other(vec![inner]),
        }
    }

    fn binary(&mut self, node: Syntax<'t>) -> Form<'t> {
        let Fields { left, right, .. } = *self.fields;
        let operator = node.child_by_field_id(self.fields.operator).map_or("", |operator| operator.kind());
        match self.chain(node, left, right, |lower, link| lower.kind(link) == Kind::Binary) {
            Form::Other(parts) if matches!(operator, "+" | "%") && parts.iter().any(is_text) => put_together(parts),
            form => form,
        }
    }
}

/// What `with` calls on an object.
const ENTER: &str = "__enter__";

fn is_text(node: &Node<'_>) -> bool {
    matches!(node.form, Form::Text(_) | Form::Joined(_))
}

/// One text where all of its pieces are known.
fn put_together(parts: Vec<Node<'_>>) -> Form<'_> {
    let mut known = String::new();
    for part in &parts {
        match &part.form {
            Form::Text(text) => known.push_str(text),
            _ => return Form::Joined(parts),
        }
    }
    Form::Text(Cow::Owned(known))
}
